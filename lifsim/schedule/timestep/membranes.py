"""Which bytes of the membranes stay in the membrane buffer: the split that moves the fewest, exactly.

A group runs timestep by timestep. Of a state's U bytes, p are permanent (they stay from t to t + 1), r = min(U - p, q)
transient (brought in when a relay, consecutive LIF calls on the state, begins, written back when it ends; q is reused
by one state after the other), and the rest moves for every call. With c calls in s relays per timestep, the zero state
never read and the last one never written, DRAM moves per byte and chunk of images

    permanent 0        transient 2*(s*T - 1)        rest 2*(c*T - 1)

subject to sum(p) + q + w <= buffer. Where a relay is computed strip by strip, all that is not permanent is transient
and q must hold the strip's window.

w bytes are reserved for membranes at work. If any rest moves, it streams through at least a granule, the membranes of
one output row of the smallest filter tile, or, if the buffer is smaller, through all of the buffer. w also holds the
chains at work of a state whose chains are divided (`lifsim.schedule.tensors.chains`): if their window is larger than w,
the rest moves 2*c*T*(parts - 1) times more, once for every part of a chain. Nothing streams while strips run: their
window takes q and w.

For a given q the best p is a fractional knapsack, filled by value per byte; over p and q together it is a linear
program, so that its optimum is convex in q and a bisection on the slope finds it. For w, every window is tried.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Iterator, Sequence
from functools import lru_cache
from itertools import groupby
from typing import TypeVar

from lifsim.lazy_dataclass import dataclass
from lifsim.schedule.tensors.chains import IN_ONE_PIECE, Parted

S = TypeVar("S", bound=Hashable)


@dataclass(frozen=True)
class StateUse:
    """A state in a group. bytes: U, of all images of the chunk; calls: LIF chains per timestep; relays: of these calls,
    per timestep; stripped: whether relays are computed strip by strip; parted: how chains are divided, all images
    together; granule: bytes at work while the state streams. a_timestep: 0 for states; for values that are made and
    used up within every timestep, how often DRAM moves a byte of them per timestep unless it stays."""

    bytes: int
    calls: int
    relays: int
    stripped: bool = False
    parted: Parted = IN_ONE_PIECE
    granule: int = 0
    a_timestep: int = 0

    def streams(self, timesteps: int) -> bool:
        """Whether bytes that are neither permanent nor transient move at all: a single call leaves nothing behind."""
        return not self.stripped and self.rest_moves(timesteps, 0) > 0

    def transient_moves(self, timesteps: int) -> int:
        """How often DRAM moves a transient byte."""
        if self.a_timestep:
            return self.a_timestep * timesteps
        return 2 * (self.relays * timesteps - 1)

    def rest_moves(self, timesteps: int, reserved: int) -> int:
        """How often DRAM moves a byte that is loaded for every call; and for every further part of a chain, if fewer
        bytes are reserved than its window has."""
        if self.stripped or self.a_timestep:
            return self.transient_moves(timesteps)
        return 2 * (self.calls * timesteps - 1) + 2 * self.calls * timesteps * self.parts_apart(reserved)

    def parts_apart(self, reserved: int) -> int:
        """The number of parts of a chain, beyond the first, for which its state is loaded again."""
        return self.parted.parts - 1 if self.parted.window > reserved and not self.stripped else 0


@dataclass(frozen=True)
class StateCall:
    """A layer's LIF call on a state, in one timestep. opens, closes: whether a relay of calls begins or ends with it;
    first, last: whether the timestep's calls on the state do, so that the first timestep's read (of the zero state) or
    the last one's write (nobody reads it) is free."""

    layer: int
    opens: bool
    closes: bool
    first: bool
    last: bool

    def read(self, moving: int, transient: int) -> int:
        """Bytes loaded before the call, if `moving` bytes are not permanent, `transient` of them transient."""
        return moving if self.opens else moving - transient

    def written(self, moving: int, transient: int) -> int:
        """Bytes that leave behind it."""
        return moving if self.closes else moving - transient


def calls_of(relays: Sequence[Sequence[int]]) -> Iterator[StateCall]:
    """The calls of one timestep on a state with these relays, in order."""
    for relay in relays:
        for layer in relay:
            opens, closes = layer == relay[0], layer == relay[-1]
            yield StateCall(layer, opens, closes, opens and relay is relays[0], closes and relay is relays[-1])


