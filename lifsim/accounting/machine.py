"""The part of an architecture that counting and timing read."""

from __future__ import annotations

from fractions import Fraction

from lifsim.hardware.memory import MEMORIES, Memory
from lifsim.hardware.stores import Stores
from lifsim.lazy_dataclass import dataclass
from lifsim.model.arch import PLAIN_SGD, Arch, Array, LifUnits, OptimizerPart, Precision
from lifsim.model.dram_part import Dram


@dataclass(frozen=True)
class Machine:
    """An architecture without its names and prices, except the prices of its DRAM."""

    array: Array
    precision: Precision
    lif: LifUnits
    stores: Stores
    clock_hz: int
    dram: Dram
    optimizer: OptimizerPart = PLAIN_SGD

    def __hash__(self) -> int:
        """Cheap, and still distinctive: machines of a sweep mostly differ in these fields."""
        return hash((self.stores, self.clock_hz))

    @classmethod
    def of(cls, arch: Arch) -> Machine:
        """The machine of an architecture."""
        parts = arch.array, arch.precision, arch.lif, Stores.of(arch.buffers)
        return cls(*parts, arch.clock_hz, arch.dram, arch.optimizer)

    @property
    def waits(self) -> bool:
        """Whether its memory takes time."""
        return self.memory.waits

    @property
    def memory(self) -> Memory:
        """How its DRAM is modelled."""
        return MEMORIES[self.dram.model]

    @property
    def dram_bytes_per_cycle(self) -> Fraction | None:
        """Peak bytes of its DRAM per cycle; None if unlimited."""
        return self.memory.peak_bytes_per_cycle(self.dram, self.clock_hz)
