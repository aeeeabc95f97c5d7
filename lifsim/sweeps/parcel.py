"""Outcomes that travel together, packed where they are computed: who keeps the store does not unpack them.

A row is that of the store (`lifsim.sweeps.packed_rows`), but for two things that only the store knows: a word is named
by its place in the parcel, and there is no sum yet at the end.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from functools import lru_cache
from typing import Any, Self

from lifsim.lazy_dataclass import dataclass
from lifsim.sweeps.layout import WORD, Layout, kind_of
from lifsim.sweeps.outcome import Outcome
from lifsim.sweeps.stored_row import as_text, plain

Settings = Mapping[str, Any]


@dataclass(frozen=True)
class Parcel:
    """points, rows, errors, seconds, places: of each outcome, places that of its layout. layouts: as text; words: as
    JSON; each once, in the order in which the outcomes have them."""

    points: tuple[int, ...]
    rows: tuple[bytes, ...]
    errors: tuple[str | None, ...]
    seconds: tuple[float, ...]
    places: tuple[int, ...]
    layouts: tuple[str, ...]
    words: tuple[str, ...]

    @classmethod
    def of(cls, found: Iterable[tuple[Outcome, Settings]]) -> Self:
        """Of outcomes, each with the settings of its point. Raises ValueError where a number is not finite."""
        layouts, words = dict[str, int](), dict[str, int]()
        outcomes, rows, places = list[Outcome](), list[bytes](), list[int]()
        for outcome, settings in found:
            figures = outcome.figures or {}
            values = [*settings.values(), *figures.values()]
            kinds = tuple(map(kind_of, values))
            cells = [
                words.setdefault(as_text(value), len(words)) if kind == WORD else _finite(value)
                for kind, value in zip(kinds, values, strict=True)
            ]
            layout = _layout_of(tuple(settings), tuple(figures), kinds)
            outcomes.append(outcome)
            rows.append(layout.pack(outcome.key, cells))
            places.append(layouts.setdefault(layout.text, len(layouts)))
        return cls(
            tuple(outcome.point for outcome in outcomes),
            tuple(rows),
            tuple(outcome.error for outcome in outcomes),
            tuple(outcome.seconds for outcome in outcomes),
            tuple(places),
            tuple(layouts),
            tuple(words),
        )

    def __len__(self) -> int:
        return len(self.points)

    @property
    def outcomes(self) -> Iterator[Outcome]:
        """Each outcome; its figures are unpacked as they are looked at."""
        layouts = [layout_of(text) for text in self.layouts]
        each = zip(self.points, self.rows, self.errors, self.seconds, self.places, strict=True)
        for point, row, error, seconds, place in each:
            layout = layouts[place]
            figures = Figures(layout, row, self.words) if layout.figures else None
            yield Outcome(point, layout.key(row), figures, error, seconds)

    @property
    def settings(self) -> Iterator[dict[str, Any]]:
        """Of the point of each outcome."""
        for row, place in zip(self.rows, self.places, strict=True):
            layout = layout_of(self.layouts[place])
            kinds = layout.settings.values()
            values = (_value(kind, cell, self.words) for kind, cell in zip(kinds, layout.unpack(row)[1], strict=False))
            yield dict(zip(layout.settings, values, strict=True))


class Figures(Mapping[str, Any]):
    """The figures of a row, by their names."""

    def __init__(self, layout: Layout, row: bytes, words: tuple[str, ...]) -> None:
        self._layout, self._row, self._words = layout, row, words

    def __getitem__(self, name: str) -> Any:
        kind = self._layout.figures[name]
        return _value(kind, self._layout.cell(self._row, name), self._words)

    def __iter__(self) -> Iterator[str]:
        return iter(self._layout.figures)

    def __len__(self) -> int:
        return len(self._layout.figures)


@lru_cache(64)
def layout_of(text: str) -> Layout:
    """That a parcel brings along, parsed once: parcels of a sweep have the same few."""
    return Layout.parse(text)


@lru_cache(64)
def _layout_of(settings: tuple[str, ...], figures: tuple[str, ...], kinds: tuple[str, ...]) -> Layout:
    split = len(settings)
    return Layout(dict(zip(settings, kinds[:split], strict=True)), dict(zip(figures, kinds[split:], strict=True)))


def _value(kind: str, cell: Any, words: tuple[str, ...]) -> Any:
    return plain(words[cell]) if kind == WORD else cell


def _finite(value: float) -> float:
    if value - value != 0:
        raise ValueError(f"{value} must be finite")
    return value
