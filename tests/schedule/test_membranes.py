"""Is the split of the membrane buffer the one that moves the fewest bytes?"""

from __future__ import annotations

from itertools import product

from hypothesis import given, settings
from hypothesis import strategies as st

from lifsim.schedule.membranes import StateUse, best_split


@st.composite
def uses(draw: st.DrawFn) -> StateUse:
    runs = draw(st.integers(1, 2))
    calls = draw(st.integers(runs, runs + 2))
    return StateUse(draw(st.integers(1, 6)), calls, runs, stripped=runs == 1 and calls > 1 and draw(st.booleans()))


def moved(states: list[StateUse], timesteps: int, permanent: tuple[int, ...], transient: int) -> int:
    """Bytes, call by call: a state's are numbered, the first p stay, the next q come once per run of calls."""
    total = 0
    for state, kept in zip(states, permanent, strict=True):
        for byte in range(kept, state.bytes):
            at_ends = state.stripped or byte < kept + transient
            total += 2 * ((state.runs if at_ends else state.calls) * timesteps - 1)
    return total


@settings(max_examples=300, deadline=None)
@given(st.lists(uses(), min_size=1, max_size=3), st.integers(1, 3), st.integers(0, 14), st.integers(0, 14))
def test_no_split_moves_fewer_bytes(states: list[StateUse], timesteps: int, buffer: int, least: int) -> None:
    least = min(least, buffer)
    every_split = (
        moved(states, timesteps, permanent, transient)
        for transient in range(least, buffer + 1)
        for permanent in product(*(range(state.bytes + 1) for state in states))
        if sum(permanent) + transient <= buffer
    )
    best = best_split(states, timesteps, buffer, least)
    assert best.moved == min(every_split)
    assert best.moved == moved(states, timesteps, best.permanent, best.transient)
    assert least <= best.transient <= buffer - sum(best.permanent)


def test_an_unshared_network_by_hand() -> None:
    # T = 4: three writes and three reads of each of the 12 - 5 bytes that do not stay.
    assert best_split([StateUse(8, 1, 1), StateUse(4, 1, 1)], 4, 5).moved == 6 * 7


def test_a_region_that_states_use_in_turn_by_hand() -> None:
    # Two states of 8 bytes, 3 layers each, T = 2, 8 bytes on chip: each comes in and goes out once per timestep.
    shared = [StateUse(8, 3, 1), StateUse(8, 3, 1)]
    assert best_split(shared, 2, 8).moved == 2 * 8 * 2 * 1
    # None: 3 calls a timestep move every byte, 5 writes and 5 reads over both.
    assert best_split(shared, 2, 0).moved == 2 * 8 * 2 * 5
