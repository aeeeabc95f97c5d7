"""Does a sweep that goes on know what the points of its coarse grid took?"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import closing
from pathlib import Path

import pytest

from lifsim.cli.main import main
from lifsim.errors import InputError
from lifsim.sweeps.course import course
from lifsim.sweeps.executor import Executor
from lifsim.sweeps.outcome import Outcome
from lifsim.sweeps.plan import Plan, plan
from lifsim.sweeps.remaining import ByGrid
from lifsim.sweeps.request import options_document, read_request
from lifsim.sweeps.run import kept_points, pending_points, run_points
from lifsim.sweeps.store import Store

VARY = ("array.cols=1:20", "array.rows=1:4")


class Instant(Executor):
    """A point takes as many seconds as its number says, and stops the sweep when it is `last`."""

    def __init__(self, last: int) -> None:
        self._last = last

    def outcomes(self, points: Iterable[int]) -> Iterator[Outcome]:
        for number, point in enumerate(points, start=1):
            yield Outcome(point, f"{point:064x}", {"energy_pj.total": 1.0}, seconds=float(point))
            if number == self._last:
                raise KeyboardInterrupt

    def close(self) -> None:
        """Nothing to end."""


def _planned(sample: int | None = None) -> Plan:
    options = {"workload": ["lenet5_mnist"], "sharing": ["none"]} | ({} if sample is None else {"sample": sample})
    return plan(read_request(None, options_document(options, (), VARY)))


def _stopped(path: Path, made: Plan, after: int) -> None:
    with Store.create_or_open(path, made.job.description()) as store:
        found = course(made, pending_points(made, store), 1, store.costs.kept())
        with pytest.raises(KeyboardInterrupt):
            run_points(made.job, store, found.points, Instant(after), lambda _: None, found.of_grid)


def _run_of(made: Plan, store: Store, grid: Iterable[int]) -> list[int]:
    """Those that have a row."""
    left = set(pending_points(made, store))
    return [point for point in grid if point not in left]


def test_the_coarse_grid_is_gone_on_with_by_what_it_took_before(tmp_path: Path) -> None:
    made = _planned()
    grid = list(course(made, made.points, 1).of_grid)
    _stopped(tmp_path / "s", made, 5)
    with Store.read(tmp_path / "s") as store:
        known = store.costs.kept()
        assert known == {point: float(point) for point in _run_of(made, store, grid)}
        assert len(known) == 5
    _stopped(tmp_path / "s", made, len(grid))
    with Store.read(tmp_path / "s") as store:
        assert store.costs.kept() == {point: float(point) for point in grid}
        found = course(made, pending_points(made, store), 1, store.costs.kept())
        assert isinstance(found.rest, ByGrid)
        assert found.rest.left.known
        assert kept_points(made, store) == store.count == 5 + len(grid)


def test_of_a_sample_only_its_own_points_count_as_kept(tmp_path: Path) -> None:
    _stopped(tmp_path / "s", _planned(sample=30), 20)
    with Store.read(tmp_path / "s") as store:
        assert store.costs.kept() == {}
        assert kept_points(_planned(sample=30), store) == 20
        assert kept_points(_planned(sample=31), store) == len(store.points() & set(_planned(sample=31).points)) < 20
        assert kept_points(_planned(), store) == 20


@pytest.mark.parametrize("seconds", [-1.0, float("inf"), "soon"])
def test_costs_that_are_no_seconds_are_damage(tmp_path: Path, seconds: object) -> None:
    _stopped(tmp_path / "s", _planned(), 5)
    with closing(sqlite3.connect(tmp_path / "s")) as connection:
        connection.execute("UPDATE costs SET seconds = ? WHERE point = 0", (seconds,))
        connection.commit()
    with (
        Store.read(tmp_path / "s") as store,
        pytest.raises(InputError, match=r"damaged: what point 0 took, .*, must be seconds"),
    ):
        store.costs.kept()


def test_a_sweep_keeps_what_its_coarse_grid_took_and_its_message_counts_the_store(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Even where it is stopped between a row and its counting."""
    monkeypatch.chdir(tmp_path)
    asked = ["--workload", "lenet5_mnist", *(word for axis in VARY for word in ("--vary", axis)), "--jobs", "1"]

    def stopped(self: object, outcome: Outcome) -> None:
        raise InputError("stopped")

    with monkeypatch.context() as patch:
        patch.setattr("lifsim.report.sweep_progress.Progress.watch", stopped)
        assert main(["sweep", *asked, "--out", "s"]) == 2
    assert "1 of 80 points are kept in s; the same command goes on" in capsys.readouterr().err
    assert main(["sweep", *asked, "--out", "s"]) == 0
    made = _planned()
    with Store.read(tmp_path / "s") as store:
        assert set(store.costs.kept()) == course(made, made.points, 1).of_grid
        assert store.count == 80
