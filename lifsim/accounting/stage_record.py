"""What one stage of a training run comes to."""

from __future__ import annotations

from lifsim.accounting.books import Cycles, EnergyPj, Operations, SramAccesses
from lifsim.lazy_dataclass import dataclass
from lifsim.schedule.traffic import DramBytes


@dataclass(frozen=True)
class StageRecord:
    """One stage of a layer's training, or of the whole network's."""

    cycles: Cycles
    ops: Operations
    dram_bytes: DramBytes
    sram_accesses: SramAccesses
    energy_pj: EnergyPj
