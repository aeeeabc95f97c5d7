"""Is every task dealt once, and are neighbours dealt to one hand?"""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from lifsim.processes.dealing import Deal, InTurn, Stretches


def _dealt(deal: Deal[int], asking: list[int]) -> list[tuple[int, int]]:
    found = [(hand, task) for hand in asking if (task := deal.next_of(hand)) is not None]
    while (task := deal.next_of(0)) is not None:
        found.append((0, task))
    return found


@given(st.integers(0, 60), st.integers(1, 5), st.data())
def test_every_task_is_dealt_once_whoever_asks(tasks: int, hands: int, data: st.DataObject) -> None:
    asking = data.draw(st.lists(st.integers(0, hands - 1), max_size=80))
    for deal in (InTurn(range(tasks)), Stretches(range(tasks), hands)):
        assert sorted(task for _, task in _dealt(deal, asking)) == list(range(tasks))
        assert deal.next_of(hands - 1) is None


def test_hands_that_are_as_fast_have_a_stretch_each() -> None:
    found = _dealt(Stretches(range(12), 3), [0, 1, 2] * 4)
    assert [[task for hand, task in found if hand == own] for own in range(3)] == [
        [0, 1, 2, 3],
        [4, 5, 6, 7],
        [8, 9, 10, 11],
    ]


def test_a_hand_that_is_through_takes_the_second_half_of_the_longest_stretch() -> None:
    assert _dealt(Stretches(range(12), 2), [1] * 9) == [
        *((1, task) for task in (6, 7, 8, 9, 10, 11, 3, 4, 5)),
        *((0, task) for task in (0, 1, 2)),
    ]
