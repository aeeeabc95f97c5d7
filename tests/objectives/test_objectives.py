"""A part of the table: is any objective beaten in its own figure? And does the script say so?"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from tests.objectives.__main__ import main, write
from tests.objectives.table import SCHEDULES, Case, Row, beaten, cases

SMALL = ("lenet5_mnist", "alexnet_cifar10", "vgg9_cifar10", "satasim_bntt")


def _some() -> list[Case]:
    """Of the small ones, drawn once."""
    small = [case for case in cases() if case.workload in SMALL]
    return [small[place] for place in np.random.default_rng(13).choice(len(small), 8, replace=False)]


@pytest.mark.parametrize("case", _some(), ids=str)
def test_no_objective_is_beaten_in_its_own_figure(case: Case) -> None:
    assert list(beaten(case.rows())) == []


def test_every_objective_that_is_beaten_is_told() -> None:
    case = Case("sata128", "lenet5_mnist", "none")
    figures = {"dram": 5.0, "cycles": 7.0, "energy": 9.0}
    better = {"tick": {"cycles": 6.0}, "auto dram": {"energy": 8.0}}
    found = [Row(case, schedule, 1, figures | better.get(schedule, {})) for schedule in SCHEDULES]
    assert list(beaten(found)) == [
        "sata128, lenet5_mnist, none: auto by cycles takes 7, tick 6",
        "sata128, lenet5_mnist, none: auto by energy takes 9, auto dram 8",
    ]


def test_the_table_is_written_line_by_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "table.csv"
    assert write(path, [Case("sata128", "lenet5_mnist", "none")]) == 0
    lines = path.read_text(encoding="utf-8").splitlines()
    assert lines[0] == "arch,workload,sharing,schedule,groups,dram,cycles,energy"
    assert [line.split(",")[3] for line in lines[1:]] == [*SCHEDULES]
    assert "1 cases, an objective is beaten in 0" in capsys.readouterr().out
    assert main([]) == 2
