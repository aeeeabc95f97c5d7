"""Names in figures are plain text: a $ starts no formula, and characters without a font become boxes."""

from __future__ import annotations

from matplotlib.axis import Axis
from matplotlib.figure import Figure
from matplotlib.text import Text
from matplotlib.ticker import FixedFormatter, LogFormatter

from lifsim.report.figures.text_size import drawable


def take_names_as_they_are(figure: Figure) -> None:
    """Every text of `figure` but the powers of ten at logarithmic axes, which Matplotlib sets as formulas itself."""
    axes = [axis for one in figure.axes for axis in (one.xaxis, one.yaxis)]
    powers = {id(label) for axis in axes for label in _powers(axis)}
    for axis in axes:
        names = axis.get_major_formatter()
        if isinstance(names, FixedFormatter):  # its ticks take their texts from here, again and again
            names.seq = [drawable(name) for name in names.seq]
    for text in figure.findobj(Text):
        if isinstance(text, Text) and id(text) not in powers:
            text.set_parse_math(False)
            text.set_text(drawable(text.get_text()))


def _powers(axis: Axis) -> list[Text]:
    if not isinstance(axis.get_major_formatter(), LogFormatter):
        return []
    return [*axis.get_ticklabels(which="both"), axis.get_offset_text()]
