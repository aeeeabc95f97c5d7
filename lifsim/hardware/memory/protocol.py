"""What an off-chip memory must say of itself: how it plays the requests of a run, its peak, and what it charges."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from fractions import Fraction
from typing import Protocol

import numpy as np

from lifsim.contract import answers, asked_where, told_by
from lifsim.hardware.gemm import too_long
from lifsim.hardware.memory.charges import ByDevice, Charge, PerBit
from lifsim.hardware.pipeline.kinds import Kind
from lifsim.hardware.pipeline.program import Halves, Program
from lifsim.hardware.pipeline.sections import Player
from lifsim.hardware.pipeline.timing import Extents, Timing
from lifsim.model.dram_part import Dram
from lifsim.registry import Registry
from lifsim.watch import Watch

Place = Callable[[int], Extents]
"""Lays all tensors of a run out in a memory of so many bytes: the addresses of its requests. Raises InputError if
they do not fit."""


def _no_peak(peak: Fraction | None, *_: object) -> str:
    return "a fraction > 0, or None" if peak is not None and peak <= 0 else ""


def _other_program(timing: Timing, _memory: object, _dram: object, program: Program, *_: object) -> str:
    """What is played is the program, none of it before it can be."""
    steps, requests = program.step_cycles.size, program.requests.step.size
    shapes = dict.fromkeys(("start", "end"), (steps,)) | {"waited": (steps, len(Kind))}
    shapes |= dict.fromkeys(("issued", "begun", "answered", "held"), (requests,))
    misfit = [name for name, shape in shapes.items() if getattr(timing, name).shape != shape]
    if misfit:
        return f"a Timing whose {misfit[0]} is an array {list(shapes[misfit[0]])}"
    before = np.concatenate([[0], timing.end[:-1]])
    if (timing.end - before != program.step_cycles + timing.waited.sum(axis=1)).any():
        return "a Timing in which each step ends its cycles, and those that it waited, behind the one before"
    if broken := too_long(timing.total):
        return broken
    late = (steps and timing.total < timing.end[-1]) or (requests and (timing.answered < timing.begun).any())
    return "a Timing in which requests end behind their beginning, and all of it at `total`" if late else ""


class Memory(Protocol):
    """Off-chip memory, whose figures an architecture gives under `dram`.

    name: as architectures spell it, `dram.model`; title: in words.
    waits: whether it takes time. A memory that takes no time gets no requests, and has no peak.
    has_device: whether it simulates `dram.device`, so that what that did can be charged. Where it does not,
    architectures have none.
    in_sections: whether it plays long programs section by section, so that their memory does not grow.
    reads: the keys of `dram` that tell its time, beside `model`; None: any. Others that are set would change nothing.
    """

    name: str
    title: str
    waits: bool = True
    has_device: bool = False
    in_sections: bool = False
    reads: tuple[str, ...] | None = None

    def refusals(self, dram: Dram) -> Iterator[tuple[str, str]]:
        """(key, rule) of what it misses in `dram`."""
        return iter(())

    @answers(_no_peak)
    def peak_bytes_per_cycle(self, dram: Dram, array_hz: int) -> Fraction | None:
        """What it moves at most in one cycle of the array; None if that has no end."""
        return None

    @asked_where("waits")
    @told_by("player")
    @answers(_other_program)
    def play(self, dram: Dram, program: Program, array_hz: int, place: Place, watch: Watch) -> Timing:
        """When each step and request of `program` begins and ends; asked only where it `waits`."""
        raise ValueError(f"a memory that is {self.name} takes no time")

    @asked_where("in_sections")
    def player(self, dram: Dram, array_hz: int, halves: Halves, owners: int) -> Player:
        """What plays a long program section by section, each request charged to one of so many `owners`; asked only
        where it goes `in_sections`."""
        raise ValueError(f"{self.name} plays all at once")

    def charge(self, dram: Dram) -> Charge:
        """What it is charged for. Raises ValueError if `dram` has no price."""
        if dram.charges_device:
            return ByDevice(dram.simulated)
        if dram.energy_pj_per_bit is None:
            raise ValueError("a memory that is priced per bit must have a price")
        return PerBit(dram.energy_pj_per_bit)


MEMORIES: Registry[Memory] = Registry("memory", Memory, "lifsim.hardware.memory", "lifsim.memories")
