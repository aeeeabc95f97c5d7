"""Lays a figure out so that no panel is crushed and no word is cut, or says why that is impossible."""

from __future__ import annotations

import warnings

from matplotlib.figure import Figure, SubFigure

from lifsim.errors import Fault, InputError
from lifsim.report.figures.plain import take_names_as_they_are
from lifsim.report.figures.sheet import MOST_IN, Sheet
from lifsim.report.figures.text_size import width_pt, wrapped

PANEL_EM = (5.0, 4.0)
"""Least width and height of a panel, in sizes of text."""
SLACK_IN, GROWTH = 0.01, 1.2
"""How much a figure grows in a step until everything has room, where nobody asked for a size."""


def fit(figure: Figure, sheet: Sheet) -> None:
    """Lay `figure` out, larger than it is if that takes it and no size was asked for. Raises InputError if the size
    that was asked for has no room for the panels and the words around them."""
    take_names_as_they_are(figure)
    asked = sheet.size_in
    _break_labels(figure)
    while not _fits(figure, sheet):
        width, height = (float(side) * GROWTH for side in figure.get_size_inches())
        if max(width, height) > MOST_IN:
            break
        figure.set_size_inches(width, height)
    if asked is not None and tuple(figure.get_size_inches()) != asked:
        needs = "x".join(f"{side:.1f}" for side in figure.get_size_inches())
        rule = f"has no room for the panels of this figure and the words around them: {needs}in has"
        raise InputError(Fault(f"{asked[0]:.3g}x{asked[1]:.3g}in {rule}", path="size"))


def _break_labels(figure: Figure) -> None:
    """Axis labels that are longer than their axis, and titles wider than their panel, in several lines."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        figure.draw_without_rendering()
    for axes in figure.axes:
        place = axes.get_window_extent()
        middle, edge = (place.x0 + place.x1) / 2, float(figure.bbox.width)
        above = min(1.1 * place.width, 1.96 * min(middle, edge - middle))  # a little beyond the panel, not the figure
        words = ((axes.xaxis.label, place.width), (axes.yaxis.label, place.height), (axes.title, above))
        for label, room in words:
            size = float(label.get_fontsize())
            room_pt = max(room * 72 / figure.dpi, PANEL_EM[1] * size)
            if width_pt(label.get_text(), size) > room_pt:
                lines = label.get_text().split("\n")
                label.set_text("\n".join(part for line in lines for part in wrapped(line, size, room_pt)))


def _fits(figure: Figure, sheet: Sheet) -> bool:
    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always")
        figure.draw_without_rendering()
    if any("collapsed" in str(one.message) for one in told):
        return False
    em = sheet.style.font_pt / 72
    width, height = figure.get_size_inches()
    for axes in figure.axes:
        place = axes.get_position(original=False)
        is_bar = axes.get_label() == "<colorbar>"
        if place.height * height < PANEL_EM[1] * em or (not is_bar and place.width * width < PANEL_EM[0] * em):
            return False
    boxes = [one for axes in figure.axes if (one := axes.get_tightbbox()) is not None]
    parts: list[Figure | SubFigure] = [figure, *figure.subfigs]
    boxes += [artist.get_window_extent() for part in parts for artist in (*part.texts, *part.legends)]
    slack = SLACK_IN * figure.dpi
    right, top = (side * figure.dpi + slack for side in (width, height))
    return all(min(box.x0, box.y0) >= -slack and box.x1 <= right and box.y1 <= top for box in boxes)
