"""A memory of plain bandwidth of which another machine has half."""

from __future__ import annotations

from fractions import Fraction

from lifsim.hardware.memory import Place
from lifsim.hardware.memory.bandwidth import PlainBandwidth
from lifsim.hardware.pipeline.program import Halves, Program
from lifsim.hardware.pipeline.sections import Player
from lifsim.hardware.pipeline.timing import Timing
from lifsim.model.dram_part import Dram
from lifsim.watch import Watch


class Halved(PlainBandwidth):
    """`dram.bandwidth_bytes_per_s` is that of both."""

    name = "halved"
    title = "half of bandwidth_bytes_per_s, reads answered latency_ns later"

    def peak_bytes_per_cycle(self, dram: Dram, array_hz: int) -> Fraction:
        return super().peak_bytes_per_cycle(_half(dram), array_hz)

    def play(self, dram: Dram, program: Program, array_hz: int, place: Place, watch: Watch) -> Timing:
        return super().play(_half(dram), program, array_hz, place, watch)

    def player(self, dram: Dram, array_hz: int, halves: Halves, owners: int) -> Player:
        """Long programs are played section by section."""
        return super().player(_half(dram), array_hz, halves, owners)


def _half(dram: Dram) -> Dram:
    return dram.model_copy(update={"bandwidth_bytes_per_s": (dram.bandwidth_bytes_per_s or 0) // 2})
