"""Axes in units: numbers few enough to read, bytes at binary steps."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

from lifsim.report.figures.words import Unit

if TYPE_CHECKING:
    from matplotlib.axis import Axis

LOG_RATIO = 16
"""An axis whose largest value is that many times its smallest is logarithmic."""
MOST_TICKS = 6
ON_DECADES = 100
"""A logarithmic axis that spans less has ticks between its powers, too."""


def is_wide(values: Sequence[float]) -> bool:
    """Whether values span so much that their axis is logarithmic."""
    return min(values) > 0 and max(values) >= LOG_RATIO * min(values)


def tick_in_units(axis: Axis, unit: Unit) -> str:
    """At most six ticks on `axis`, whose limits are final; returns the unit that its label has to say. A linear axis
    has plain numbers; ticks of a logarithmic one may say their own, then it is ''."""
    from matplotlib.ticker import FuncFormatter, LogLocator, MaxNLocator, MultipleLocator, NullLocator

    low, high = sorted(axis.get_view_interval())
    if axis.get_scale() != "linear":
        subs = (1.0,) if unit.binary or high >= ON_DECADES * low else (1.0, 2.0, 5.0)
        axis.set_major_locator(LogLocator(base=2 if unit.binary else 10, subs=subs, numticks=MOST_TICKS + 1))
        axis.set_minor_locator(NullLocator())
        axis.set_major_formatter(FuncFormatter(lambda value, _: unit.text(value)))
        return "" if unit.told_by_ticks else unit.name
    name, size = unit.scaled(max(abs(low), abs(high)))
    if unit.binary:
        axis.set_major_locator(MultipleLocator(binary_step(high - low)))
    else:
        axis.set_major_locator(MaxNLocator(MOST_TICKS - 1))
    axis.set_major_formatter(FuncFormatter(lambda value, _: f"{value / size:,.7g}"))
    return name


def binary_step(span: float) -> float:
    """The least power of two of which at most six fit into `span` bytes."""
    return float(2 ** max(math.ceil(math.log2(max(span, 1) / MOST_TICKS)), 0))
