"""Are bytes dealt to some images after the others as they are to all of them at once?"""

from __future__ import annotations

from functools import reduce

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from lifsim.schedule.tensors.deal import Deal, added
from lifsim.schedule.tensors.moves import shares

AMOUNTS = st.lists(st.integers(0, 9), max_size=4)


@given(st.integers(0, 1000), st.integers(1, 3), st.data())
def test_bytes_divided_part_by_part_equal_those_divided_at_once(total: int, tensors: int, data: st.DataObject) -> None:
    """All strips of one tensor come before those of the next tensor, whichever part they are in."""
    parts = [
        [np.array(data.draw(AMOUNTS), np.int64) for _ in range(tensors)] for _ in range(data.draw(st.integers(1, 4)))
    ]
    alone = [Deal() for _ in parts]
    for deal, part in zip(alone, parts, strict=True):
        deal.several("bytes", total, part)
        deal.summed("more", part[0])
    sums = [deal.own for deal in alone]
    deals = [
        Deal(reduce(added, sums), reduce(added, sums[:number]) if number else None) for number in range(len(parts))
    ]
    found = [deal.several("bytes", total, part) for deal, part in zip(deals, parts, strict=True)]
    whole = [np.concatenate([part[tensor] for part in parts]) for tensor in range(tensors)]
    expected = np.split(shares(total, np.concatenate(whole)), np.cumsum([one.size for one in whole])[:-1])
    for tensor in range(tensors):
        assert np.concatenate([part[tensor] for part in found]).tolist() == expected[tensor].tolist()
    assert [deal.summed("more", part[0]) for deal, part in zip(deals, parts, strict=True)] == [
        int(whole[0].sum())
    ] * len(parts)
    assert [deal.opens for deal in deals] == [True] + [False] * (len(parts) - 1)


@given(st.integers(0, 1000), st.lists(AMOUNTS, min_size=1, max_size=4))
def test_each_share_begins_behind_those_before(total: int, amounts: list[list[int]]) -> None:
    parts = [np.array(part, np.int64) for part in amounts]
    sums = [{"bytes": (int(part.sum()),)} for part in parts]
    begins = []
    for number, part in enumerate(parts):
        deal = Deal(reduce(added, sums), reduce(added, sums[:number]) if number else None)
        begins += deal.begins("bytes", total, deal.shares("bytes", total, part)).tolist()
    every = shares(total, np.concatenate(parts))
    assert begins == (np.cumsum(every) - every).tolist()
