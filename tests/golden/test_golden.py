"""Are the totals of whole runs what they were? A commit that changes them updates totals.csv and says why."""

from __future__ import annotations

import csv
from typing import Any

import pytest

from tests.golden.__main__ import KEPT
from tests.golden.figures import differences, keep, totals
from tests.golden.runs import GoldenRun, golden_runs


def _kept() -> dict[str, dict[str, float]]:
    with KEPT.open(encoding="utf-8", newline="") as file:
        return {row.pop("run"): {key: float(value) for key, value in row.items()} for row in csv.DictReader(file)}


def _some_quick() -> list[Any]:
    """Every eighth run is one of the fast tests, the others are long ones."""
    marks = [() if index % 8 == 0 else (pytest.mark.slow,) for index in range(len(golden_runs()))]
    return [pytest.param(run, id=run.name, marks=mark) for run, mark in zip(golden_runs(), marks, strict=True)]


@pytest.mark.parametrize("run", _some_quick())
def test_totals_are_those_kept(run: GoldenRun) -> None:
    # Sums of floats may differ in the last places between builds of NumPy; counts may not.
    assert totals(run()) == pytest.approx(_kept()[run.name], rel=1e-12)


def test_the_set_is_large_and_every_run_has_its_own_name() -> None:
    names = [run.name for run in golden_runs()]
    assert len(names) == len(set(names)) >= 60
    assert set(names) == set(_kept())


def test_a_changed_figure_is_told(tmp_path) -> None:
    small, large = (GoldenRun("sata128", "lenet5_mnist", "none", {}, (f"array.rows={rows}",)) for rows in (8, 16))
    result = small()
    keep(result, tmp_path)
    assert list(differences(result, tmp_path)) == []
    assert any(line.startswith("cycles.total: ") for line in differences(large(), tmp_path))
