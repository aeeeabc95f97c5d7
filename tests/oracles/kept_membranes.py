"""Membranes that the backward pass finds, walked call by call: what each of three ways keeps, and what is in flight.

A set of membranes is `calls` of (timestep, LIF, channel group), in order. Everything is counted in bits of one image.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from math import ceil

Place = tuple[int, int]
"""(timestep, number of the LIF in its set)."""


@dataclass(frozen=True)
class Set:
    """elements: neurons of one call; variables: of each; lifs: that use it at every timestep, channels: calls of each;
    undone: calls that can be undone from one state; forgotten: bits that a neuron's call forgets."""

    elements: int
    variables: int
    lifs: int
    channels: int
    timesteps: int
    bits: int
    undone: int
    forgotten: Fraction

    def calls(self) -> Iterator[Place]:
        """One after the other."""
        for timestep in range(self.timesteps):
            for lif in range(self.lifs):
                for _ in range(self.channels):
                    yield timestep, lif

    @property
    def state(self) -> int:
        """Bits of one state."""
        return sum(self.bits for _ in range(self.elements) for _ in range(self.variables))


def stored(one: Set) -> Counter[Place]:
    """u' of every call."""
    kept: Counter[Place] = Counter()
    for call in one.calls():
        kept[call] += one.state
    return kept


def copied(one: Set) -> Counter[Place]:
    """The last state, and one behind every so many calls as can be undone."""
    kept: Counter[Place] = Counter()
    calls = list(one.calls())
    since = 0
    for number, call in enumerate(calls):
        since += 1
        if since == one.undone or number == len(calls) - 1:
            kept[call] += one.state
            since = 0
    return kept


def remembered(one: Set) -> Counter[Place]:
    """The last state, and of every call what it forgets, a LIF's calls of a timestep in whole bits."""
    exact: dict[Place, Fraction] = {}
    for call in one.calls():
        exact[call] = exact.get(call, Fraction(0)) + one.elements * one.forgotten
    kept = Counter({call: ceil(bits) for call, bits in exact.items()})
    *_, last = one.calls()
    kept[last] += one.state
    return kept


def recomputed(one: Set, *, timestep_major: bool) -> Counter[Place]:
    """The state with which timesteps 2..T begin, where timesteps are not walked back in one go."""
    kept: Counter[Place] = Counter()
    for timestep in range(1, one.timesteps):
        if timestep_major:
            kept[timestep - 1, one.lifs - 1] += one.state
    return kept


def in_flight(groups: Sequence[Sequence[Set]], images: int) -> int:
    """Bits of u' of all calls of a timestep, of the group, given as its sets, that has most."""
    most = 0
    for group in groups:
        held = 0
        for one in group:
            for timestep, _ in one.calls():
                if timestep == 0:
                    held += images * one.state
        most = max(most, held)
    return most
