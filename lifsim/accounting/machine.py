"""What counting and timing read of an architecture."""

from __future__ import annotations

from fractions import Fraction

from lifsim.hardware.memory import MEMORIES, Memory
from lifsim.hardware.stores import Stores
from lifsim.lazy_dataclass import dataclass
from lifsim.model.arch import PLAIN_SGD, Arch, Array, LifUnits, OptimizerPart, Precision
from lifsim.model.dram_part import Dram


@dataclass(frozen=True)
class Machine:
    """An architecture without its names and prices, but for what its DRAM charges."""

    array: Array
    precision: Precision
    lif: LifUnits
    stores: Stores
    clock_hz: int
    dram: Dram
    optimizer: OptimizerPart = PLAIN_SGD

    def __hash__(self) -> int:
        """Cheap: machines that are looked at beside each other mostly differ in these."""
        return hash((self.stores, self.clock_hz))

    @classmethod
    def of(cls, arch: Arch) -> Machine:
        """That of an architecture."""
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
        """What its DRAM moves at most in one cycle; None where that has no end."""
        return self.memory.peak_bytes_per_cycle(self.dram, self.clock_hz)
