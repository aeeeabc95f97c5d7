"""Finds axes of a sweep that change nothing in its runs, such as the size of a buffer that no run uses."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from lifsim.lazy_dataclass import dataclass
from lifsim.sweeps.coarse import coarse_grid
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
    """An axis that changes nothing. stands: whether it does change area and standing energy, which a part costs even if
    it is not used; where: another axis and those of its values for which this holds, if it does not hold for all."""

    key: str
    stands: bool
    where: tuple[str, tuple[Any, ...]] | None = None

    def __str__(self) -> str:
        """What was observed, without a reason: a buffer without effect may be unused, or used and large enough."""
        changed, others = ("only area and standing energy", "no other") if self.stands else ("nothing", "no")
        some = f" where {self.where[0]} is {', '.join(map(str, self.where[1]))}" if self.where else ""
        return f"{self.key} changes {changed}{some}: {others} figure differs between its values"


def idle_axes(rows: Sequence[Row], axes: Sequence[Axis]) -> list[Idle]:
    """Those of `axes` that have several values and change nothing, either at all or for some values of another axis.
    rows: the settings and figures of points; failed points are ignored."""
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
    """Points whose figures show early which axes change nothing. Under every sharing, schedule and other setting that
    is a word (or under many of them), every numeric axis takes its first and its last value."""
    return coarse_grid(space).ends()


def idle_by_first(rows: Sequence[Row], space: Space) -> list[Idle]:
    """The axes that change nothing in the rows of `first_points`. An axis of words is judged only if all of its values
    are among them."""
    grid = coarse_grid(space)
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
    """Whether the axis `key` changes nothing in `rows`; None if it does, or if no two rows differ in it alone."""
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
    """Whether the figure is a cost that parts have even if they are not used, or a sum that includes such costs."""
    is_work = name.endswith((".work", ".idle"))
    return name.startswith(_STANDS) or (name.startswith((_PRICED, "lif_update_pj")) and not is_work)
