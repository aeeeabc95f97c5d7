"""Figures of a sweep."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lifsim.errors import Fault, InputError
from lifsim.lazy_dataclass import dataclass
from lifsim.report.figures.drawn import Drawn
from lifsim.report.figures.sheet import Sheet
from lifsim.report.plot.drawing import Asked, Name, Out, drawn
from lifsim.sweeps.points import Points
from lifsim.sweeps.result import SweepResult
from lifsim.sweeps.store import Store

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from lifsim.report.figures.sweep_figure import Swept

USUAL_FIGURE = "energy_pj.total"


def sweep(
    swept: SweepResult | Name,
    *,
    x: str | None = None,
    y: str | None = None,
    by: str | None = None,
    heat: tuple[str, str] | None = None,
    pareto: tuple[str, str] | None = None,
    where: Sequence[str] = (),
    out: Out = None,
    force: bool = False,
    style: str = "paper",
    size: str | None = None,
) -> Figure:
    """Lines of the figure `y` (None: energy_pj.total) along the axis `x`, a line per value of `by`; or a map of `y`
    over the two axes of `heat`; or all points in the plane of the two figures of `pareto`, with their front (of very
    many, one of those whose dots would cover each other).

    swept: what `lifsim.sweep` gave back, or the store of a sweep. where: ``key=values``, the points that are drawn. If
    points differ in settings that are not drawn, the lowest is shown, and lines have a band up to the highest.
    """
    drawing = Drawing(x, y, by, heat, pareto)
    drawing.check()
    page = Asked(out, force, style, size).page([] if isinstance(swept, SweepResult) else [Path(swept)])

    def draw(sheet: Sheet) -> Drawn:
        with _swept(swept, where) as found:
            return drawing.of(found, sheet)

    return drawn(draw, page)


@dataclass(frozen=True)
class Drawing:
    """What `sweep` is told to draw."""

    x: str | None = None
    y: str | None = None
    by: str | None = None
    heat: tuple[str, str] | None = None
    pareto: tuple[str, str] | None = None

    def check(self) -> None:
        """Raises InputError unless it is one kind of figure."""
        refuse_unless_one({"x": self.x, "heat": self.heat, "pareto": self.pareto})
        if (self.pareto and self.y) or (self.heat and self.by):
            raise InputError("pareto must stand without y, and heat without by")

    def of(self, found: Swept, sheet: Sheet) -> Drawn:
        """Drawn. Raises InputError if there is nothing to draw."""
        from lifsim.report.figures import sweep_figure
        from lifsim.report.figures.sweep_lines import Shown

        figure = self.y or USUAL_FIGURE
        if self.pareto is not None:
            return sweep_figure.pareto(found, Shown(*self.pareto, self.by), sheet)
        if self.heat is not None:
            return sweep_figure.heat(found, Shown(*self.heat), figure, sheet)
        return sweep_figure.lines(found, Shown(str(self.x), figure, self.by), sheet)


def refuse_unless_one(kinds: Mapping[str, object]) -> None:
    """Raises InputError unless one of `kinds`, by what the user calls them, is given."""
    *others, last = kinds
    given = [name for name, value in kinds.items() if value is not None]
    if len(given) != 1:
        raise InputError(
            Fault(f"one of {', '.join(others)} and {last} must be given, got {', '.join(given) or 'none'}")
        )


@contextmanager
def _swept(swept: SweepResult | Name, where: Sequence[str]) -> Iterator[Swept]:
    from lifsim.report.figures.sweep_figure import Swept

    if isinstance(swept, SweepResult):
        yield Swept(Points.of(swept.rows), swept.timesteps, where)
        return
    with Store.read(Path(swept)) as store:
        yield Swept(Points.stored(store), timesteps_of(store.description), where)


def timesteps_of(description: Mapping[str, Any]) -> dict[str, int]:
    """The timesteps of each network of a store, if it can still be found and is unchanged."""
    from lifsim.config.workload import read_workload
    from lifsim.simulate.resolved import sha256_of

    found = {}
    for key, kept in description.items():
        kind, _, name = key.partition(" ")
        if kind == "workload":
            with suppress(InputError):
                data = read_workload(name).data
                if sha256_of(data) == kept and isinstance(data.get("timesteps"), int):
                    found[name] = data["timesteps"]
    return found
