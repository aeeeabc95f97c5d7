"""The sheet of a figure: a column of a paper, a slide, or a given size."""

from __future__ import annotations

import re

from lifsim.errors import Fault, InputError, did_you_mean, shown
from lifsim.lazy_dataclass import dataclass

_INCHES = {"in": 1.0, "cm": 1 / 2.54, "mm": 1 / 25.4}
_SIZE = re.compile(r"\s*(\d+(?:\.\d*)?)\s*(in|cm|mm)?\s*[x×]\s*(\d+(?:\.\d*)?)\s*(in|cm|mm)\s*", re.ASCII)
LEAST_IN, MOST_IN = 1.5, 40.0
"""Of either side of a figure: less holds no panel with words around it, more is a picture of 12,000 pixels."""


@dataclass(frozen=True)
class Style:
    """Where a figure is shown: size of its text, how wide one and two columns are, and pixels of its PNG."""

    name: str
    font_pt: float
    single_in: float
    double_in: float
    dots_per_in: int

    @property
    def scale(self) -> float:
        """How many times larger than on paper lines and text are."""
        return self.font_pt / PAPER.font_pt


PAPER = Style("paper", 8.0, 3.5, 7.2, 300)
"""Columns of a journal of two."""
SLIDES = Style("slides", 15.0, 6.5, 13.0, 150)
"""Half of a wide slide, and all of it."""
STYLES = {style.name: style for style in (PAPER, SLIDES)}


@dataclass(frozen=True)
class Sheet:
    """A style, and the size that was asked for; None: each kind of figure has its own."""

    style: Style = PAPER
    size_in: tuple[float, float] | None = None

    @classmethod
    def of(cls, style: str = PAPER.name, size: str | None = None) -> Sheet:
        """By the name of the style and a size such as 3.5x2.6in or 89x66mm. Raises InputError with what is wrong."""
        faults = []
        if style not in STYLES:
            faults.append(Fault(f"{shown(style)} must be one of {', '.join(STYLES)}{_near(style)}", path="style"))
        found = None if size is None else _inches(size, faults)
        if faults:
            raise InputError(faults)
        return cls(STYLES[style], found)

    def inches(self, columns: int, height_in: float) -> tuple[float, float]:
        """Width and height of a figure of one or two columns that is so high on paper."""
        if self.size_in is not None:
            return self.size_in
        of_style, on_paper = (s.single_in if columns == 1 else s.double_in for s in (self.style, PAPER))
        return of_style, height_in * of_style / on_paper


PAPER_SHEET = Sheet()


def _near(style: object) -> str:
    near = did_you_mean(style, STYLES)
    return near if "mean" in near else ""


def _inches(size: object, faults: list[Fault]) -> tuple[float, float] | None:
    match = _SIZE.fullmatch(size) if isinstance(size, str) and len(size) < 40 else None
    if match is None:
        rule = "must be WIDTHxHEIGHT in in, cm or mm, such as 3.5x2.6in or 89x66mm"
        faults.append(Fault(f"{shown(size)} {rule}", path="size"))
        return None
    width, height = float(match[1]) * _INCHES[match[2] or match[4]], float(match[3]) * _INCHES[match[4]]
    if not (min(width, height) >= LEAST_IN and max(width, height) <= MOST_IN):
        rule = f"must be {LEAST_IN:g} to {MOST_IN:g} in each way ({LEAST_IN * 25.4:.0f} to {MOST_IN * 25.4:,.0f} mm)"
        faults.append(Fault(f"{shown(size)} {rule}", path="size"))
    return width, height
