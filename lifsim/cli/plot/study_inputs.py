"""What the figures of a study read: its folder, and the network and images that it was trained with."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

import click

from lifsim.errors import Fault, InputError

if TYPE_CHECKING:
    from lifsim.config.network import Network
    from lifsim.engine.data import Dataset
    from lifsim.engine.training.study import Study

Item = TypeVar("Item")


def read_study(folder: Path) -> tuple[Study, Network, Dataset]:
    """The study, its network and its images. Raises InputError."""
    from lifsim.config.workload import load_workload
    from lifsim.engine.data import load_dataset
    from lifsim.engine.training.study import open_study

    study = open_study(folder)
    if not study.trials:
        raise InputError(Fault("must hold a trained network: `lifsim study` trains them", source=str(folder)))
    network = load_workload(study.setting["workload"], study.setting["set"])
    return study, network, load_dataset(study.setting["data"], network)


def counted(items: Iterable[Item], total: int, what: str) -> list[Item]:
    """All items, with a bar on stderr where it is a terminal."""
    import sys

    with click.progressbar(items, total, label=what, file=sys.stderr, hidden=not sys.stderr.isatty()) as bar:
        return list(bar)
