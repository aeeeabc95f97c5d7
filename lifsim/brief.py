"""How an object shows itself: a title and a few figures with units, in a terminal and in a notebook."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field

from lifsim.errors import visible
from lifsim.lazy_dataclass import dataclass


@dataclass(frozen=True)
class Brief:
    """A title, and a few figures as text by their names."""

    title: str
    figures: Mapping[str, str] = field(default_factory=dict)

    def __str__(self) -> str:
        """One line per figure, below the title."""
        width = max(map(len, self.figures), default=0)
        lines = (f"  {name:<{width}}  {text}" for name, text in self.figures.items())
        return "\n".join(map(visible, (self.title, *lines)))

    @property
    def html(self) -> str:
        """A table; names and texts are escaped."""
        from html import escape

        cell = '<{0} style="text-align: left">{1}</{0}>'
        rows = (
            f"<tr>{cell.format('th', escape(visible(name)))}{cell.format('td', escape(visible(text)))}</tr>"
            for name, text in self.figures.items()
        )
        caption = f'<caption style="text-align: left"><b>{escape(visible(self.title))}</b></caption>'
        return f"<table>{caption}<tbody>{''.join(rows)}</tbody></table>"


class Briefly:
    """What shows itself by its `brief`."""

    @property
    def brief(self) -> Brief:
        """What a reader sees first."""
        raise NotImplementedError

    def __repr__(self) -> str:
        return str(self.brief)

    def __str__(self) -> str:
        return str(self.brief)

    def _repr_html_(self) -> str:
        """What notebooks show."""
        return self.brief.html
