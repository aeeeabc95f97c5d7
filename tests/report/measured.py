"""What stands where in a figure: measured, not looked at."""

from __future__ import annotations

import itertools
from collections.abc import Iterator

from matplotlib.axis import Axis
from matplotlib.figure import Figure
from matplotlib.text import Text
from matplotlib.transforms import Bbox

SLACK_PX = 1.0


def words(figure: Figure) -> list[Text]:
    """Every text that is drawn: of ticks, those inside the limits of their axis."""
    figure.draw_without_rendering()
    axes = [one for one in figure.axes if one.get_visible()]
    axis_of = [axis for one in axes for axis in (one.xaxis, one.yaxis)]
    ticks = {id(tick) for axis in axis_of for tick in _all_ticks(axis)}
    drawn = {id(tick) for axis in axis_of for tick in _drawn_ticks(axis)}
    hidden = {id(text) for one in figure.axes if not one.get_visible() for text in one.findobj(Text)}
    found = [text for text in figure.findobj(Text) if isinstance(text, Text) and text.get_text().strip()]
    seen = {id(text): text for text in found if text.get_visible() and id(text) not in hidden}
    return [text for key, text in seen.items() if key not in ticks or key in drawn]


def _all_ticks(axis: Axis) -> Iterator[Text]:
    for tick in (*axis.get_major_ticks(), *axis.get_minor_ticks()):
        yield from (tick.label1, tick.label2)


def _drawn_ticks(axis: Axis) -> Iterator[Text]:
    low, high = sorted(axis.get_view_interval())
    slack = 1e-9 * (high - low)
    for tick in (*axis.get_major_ticks(), *axis.get_minor_ticks()):
        if low - slack <= tick.get_loc() <= high + slack:
            yield tick.label1


def box_of(text: Text) -> Bbox:
    """Of its letters; the line that leads from an annotation to its point is none of them."""
    return Text.get_window_extent(text)


def overlapping(figure: Figure) -> list[tuple[str, str]]:
    """Pairs of texts that cover each other; those at an angle, whose boxes are larger than they are, left out."""
    boxes = [(text.get_text(), box_of(text).padded(-SLACK_PX)) for text in words(figure)
             if text.get_rotation() % 90 == 0]  # fmt: skip
    return [(a, b) for (a, one), (b, other) in itertools.combinations(boxes, 2) if one.overlaps(other)]


def cut(figure: Figure) -> list[str]:
    """Texts that the edge of the figure cuts."""
    width, height = figure.get_size_inches() * figure.dpi
    boxes = ((text.get_text(), box_of(text)) for text in words(figure))
    return [
        text for text, box in boxes
        if min(box.x0, box.y0) < -SLACK_PX or box.x1 > width + SLACK_PX or box.y1 > height + SLACK_PX
    ]  # fmt: skip


def keys(figure: Figure, *names: str) -> list[str]:
    """Texts with an underscore that is in none of `names`, which users have given."""
    found = []
    for text in words(figure):
        said = text.get_text().replace("\n", "")
        for name in names:
            said = said.replace(name, "")
        if "_" in said:
            found.append(text.get_text())
    return found


def smallest_pt(figure: Figure) -> float:
    """Of all texts."""
    return min(float(text.get_fontsize()) for text in words(figure))
