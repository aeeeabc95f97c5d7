"""Figures of a study, the folder that `lifsim study` wrote: its networks as they are."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from lifsim.errors import Fault, InputError
from lifsim.report.figures.drawn import Drawn
from lifsim.report.figures.sheet import Sheet
from lifsim.report.figures.subject import Subject
from lifsim.report.plot.drawing import Asked, Name, Out, drawn
from lifsim.watch import Tally, Watch, unwatched

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from lifsim.engine.data import Dataset
    from lifsim.engine.training.study import Study
    from lifsim.model.network import Network

Item = TypeVar("Item")


def fig6(
    study: Name,
    *,
    threads: int | None = None,
    out: Out = None,
    force: bool = False,
    style: str = "paper",
    size: str | None = None,
    watch: Watch = unwatched,
) -> Figure:
    """Accuracy of weights trained under one sharing and run under another, all pairs. threads: None is all CPUs."""
    from lifsim.cpus import available_cpus
    from lifsim.engine.training.analysis import transfers
    from lifsim.engine.workers import Workers
    from lifsim.report.figures import fig6_transfer
    from lifsim.report.figures.style import canvas, headline

    page, (trained, network, data) = Asked(out, force, style, size).page_beside(lambda: read_study(Path(study)))
    sharings = len({trial.sharing for trial in trained.trials})
    runs = transfers(trained, network, data, Workers(threads or available_cpus()))
    table = fig6_transfer.table(_counted(runs, len(trained.trials) * sharings, "weights under sharings", watch))

    def draw(sheet: Sheet) -> Drawn:
        figure, (axes,) = canvas(sheet, 1, 2.9)
        fig6_transfer.draw(table, axes)
        headline(figure, fig6_transfer.title(table, subject_of(trained, network)))
        return Drawn(figure, table)

    return drawn(draw, page)


def spike_rates(study: Path, asked: Asked) -> Figure:
    """The left half of fig7: how often trained networks fire under each sharing."""
    from lifsim.report.figures import fig7_rates
    from lifsim.report.figures.style import canvas, headline

    page, (trained, network, _) = asked.page_beside(lambda: read_study(study))
    table = fig7_rates.table(trained.trials)

    def draw(sheet: Sheet) -> Drawn:
        figure, (axes,) = canvas(sheet, 1, 2.6)
        fig7_rates.draw(table, axes)
        headline(figure, fig7_rates.title(table, subject_of(trained, network)))
        return Drawn(figure, table)

    return drawn(draw, page)


def subject_of(study: Study, network: Network) -> Subject:
    """The network of a study, which the engine trains in float32, no accelerator."""
    return Subject([network.name], "the engine", [network.timesteps], [int(study.setting["recipe"]["batch"])])


def read_study(folder: Path) -> tuple[Study, Network, Dataset]:
    """The study in `folder`, and the network and images that it was trained with. Raises InputError."""
    from lifsim.config.given_rates import ALL_REPLACED
    from lifsim.config.workload import load_workload
    from lifsim.engine.data import load_dataset
    from lifsim.engine.training.study import open_study

    study = open_study(folder)
    if not study.trials:
        raise InputError(Fault("must hold a trained network: `lifsim study` trains them", source=str(folder)))
    network = load_workload(study.setting["workload"], study.setting["set"], ALL_REPLACED)
    return study, network, load_dataset(study.setting["data"], network)


def _counted(items: Iterable[Item], total: int, work: str, watch: Watch) -> list[Item]:
    """All items; `watch` hears of each."""
    tally, found = Tally(watch, work, total), []
    for item in items:
        found.append(item)
        tally.add(1)
    return found
