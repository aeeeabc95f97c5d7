"""From a figure's numbers to the figure, and to its files where they are asked for."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from lifsim.errors import Fault, InputError, collecting
from lifsim.lazy_dataclass import dataclass
from lifsim.report.figures.drawn import Drawn
from lifsim.report.figures.files import Place
from lifsim.report.figures.sheet import Sheet

if TYPE_CHECKING:
    from matplotlib.figure import Figure

Name = str | PathLike[str]
Out = Name | Sequence[Name] | Place | None
"""One file, or the same figure in several formats."""
Read = TypeVar("Read")


@dataclass(frozen=True)
class Page:
    """Where a figure goes, if anywhere, and what it is drawn on."""

    place: Place | None
    sheet: Sheet


@dataclass(frozen=True)
class Asked:
    """The options of every figure: where it goes, and how it looks."""

    out: Out = None
    force: bool = False
    style: str = "paper"
    size: str | None = None

    def page(self, sources: Iterable[Path] = ()) -> Page:
        """Where the figure can be written, in the place of none of its `sources`. Raises InputError with every fault,
        before any work is done."""
        faults: list[Fault] = []
        sheet, place = Sheet(), self._place()
        with collecting(faults):
            sheet = Sheet.of(self.style, self.size)
        if place is not None:
            with collecting(faults):
                place.check(sources)
        if faults:
            raise InputError(faults)
        return Page(place, sheet)

    def page_beside(self, read: Callable[[], Read], sources: Iterable[Path] = ()) -> tuple[Page, Read]:
        """`page`, and what `read` reads. Raises InputError with the faults of both."""
        faults: list[Fault] = []
        with collecting(faults):
            page = self.page(sources)
        with collecting(faults):
            found = read()
        if faults:
            raise InputError(faults)
        return page, found

    def _place(self) -> Place | None:
        if self.out is None or isinstance(self.out, Place):
            return self.out
        names = [self.out] if isinstance(self.out, str | PathLike) else self.out
        return Place(tuple(map(Path, names)), self.force) if names else None


def drawn(draw: Callable[[Sheet], Drawn], page: Page) -> Figure:
    """The figure in the house's style, laid out; written with its numbers beside it if it has a place."""
    from lifsim.report.figures.files import save_figure
    from lifsim.report.figures.fit import fit
    from lifsim.report.figures.style import house_style

    with house_style(page.sheet.style):
        made = draw(page.sheet)
        fit(made.figure, page.sheet)
        made.last()
        if page.place is not None:
            save_figure(made.figure, made.table, page.place)
    return made.figure
