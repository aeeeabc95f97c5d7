"""Charts: what is drawn, as plain data for the page's scripts, and the same as a table."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict
from typing import TYPE_CHECKING, Any, Protocol

from lifsim.csv_text import csv_text
from lifsim.lazy_dataclass import dataclass
from lifsim.report.quantities import text_of

if TYPE_CHECKING:
    from lifsim.report.html.told import Told


@dataclass(frozen=True)
class Column:
    """A column of a table. unit: as in `Quantity` (`B`, pJ, s, share, '' for counts), None for texts."""

    name: str
    unit: str | None = None

    def text(self, value: Any) -> str:
        """A value with its unit; a dash if it is missing."""
        if value is None:
            return "-"
        return str(value) if self.unit is None else text_of(value, self.unit)

    @property
    def title(self) -> str:
        """With the unit that the numbers of a CSV have."""
        return f"{self.name} [{self.unit}]" if self.unit else self.name


@dataclass(frozen=True)
class Table:
    """Numbers as they are. The first column names the rows."""

    columns: tuple[Column, ...]
    rows: tuple[tuple[Any, ...], ...]

    @property
    def texts(self) -> list[list[str]]:
        """[rows, columns] with units."""
        return [[column.text(value) for column, value in zip(self.columns, row, strict=True)] for row in self.rows]

    @property
    def csv(self) -> str:
        """Numbers in full, units in the heads of columns."""
        titles = [column.title for column in self.columns]
        return csv_text(titles, (dict(zip(titles, row, strict=True)) for row in self.rows))


@dataclass(frozen=True)
class Series:
    """Bars of one colour, an index of the palette, one a category."""

    name: str
    colour: int
    values: tuple[float, ...]


class Mark(Protocol):
    """How a chart is drawn. `kind` names the script that draws it."""

    @property
    def kind(self) -> str:
        """The name of its script in assets/js."""


@dataclass(frozen=True)
class Bars:
    """Bars that lie, a line a category, the first on top; behind each other if stacked, else below each other."""

    unit: str
    categories: tuple[str, ...]
    series: tuple[Series, ...]
    stacked: bool = True
    kind: str = "bars"


@dataclass(frozen=True)
class Cloud:
    """Points of one look: (x, y, name)."""

    name: str
    colour: int
    points: tuple[tuple[float, float, str], ...]
    whole: bool = False


@dataclass(frozen=True)
class Line:
    """Straight pieces through (x, y)."""

    name: str
    points: tuple[tuple[float, float], ...]
    dashed: bool


@dataclass(frozen=True)
class Points:
    """Points under lines, on two logarithmic axes."""

    x_name: str
    y_name: str
    unit: str
    clouds: tuple[Cloud, ...]
    lines: tuple[Line, ...]
    kind: str = "points"


@dataclass(frozen=True)
class Curve:
    """Steps in a panel: from each `at` on as high as its value."""

    name: str
    colour: int
    values: tuple[float, ...]


@dataclass(frozen=True)
class Panel:
    """A small picture over the time axis. at: where its steps begin; stacked: whether curves stand on each other; top:
    what there is room for, None: as high as it gets."""

    title: str
    unit: str
    at: tuple[float, ...]
    curves: tuple[Curve, ...]
    top: float | None = None


@dataclass(frozen=True)
class Lanes:
    """A lane a layer, in it a band a timestep. pieces: (lane, timestep from 0, begin, end, top, bottom), the last two
    as shares of the band; borders: (lane behind which a group ends, what waits there)."""

    names: tuple[str, ...]
    timesteps: int
    pieces: tuple[tuple[float, ...], ...]
    borders: tuple[tuple[int, str], ...]


@dataclass(frozen=True)
class Timed:
    """Panels below each other over one time axis of 0 to `end` cycles, lanes above them if there are any."""

    end: float
    panels: tuple[Panel, ...]
    lanes: Lanes | None = None
    kind: str = "timed"


@dataclass(frozen=True)
class Chart:
    """key: its name among files and anchors; caption: what a reader must know to read it; said: what it shows, in
    words, for those who do not see it."""

    key: str
    title: str
    caption: str
    said: str
    mark: Mark
    table: Table

    @property
    def data(self) -> dict[str, Any]:
        """What the scripts take."""
        return asdict(self.mark)  # type: ignore[call-overload, no-any-return]


@dataclass(frozen=True)
class Absent:
    """A chart that cannot be drawn for a run, and why."""

    title: str
    why: str


Draw = Callable[["Told"], Chart | Absent]
"""Makes one kind of chart for a run."""
