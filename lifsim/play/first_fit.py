"""Places that are used again: each thing begins as low as those let it that are still there."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from heapq import heappop, heappush
from math import inf

Room = tuple[int, float]
"""From where to where nothing lies."""


def first_fit(sizes: Sequence[int], uses: Sequence[tuple[int, int]]) -> list[int]:
    """Where each of `sizes`, which are given in the order of first use, begins. uses: first and last time of each; at
    both it is there."""
    begins: list[int] = []
    rooms: list[Room] = [(0, inf)]
    there: list[tuple[int, int, int]] = []
    for size, (first, last) in zip(sizes, uses, strict=True):
        while there and there[0][0] < first:
            _, low, high = heappop(there)
            _leave(rooms, low, high)
        if not size:
            begins.append(0)
            continue
        at, (begin, end) = next((at, room) for at, room in enumerate(rooms) if size <= room[1] - room[0])
        rooms[at : at + 1] = [(begin + size, end)] if begin + size < end else []
        heappush(there, (last, begin, begin + size))
        begins.append(begin)
    return begins


def _leave(rooms: list[Room], low: int, high: int) -> None:
    """To `rooms`, ascending and apart from each other, comes low..high; rooms that touch are one."""
    at = bisect_left(rooms, (low, 0))
    before, behind = rooms[max(0, at - 1) : at], rooms[at : at + 1]
    joins_before, joins_behind = bool(before) and before[0][1] == low, bool(behind) and behind[0][0] == high
    room = (before[0][0] if joins_before else low, behind[0][1] if joins_behind else high)
    rooms[at - joins_before : at + joins_behind] = [room]
