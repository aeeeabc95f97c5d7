"""A DRAM that is simulated burst by burst."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction

from lifsim.hardware.memory.protocol import MEMORIES, Memory, Place
from lifsim.hardware.pipeline.program import Halves, Program
from lifsim.hardware.pipeline.sections import Player
from lifsim.hardware.pipeline.timing import Timing, play_dram
from lifsim.model.dram_part import Dram
from lifsim.watch import Watch


@MEMORIES.register
class CycleByCycle(Memory):
    """`dram.device`, command by command."""

    name = "cycle"
    title = "a device, simulated burst by burst (`lifsim list drams`)"
    has_device = in_sections = True
    reads = ("device", "power_down_after_cycles", "self_refresh_after_cycles")

    def refusals(self, dram: Dram) -> Iterator[tuple[str, str]]:
        """It says which."""
        if dram.device is None:
            yield "device", "must be given with model: cycle, such as ddr4_2400"

    def peak_bytes_per_cycle(self, dram: Dram, array_hz: int) -> Fraction:
        """A burst after the other on every channel."""
        seconds = Fraction(str(dram.simulated.timing.tCK_ns)) / 10**9
        return Fraction(dram.simulated.peak_bytes_per_cycle) / seconds / array_hz

    def play(self, dram: Dram, program: Program, array_hz: int, place: Place, watch: Watch) -> Timing:
        """Raises InputError if the tensors of the run do not fit into the device."""
        extents = place(dram.simulated.organisation.capacity_bytes)
        return play_dram(program, array_hz, dram.simulated, extents, watch)

    def player(self, dram: Dram, array_hz: int, halves: Halves, owners: int) -> Player:
        """Of the device."""
        return Player.on_dram(array_hz, dram.simulated, halves, owners)
