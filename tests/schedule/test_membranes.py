"""Is the split of the membrane buffer the one that moves the fewest bytes?"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import product

from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from lifsim.schedule.tensors.chains import IN_ONE_PIECE, Parted
from lifsim.schedule.timestep.membranes import MembraneSplit, StateUse, best_split

Split = tuple[int, int, tuple[int, ...]]
"""Bytes reserved for chains, transient ones, permanent ones by state."""


@dataclass(frozen=True)
class Case:
    """States that share a buffer of `buffer` bytes, of which the transient region has `least` at least."""

    states: tuple[StateUse, ...]
    timesteps: int
    buffer: int
    least: int


@st.composite
def uses(draw: st.DrawFn, shared: bool) -> StateUse:
    relays = draw(st.integers(1, 2))
    calls = relays + draw(st.integers(1, 3) if shared else st.integers(0, 1))
    stripped = relays == 1 and calls > 1 and draw(st.integers(0, 7)) == 0
    size, parted = draw(st.integers(1, 8)), draw(st.integers(0, 3)) == 0
    chains = Parted(draw(st.integers(1, size)), draw(st.integers(2, 3))) if parted else IN_ONE_PIECE
    return StateUse(size, calls, relays, stripped, chains, draw(st.sampled_from([0, 0, 1, 2])))


@st.composite
def cases(draw: st.DrawFn) -> Case:
    """Mostly two states that several layers share, and one beside them. The slope changes where a transient region of q
    and the p = U - q of some states fill the buffer: buffers are that large, or a byte more or less."""
    states = [draw(uses(True)) for _ in range(draw(st.sampled_from([1, 2, 2, 2, 2])))]
    states += [draw(uses(False)) for _ in range(draw(st.integers(0, 1)))]
    transient = draw(st.integers(1, max(state.bytes for state in states)))
    fitting = [state for state in states if draw(st.integers(0, 3))]
    permanent = sum(max(0, state.bytes - transient) for state in fitting)
    buffer = max(0, transient + permanent + draw(st.sampled_from([-1, 0, 0, 1])))
    least = draw(st.sampled_from([0, 0, 0, 1, 2, 5]))
    return Case(tuple(draw(st.permutations(states))), draw(st.integers(1, 4)), buffer, min(least, buffer))


def byte_moves(state: StateUse, *, passes: bool, timesteps: int, parts: int) -> int:
    """How often DRAM moves one byte that is not permanent, call by call. passes: it stays through a relay of calls;
    else it comes and goes with every one of the `parts` of a call."""
    first_relay = state.calls - (state.relays - 1)
    relays = [first_relay] + [1] * (state.relays - 1)
    moved, done, on_chip = 0, 0, False
    for calls in relays * timesteps:
        for part in range(calls * parts):
            moved += done > 0 and not on_chip  # the zero state is never read
            done, on_chip = done + 1, True
            if not passes or part == calls * parts - 1:
                moved += done < state.calls * parts * timesteps  # the last state is never written
                on_chip = False
    return moved


def moved_by_split(case: Case) -> Iterator[tuple[int, Split]]:
    """(bytes moved, split) of every split, byte by byte: a state's are numbered, the first p stay, the next q come once
    per relay of calls; chains of a state stay in one piece if w bytes hold their window. Where any byte moves at every
    call, w is no less than the largest granule, or the whole buffer. Strips have the room of both for their window."""
    callers = [
        one for one in case.states if not one.stripped and (one.calls * case.timesteps > 1 or one.parted.parts > 1)
    ]
    granule = max((one.granule for one in callers), default=0)
    for reserved in range(case.buffer + 1):
        tables, moved_every = [], []
        for state in case.states:
            parts = state.parted.parts if state.parted.window > reserved else 1
            once = byte_moves(state, passes=True, timesteps=case.timesteps, parts=1)
            every = byte_moves(state, passes=False, timesteps=case.timesteps, parts=parts)
            moved_every.append(every > 0 and not state.stripped)
            tables.append(
                {
                    (kept, transient): sum(
                        once if state.stripped or byte < kept + transient else every
                        for byte in range(kept, state.bytes)
                    )
                    for kept in range(state.bytes + 1)
                    for transient in range(case.buffer + 1)
                }
            )
        for permanent in product(*(range(state.bytes + 1) for state in case.states)):
            for transient in range(max(0, case.least - reserved), case.buffer - reserved - sum(permanent) + 1):
                streams = any(
                    moves and kept + transient < state.bytes
                    for moves, state, kept in zip(moved_every, case.states, permanent, strict=True)
                )
                if streams and reserved < min(case.buffer, granule):
                    continue
                moved = sum(table[kept, transient] for table, kept in zip(tables, permanent, strict=True))
                yield moved, (reserved, transient, permanent)


@settings(max_examples=200, deadline=None)
@given(cases())
def test_no_split_moves_fewer_bytes(case: Case) -> None:
    best = best_split(case.states, case.timesteps, case.buffer, case.least)
    every_split = {split: moved for moved, split in moved_by_split(case)}
    assert best.moved == min(every_split.values())
    assert every_split[best.reserved, best.transient, best.permanent] == best.moved  # legal, and moves what it says


def kinds(case: Case) -> set[str]:
    """What a case puts to the test."""
    found = {"mixed calls"} if len({state.calls for state in case.states}) > 1 else set()
    every_split = list(moved_by_split(case))
    fewest = min(moved for moved, _ in every_split)
    found |= {"room for chains"} if all(split[0] for moved, split in every_split if moved == fewest) else set()
    best = [(transient, permanent) for moved, (_, transient, permanent) in every_split if moved == fewest]
    largest = max(state.bytes for state in case.states)
    if fewest and all(transient > 0 and any(permanent) for transient, permanent in best):
        found.add("both regions at work")
    if all(case.least < transient < min(largest, case.buffer) for transient, _ in best):
        found.add("neither the smallest nor the largest transient region")
    if any(
        abs(state.bytes - kept - transient) <= 1
        for transient, permanent in best
        for state, kept in zip(case.states, permanent, strict=True)
        if 0 < kept < state.bytes
    ):
        found.add("a state that just fits or just does not")
    return found


def test_random_cases_cover_every_kind() -> None:
    seen: Counter[str] = Counter()

    @settings(max_examples=200, deadline=None, derandomize=True, database=None, phases=[Phase.generate])
    @given(cases())
    def look(case: Case) -> None:
        seen.update(["cases", *kinds(case)])

    look()
    shares = {kind: seen[kind] / seen["cases"] for kind in seen}
    assert shares["mixed calls"] > 0.4
    assert shares["room for chains"] > 0.02
    assert shares["both regions at work"] > 0.2
    assert shares["neither the smallest nor the largest transient region"] > 0.1
    assert shares["a state that just fits or just does not"] > 0.3


def test_an_unshared_network_by_hand() -> None:
    # T = 4: three writes and three reads of each of the 12 - 5 bytes that do not stay.
    assert best_split([StateUse(8, 1, 1), StateUse(4, 1, 1)], 4, 5).moved == 6 * 7


def test_a_region_that_states_use_in_turn_by_hand() -> None:
    # Two states of 8 bytes, 3 layers each, T = 2, 8 bytes on chip: each comes in and goes out once per timestep.
    shared = [StateUse(8, 3, 1), StateUse(8, 3, 1)]
    assert best_split(shared, 2, 8).moved == 2 * 8 * 2 * 1
    # None: 3 calls a timestep move every byte, 5 writes and 5 reads over both.
    assert best_split(shared, 2, 0).moved == 2 * 8 * 2 * 5


def test_a_part_of_each_state_stays_where_the_rest_takes_turns_by_hand() -> None:
    # 12 bytes on chip: 4 of each state stay, the other 4 of each take turns in the region: one in, one out, T = 2.
    best = best_split([StateUse(8, 3, 1), StateUse(8, 3, 1)], 2, 12)
    assert (best.transient, best.permanent, best.moved) == (4, (4, 4), 2 * 4 * 2)


def test_room_for_the_chains_at_work_by_hand() -> None:
    """Two states of 100 bytes, 4 timesteps, a buffer of 60. The chains of both are worked off in 4 parts; those of the
    first have 50 bytes at work, of the second 10."""
    wide, narrow = (StateUse(100, 1, 1, parted=Parted(window, 4)) for window in (50, 10))
    # One alone: 10 bytes are reserved, 50 stay, the rest moves 2 * 3 times.
    assert best_split([narrow], 4, 60).moved == 6 * 50
    assert best_split([narrow], 4, 60).reserved == 10
    # No room for 50: what does not stay moves for all 4 parts, 2 * (4 * 4 - 1) times.
    assert best_split([wide], 4, 40).moved == 30 * 60
    # Where all of a state stays, its chains need no room beside it.
    assert best_split([wide, narrow], 4, 110).moved == 6 * 100
    assert best_split([wide], 4, 100) == MembraneSplit(0, (100,), 0, 0)


def test_room_for_what_streams_by_hand() -> None:
    """States of 100 bytes, of which 8 are at work, 4 timesteps, a buffer of 60: 52 stay, or all of a state and nothing
    streams; a buffer of 5 streams 5 bytes at a time."""
    one = StateUse(100, 1, 1, granule=8)
    assert best_split([one], 4, 60) == MembraneSplit(0, (52,), 6 * 48, 8)
    assert best_split([one], 4, 107) == MembraneSplit(0, (100,), 0, 0)
    assert best_split([one], 4, 5) == MembraneSplit(0, (0,), 6 * 100, 5)
    # Three calls in a row: a byte less than the state, and 9 bytes stream at each of the 12 calls: 11 in, 11 out.
    shared = StateUse(100, 3, 1, granule=8)
    assert best_split([shared], 4, 99) == MembraneSplit(0, (91,), 22 * 9, 8)
    assert best_split([shared, shared], 4, 100) == MembraneSplit(100, (0, 0), 2 * 6 * 100, 0)
    # A single timestep of a single call leaves nothing behind.
    assert best_split([one], 1, 0) == MembraneSplit(0, (0,), 0, 0)


def test_strips_take_the_room_of_what_streams_while_they_run() -> None:
    stripped, other = StateUse(100, 2, 1, stripped=True, granule=8), StateUse(50, 1, 1, granule=8)
    best = best_split([stripped, other], 2, 30, least_transient=30)
    assert (best.transient, best.reserved, best.permanent) == (22, 8, (0, 0))