def relays_of(calls: Iterable[tuple[S, int]]) -> dict[S, list[tuple[int, ...]]]:
    """By state, its relays, from the (state, layer) pairs of a timestep's calls in order."""
    by_state: dict[S, list[tuple[int, ...]]] = {}
    for state, relay in groupby(calls, key=lambda call: call[0]):
        by_state.setdefault(state, []).append(tuple(layer for _, layer in relay))
    return by_state


@dataclass(frozen=True)
class MembraneSplit:
    """transient: q. permanent: p of each state. moved: bytes that DRAM moves for one chunk, reads and writes. reserved:
    w, for chains at work."""

    transient: int
    permanent: tuple[int, ...]
    moved: int
    reserved: int = 0


def best_split(uses: Sequence[StateUse], timesteps: int, buffer: int, least_transient: int = 0) -> MembraneSplit:
    """The split that moves the fewest bytes, with at least `least_transient` <= buffer bytes for transient membranes
    and those at work together; of equals the one that reserves the least."""
    granule = min(buffer, max((use.granule for use in uses if use.streams(timesteps)), default=0))
    windows = {0, *(use.parted.window for use in uses if use.parts_apart(0))}
    splits = [] if granule == 0 else [_split_beside(uses, timesteps, buffer, least_transient, 0, nothing_streams=True)]
    for reserved in sorted({max(window, granule) for window in windows}):
        if reserved <= buffer:
            least = max(0, least_transient - reserved)
            splits.append(_split_beside(uses, timesteps, buffer - reserved, least, reserved))
    return min(splits, key=lambda split: split.moved)


split_of = lru_cache(1 << 12)(best_split)
"""`best_split` with a cache, for states in a tuple."""


def _split_beside(
    uses: Sequence[StateUse],
    timesteps: int,
    buffer: int,
    least_transient: int,
    reserved: int,
    *,
    nothing_streams: bool = False,
) -> MembraneSplit:
    """The best split of a `buffer` beside the reserved bytes. nothing_streams: gives bytes that would stream a
    prohibitive price, so that a split without them, if there is one, moves less than `NEVER`."""
    portions = _portions(uses, timesteps, reserved, nothing_streams=nothing_streams)
    low = least_transient
    high = max(low, min(buffer, max((use.bytes for use in uses if use.streams(timesteps)), default=0)))
    while low < high:
        middle = (low + high) // 2
        if _fill(portions, buffer, middle)[0] <= _fill(portions, buffer, middle + 1)[0]:
            high = middle
        else:
            low = middle + 1
    moved, permanent = _fill(portions, buffer, low)
    return MembraneSplit(low, tuple(permanent.get(index, 0) for index in range(len(uses))), moved, reserved)


NEVER = 1 << 48
"""The price of a byte that must not move: more than any schedule moves in all."""


@dataclass(frozen=True)
class _Portion:
    """The part of state `index`, of `bytes` bytes, that is transient (at most q bytes), or the rest: DRAM moves each
    byte `moves` times unless it stays."""

    moves: int
    index: int
    bytes: int
    is_rest: bool


def _portions(uses: Sequence[StateUse], timesteps: int, reserved: int, *, nothing_streams: bool) -> list[_Portion]:
    """The portions, most moved first: the order in which they become permanent, whatever q is."""
    portions = []
    for index, use in enumerate(uses):
        moves = NEVER if nothing_streams and use.streams(timesteps) else use.rest_moves(timesteps, reserved)
        portions.append(_Portion(moves, index, use.bytes, True))
        through = moves if use.a_timestep else use.transient_moves(timesteps)
        portions.append(_Portion(through, index, use.bytes, False))
    return sorted(portions, key=lambda portion: (-portion.moves, portion.index))


def _fill(portions: Sequence[_Portion], buffer: int, transient: int) -> tuple[int, dict[int, int]]:
    """Bytes moved, and the permanent bytes by state, with a transient region of `transient` bytes."""
    room, moved = buffer - transient, 0
    permanent: dict[int, int] = {}
    for portion in portions:
        within = portion.bytes if portion.bytes < transient else transient
        size = portion.bytes - within if portion.is_rest else within
        kept = size if size < room else room
        if kept and portion.moves:
            room -= kept
            permanent[portion.index] = permanent.get(portion.index, 0) + kept
            size -= kept
        moved += portion.moves * size
    return moved, permanent
