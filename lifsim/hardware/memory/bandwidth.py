"""A memory of plain bandwidth and latency."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction

from lifsim.hardware.memory.protocol import MEMORIES, Memory, Place
from lifsim.hardware.pipeline.program import Halves, Program
from lifsim.hardware.pipeline.sections import Player
from lifsim.hardware.pipeline.timing import Bandwidth, Timing, play_bandwidth
from lifsim.model.dram_part import Dram
from lifsim.watch import Watch


@MEMORIES.register
class PlainBandwidth(Memory):
    """Bytes one after the other, wherever they lie."""

    name = "bandwidth"
    title = "bytes one after the other at bandwidth_bytes_per_s, reads answered latency_ns later"
    in_sections = True
    reads = ("bandwidth_bytes_per_s", "latency_ns")

    def refusals(self, dram: Dram) -> Iterator[tuple[str, str]]:
        """It says how much."""
        if dram.bandwidth_bytes_per_s is None:
            yield "bandwidth_bytes_per_s", "must be given with model: bandwidth, such as 19.2GB"

    def peak_bytes_per_cycle(self, dram: Dram, array_hz: int) -> Fraction:
        """The bandwidth."""
        return Fraction(_bandwidth(dram).bytes_per_second, array_hz)

    def play(self, dram: Dram, program: Program, array_hz: int, place: Place, watch: Watch) -> Timing:
        """Addresses do not matter."""
        return play_bandwidth(program, array_hz, _bandwidth(dram), watch)

    def player(self, dram: Dram, array_hz: int, halves: Halves, owners: int) -> Player:
        """Nothing is charged to anybody."""
        return Player.on_bandwidth(array_hz, _bandwidth(dram), halves, owners)


def _bandwidth(dram: Dram) -> Bandwidth:
    if dram.bandwidth_bytes_per_s is None:
        raise ValueError("a memory of model bandwidth must have one")
    return Bandwidth(dram.bandwidth_bytes_per_s, dram.latency_ns)
