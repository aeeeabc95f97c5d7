"""Axes of a sweep that change nothing that a run does: a buffer that it does not use, a batch of a figure per image."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from lifsim.lazy_dataclass import dataclass
from lifsim.sweeps.coarse import CoarseGrid
from lifsim.sweeps.space import Axis, Space

MAX_ROWS = 2_000
"""Of a sweep that is looked through at its end: axes of a larger one show in its first points."""

MAX_WAYS = 8
"""Values of an axis for some of which another one may do nothing: of more it is not told."""

_STANDS = ("area_mm2", "area_parts_mm2", "sram_technology_nm")
_PRICED = "energy_pj."

Row = Mapping[str, Any]


@dataclass(frozen=True)
class Idle:
    """An axis that does nothing. stands: whether it changes what parts cost that nobody uses, area and standing energy;
    where: the axis and those of its values that this is so for, if not for all."""

    key: str
    stands: bool
    where: tuple[str, tuple[Any, ...]] | None = None

    def __str__(self) -> str:
        """For who asked for the axis: what was seen, not why; a buffer that is used may be large enough anyway."""
        changed, others = ("only area and standing energy", "no other") if self.stands else ("nothing", "no")
        some = f" where {self.where[0]} is {', '.join(map(str, self.where[1]))}" if self.where else ""
        return f"{self.key} changes {changed}{some}: {others} figure differs between its values"


def idle_axes(rows: Sequence[Row], axes: Sequence[Axis]) -> list[Idle]:
    """Of `axes` with several values those that do nothing at all, or nothing where another axis has some of its values.
    rows: points with their settings and figures; failed ones are left out."""
    good = [row for row in rows if row["error"] is None]
    wide = [axis for axis in axes if axis.values.count > 1]
    found = []
    for axis in wide:
        others = [other.key for other in axes if other.key != axis.key]
        if idle := _idle(good, axis.key, others):
            found.append(idle)
            continue
        for other in wide:
            if other.key != axis.key and (idle := _partly(good, axis.key, other.key, others)):
                found.append(idle)
                break
    return found


def first_points(space: Space) -> list[int]:
    """Points whose figures show at the beginning which axes do nothing: the ends of all lines, so that every axis of
    numbers has its first and its last value, under every sharing, schedule and what else is a word, or many of them."""
    return CoarseGrid(space).ends()


def idle_by_first(rows: Sequence[Row], space: Space) -> list[Idle]:
    """What these points show: of an axis of words only where all its values are among them."""
    grid = CoarseGrid(space)
    partly = () if grid.of_all_kinds else {space.axes[place].key for place in grid.words}
    return [idle for idle in idle_axes(rows, space.axes) if idle.key not in partly]


def _partly(rows: Sequence[Row], key: str, other: str, others: Sequence[str]) -> Idle | None:
    parts: dict[str, list[Row]] = defaultdict(list)
    for row in rows:
        parts[repr(row[other])].append(row)
    idle = {text: found for text, part in parts.items() if (found := _idle(part, key, others))}
    if not idle or len(parts) > MAX_WAYS:
        return None
    values = tuple(parts[text][0][other] for text in idle)
    return Idle(key, any(one.stands for one in idle.values()), (other, values))


def _idle(rows: Sequence[Row], key: str, others: Sequence[str]) -> Idle | None:
    """Whether the axis `key` does nothing in `rows`; not if no two of them differ in it alone."""
    groups: dict[str, list[Row]] = defaultdict(list)
    for row in rows:
        groups[repr([row[other] for other in others])].append(row)
    compared = [group for group in groups.values() if len(group) > 1]
    if not compared:
        return None
    stands = False
    for group in compared:
        for name in _differing(group, {key, *others, "error"}):
            if not _only_stands(name):
                return None
            stands = True
    return Idle(key, stands)


def _differing(group: Sequence[Row], settings: set[str]) -> Iterator[str]:
    first = group[0]
    for name in first:
        if name not in settings and any(row.get(name) != first[name] for row in group):
            yield name


def _only_stands(name: str) -> bool:
    """Whether a figure is of what parts cost that stand there, used or not; sums of energies follow these."""
    is_work = name.endswith((".work", ".idle"))
    return name.startswith(_STANDS) or (name.startswith((_PRICED, "lif_update_pj")) and not is_work)
