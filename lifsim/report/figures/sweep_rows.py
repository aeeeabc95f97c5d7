"""The rows of a sweep that a figure shows, and how its axes say their units."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from lifsim.errors import Fault, InputError
from lifsim.report.figures.gathered import Gathered
from lifsim.report.figures.words import unit_of, words_of
from lifsim.report.passing import NODE
from lifsim.sweeps.points import Points
from lifsim.sweeps.stored_row import ERROR
from lifsim.sweeps.values import parse_values
from lifsim.sweeps.where import no_column

if TYPE_CHECKING:
    import pandas as pd

TITLED = ("workload", "arch", "timesteps", "batch", "sharing", "schedule")
"""Columns by which a figure's title says what it is of."""

LONGEST_NAME = 32
"""Of characters of a value beside an axis or in a legend."""


def good_rows(points: Points, needed: Sequence[str], where: Sequence[str]) -> pd.DataFrame:
    """The points that did not fail: their settings, what is `needed`, TITLED, and NODE, columns of texts as categories.
    where: ``key=values`` that a column must have one of.

    Raises InputError if a column of `needed` or `where` is none of the store, or no point is left.
    """
    import pandas as pd

    names = points.columns
    wanted = {}
    faults = []
    for text in where:
        key, equals, values = (part.strip() for part in text.partition("="))
        if not equals:
            faults.append(Fault(f"{text!r} must have the form key=value", path="--where"))
            continue
        parsed = parse_values(key, values)
        wanted[key] = [parsed[place] for place in range(parsed.count)]
    unknown = [name for name in dict.fromkeys([*needed, *wanted]) if name not in names]
    faults += [Fault(no_column(name, names)) for name in unknown]
    if faults:
        raise InputError(faults)
    settings = points.settings
    kept = {name: name in settings for name in dict.fromkeys([*settings, *needed, *TITLED, NODE]) if name in names}
    gathered = {name: Gathered(is_setting) for name, is_setting in kept.items()}
    for some in points.some_at_a_time([*kept, *wanted, ERROR]):
        good = [error is None for error in some.list(ERROR)]
        for key, chosen in wanted.items():
            good = [here and value in chosen for here, value in zip(good, some.list(key), strict=True)]
        for name, column in gathered.items():
            column.add(some.values[name], good)
    frame = pd.DataFrame({name: gathered.pop(name).series() for name in kept}, copy=False)
    if not len(frame):
        raise InputError("must have a point to draw: all failed, or none has what --where asks for")
    return frame


def with_texts(frame: pd.DataFrame) -> pd.DataFrame:
    """`frame`, its texts as they are."""
    coded = frame.select_dtypes("category")
    return frame.astype({name: coded[name].cat.categories.dtype for name in coded})


def others(frame: pd.DataFrame, settings: Sequence[str], shown: Sequence[str | None]) -> list[str]:
    """The settings that vary in `frame` beside those that a figure shows: over these it takes the least."""
    return [name for name in settings if name not in shown and varies(frame[name])]


def varies(values: pd.Series[Any]) -> bool:
    """Whether they are written in several ways."""
    found = values.unique() if values.dtype != object else values
    return len(set(map(str, found))) > 1


def least_over(names: Sequence[str]) -> str:
    """What a figure says of the settings that it takes the least over."""
    return f"least over {', '.join(map(words_of, names))}" if names else ""


def in_order(values: pd.Series[Any]) -> list[Any]:
    """Its values, each once: numbers by size, others as the sweep has them."""
    found = list(dict.fromkeys(values.unique().tolist()))
    return sorted(found) if all(isinstance(value, int | float) for value in found) else found


def named(column: str, value: object) -> str:
    """A value as a figure writes it, in the unit that its column names."""
    if isinstance(value, int | float) and not isinstance(value, bool):
        return unit_of(column).text(value)
    return str(value)


def names_of(column: str, values: Sequence[object]) -> list[str]:
    """Values that differ, as a figure writes them: short, and still different."""
    from lifsim.report.figures.text_size import short_names

    return short_names([named(column, value) for value in values], LONGEST_NAME)
