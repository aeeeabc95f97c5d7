"""Names in figures are names: a $ in one begins no formula."""

from __future__ import annotations

from matplotlib.axis import Axis
from matplotlib.figure import Figure
from matplotlib.text import Text
from matplotlib.ticker import LogFormatter


def take_names_as_they_are(figure: Figure) -> None:
    """Every text of `figure` but the powers of ten at logarithmic axes, which Matplotlib sets as formulas itself."""
    powers = {id(label) for axes in figure.axes for axis in (axes.xaxis, axes.yaxis) for label in _powers(axis)}
    for text in figure.findobj(Text):
        if isinstance(text, Text) and id(text) not in powers:
            text.set_parse_math(False)


def _powers(axis: Axis) -> list[Text]:
    if not isinstance(axis.get_major_formatter(), LogFormatter):
        return []
    return [*axis.get_ticklabels(which="both"), axis.get_offset_text()]
