"""Which bytes of the membranes stay in the membrane buffer: the split that moves the fewest, exactly.

A group runs timestep by timestep. Of a state's U bytes, p are permanent (they stay from t to t + 1), r = min(U - p, q)
transient (brought in when a run of consecutive LIF calls on the state begins, written back when it ends; q is reused by
one state after the other), and the rest moves for every call. With c calls in s runs per timestep, the zero state never
read and the last one never written, DRAM moves per byte and chunk of images

    permanent 0        transient 2*(s*T - 1)        rest 2*(c*T - 1)

subject to sum(p) + q <= buffer. Where a run is computed strip by strip, all that is not permanent is transient and q
must hold the strip's window.

For a given q the best p is a fractional knapsack, filled by value per byte; over p and q together it is a linear
program, so that its optimum is convex in q and a bisection on the slope finds it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class StateUse:
    """A state in a group. bytes: U, all images of the chunk; calls: LIF chains per timestep; runs: of consecutive
    ones; stripped: whether they are computed strip by strip."""

    bytes: int
    calls: int
    runs: int
    stripped: bool = False

    def transient_moves(self, timesteps: int) -> int:
        """How often DRAM moves a transient byte."""
        return 2 * (self.runs * timesteps - 1)

    def rest_moves(self, timesteps: int) -> int:
        """How often DRAM moves a byte that is brought in for every call."""
        return self.transient_moves(timesteps) if self.stripped else 2 * (self.calls * timesteps - 1)


@dataclass(frozen=True)
class MembraneSplit:
    """transient: q. permanent: p of each state. moved: bytes that DRAM moves for one chunk, reads and writes."""

    transient: int
    permanent: tuple[int, ...]
    moved: int


def best_split(uses: Sequence[StateUse], timesteps: int, buffer: int, least_transient: int = 0) -> MembraneSplit:
    """The split that moves the fewest bytes, with a transient region of at least `least_transient` <= buffer."""
    shared = [use.bytes for use in uses if use.rest_moves(timesteps) > use.transient_moves(timesteps)]
    low = least_transient
    high = max(low, min(buffer, max(shared, default=0)))
    while low < high:
        middle = (low + high) // 2
        if split(uses, timesteps, buffer, middle).moved <= split(uses, timesteps, buffer, middle + 1).moved:
            high = middle
        else:
            low = middle + 1
    return split(uses, timesteps, buffer, low)


def split(uses: Sequence[StateUse], timesteps: int, buffer: int, transient: int) -> MembraneSplit:
    """The best permanent bytes beside a transient region of `transient` bytes: most moved first."""
    portions = sorted(_portions(uses, timesteps, transient), reverse=True)
    permanent = [0] * len(uses)
    room, moved = buffer - transient, 0
    for moves, nearest, size in portions:
        kept = min(size, room) if moves else 0
        room -= kept
        permanent[-nearest] += kept
        moved += moves * (size - kept)
    return MembraneSplit(transient, tuple(permanent), moved)


def _portions(uses: Sequence[StateUse], timesteps: int, transient: int) -> Iterator[tuple[int, int, int]]:
    """(moves per byte, -index, bytes) of what is transient and what is not, of each state."""
    for index, use in enumerate(uses):
        rest = max(use.bytes - transient, 0)
        yield use.rest_moves(timesteps), -index, rest
        yield use.transient_moves(timesteps), -index, use.bytes - rest
