"""What a run gives back: the inputs as resolved, one balanced record a layer, and their totals."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

from lifsim.config.arch import Arch
from lifsim.config.network import Network
from lifsim.config.sharing import Sharing
from lifsim.hardware.pe_array import ArrayShape, pe_utilisation
from lifsim.schedule.lif_memory import LifMemory
from lifsim.schedule.plan import Plan
from lifsim.simulate.books import (
    Accesses,
    BooksError,
    Cycles,
    DramBytes,
    EnergyPj,
    Operations,
    SramAccesses,
    added,
    as_row,
    as_tree,
)
from lifsim.simulate.counting import occupying_macs
from lifsim.simulate.counts import LayerCounts
from lifsim.simulate.options import Options
from lifsim.simulate.pricing import Area
from lifsim.simulate.spikes import SpikeProvenance
from lifsim.simulate.timing import Timeline

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class LayerRecord:
    """One weight layer with its LIF: counts, and their energy."""

    counts: LayerCounts
    energy_pj: EnergyPj

    def row(self, clock_hz: int) -> dict[str, Any]:
        """One line of layers.csv."""
        counts = self.counts
        return {
            "layer": counts.name,
            **as_row(counts.cycles, "cycles"),
            "time_s": counts.cycles.total / clock_hz,
            "pe_utilisation": counts.pe_utilisation,
            **as_row(counts.ops, "ops"),
            **as_row(counts.dram_bytes, "dram_bytes"),
            **as_row(counts.sram_accesses, "sram_accesses"),
            **as_row(counts.registers, "register_accesses.membrane"),
            **as_row(self.energy_pj, "energy_pj"),
            "tiling": counts.tiling,
        }


@dataclass(frozen=True)
class Totals:
    """A run as a whole. pe_utilisation: share of the running array's PE-cycles that hold a MAC."""

    cycles: Cycles
    time_s: float
    pe_utilisation: float
    ops: Operations
    dram_bytes: DramBytes
    sram_accesses: SramAccesses
    membrane_registers: Accesses
    energy_pj: EnergyPj
    area: Area
    lif_units: int
    lif_memory_bytes: LifMemory

    @classmethod
    def of(
        cls, records: Sequence[LayerRecord], arch: Arch, area: Area, lif_units: int, lif_memory: LifMemory
    ) -> Totals:
        """The sum over `records`, with what is the machine's and the network's."""
        counts = [record.counts for record in records]
        cycles, ops = added([c.cycles for c in counts]), added([c.ops for c in counts])
        shape = ArrayShape(arch.array.rows, arch.array.cols)
        return cls(
            cycles=cycles,
            time_s=cycles.total / arch.clock_hz,
            pe_utilisation=pe_utilisation(occupying_macs(ops, arch), shape, cycles.array + cycles.fill_drain),
            ops=ops,
            dram_bytes=added([c.dram_bytes for c in counts]),
            sram_accesses=added([c.sram_accesses for c in counts]),
            membrane_registers=added([c.registers for c in counts]),
            energy_pj=added([record.energy_pj for record in records]),
            area=area,
            lif_units=lif_units,
            lif_memory_bytes=lif_memory,
        )

    @property
    def area_mm2(self) -> float:
        """The machine without DRAM."""
        return self.area.total

    def tree(self) -> dict[str, Any]:
        """The totals as summary.json holds them."""
        return {
            "cycles": as_tree(self.cycles),
            "time_s": self.time_s,
            "pe_utilisation": self.pe_utilisation,
            "ops": as_tree(self.ops),
            "dram_bytes": as_tree(self.dram_bytes),
            "sram_accesses": as_tree(self.sram_accesses),
            "register_accesses": {"membrane": as_tree(self.membrane_registers)},
            "energy_pj": as_tree(self.energy_pj),
            "area_mm2": self.area_mm2,
            "area_parts_mm2": as_tree(self.area),
            "lif_units": self.lif_units,
            "lif_memory_bytes": as_tree(self.lif_memory_bytes),
        }


@dataclass(frozen=True)
class Result:
    """A finished run. `notes` says what a reader of the figures must know; `timeline` is None under an ideal memory.
    `plan`, the schedule, is None under SATA_Sim's accounting."""

    arch: Arch
    network: Network
    sharing: Sharing
    options: Options
    spikes: SpikeProvenance
    records: tuple[LayerRecord, ...]
    totals: Totals
    notes: tuple[str, ...] = field(default=())
    timeline: Timeline | None = field(default=None, repr=False, compare=False)
    plan: Plan | None = field(default=None, repr=False, compare=False)

    def __post_init__(self) -> None:
        for name in ("cycles", "ops", "dram_bytes", "sram_accesses"):
            if added([getattr(r.counts, name) for r in self.records]) != getattr(self.totals, name):
                raise BooksError(f"{name}: the total is not the sum over the layers")

    @property
    def name(self) -> str:
        """`workload-arch-sharing`, with the schedule unless it is the usual one."""
        schedule = "" if self.options.schedule == "tick" else f"-{self.options.schedule}"
        return f"{self.network.name}-{self.arch.name}-{self.sharing}{schedule}"

    @property
    def layer_rows(self) -> list[dict[str, Any]]:
        """One row a layer, dotted column names as in summary.json."""
        return [record.row(self.arch.clock_hz) for record in self.records]

    @property
    def timestep_rows(self) -> list[dict[str, Any]]:
        """One row a layer and timestep."""
        return [{"layer": r.counts.name, **as_row(step)} for r in self.records for step in r.counts.timesteps]

    @cached_property
    def layers(self) -> pd.DataFrame:
        """`layer_rows` as a table."""
        import pandas as pd

        return pd.DataFrame(self.layer_rows)

    @cached_property
    def timesteps(self) -> pd.DataFrame:
        """`timestep_rows` as a table."""
        import pandas as pd

        return pd.DataFrame(self.timestep_rows)
