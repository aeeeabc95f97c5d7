"""The axes of a sweep for people: a short one with all its values, a long one by its first two and its last."""

from __future__ import annotations

from lifsim.report.human import human
from lifsim.sweeps.space import Axis
from lifsim.units import counted

ALL = 8
"""Values that are told one by one."""


def axis_words(axis: Axis) -> str:
    """`buffers.weight.size_bytes: 8 KiB, 16 KiB, 32 KiB` or `array.rows: 1, 2, ..., 64 (64 values)`."""
    values = axis.values
    places = range(values.count) if values.count <= ALL else (0, 1, values.count - 1)
    told = [human(axis.key, values[place]) for place in places]
    if values.count > ALL:
        told[2:] = ["...", f"{told[2]} ({counted(values.count, 'value')})"]
    return f"{axis.key}: {', '.join(told)}"
