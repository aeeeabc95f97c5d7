"""Does a sweep begin with the points by which it can tell the time that is left?"""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks.bench_estimate import dry, planned, ratios, sampled, stopped
from benchmarks.kept_record import keep, kept
from benchmarks.sweep_record import Node, replay
from lifsim.sweeps.coarse import DRAWN, CoarseGrid, drawn, without
from lifsim.sweeps.course import course
from lifsim.sweeps.plan import Plan, plan
from lifsim.sweeps.remaining import ByFit, ByGrid, Paced
from lifsim.sweeps.request import options_document, read_request

RECORDS = Path(__file__).parent / "records"

BOUNDS = {
    "layer": (1.13, 1.61, 2.95, 1.50),
    "devices": (1.20, 1.15, 2.25, 1.20),
    "networks": (1.26, 1.20, 2.50, 1.42),
    "failures": (1.35, 1.19, 1.75, 1.22),
    "clocks": (1.29, 1.17, 1.85, 1.41),
}
"""By how much the time left is wrong at most: of a whole sweep of one process, from a tenth of its points on; of one
that goes on with another, of a sample, and of two processes, from a quarter on."""


def _planned(cols: int, sample: int | None = None) -> Plan:
    options = {"workload": ["lenet5_mnist"], "sharing": ["none"]} | ({} if sample is None else {"sample": sample})
    return plan(read_request(None, options_document(options, (), (f"array.cols=1:{cols}", "array.rows=1:4"))))


def test_first_the_coarse_grid_then_some_from_all_over_then_the_others_in_order() -> None:
    made = _planned(20)
    grid, found = CoarseGrid(made.job.space).points(), course(made, made.points, 1)
    assert isinstance(found.rest, ByGrid)
    assert found.of_grid == set(grid)
    others = without(made.points, grid)
    assert list(found.first) == [*grid, *drawn(others)]
    assert list(found.points) == [*found.first, *without(made.points, found.first)]


def test_one_that_goes_on_runs_what_it_has_not_run_of_the_coarse_grid() -> None:
    made = _planned(20)
    grid = CoarseGrid(made.job.space).points()
    known, pending = dict.fromkeys(grid[:5], 1.0), list(without(made.points, grid[:5]))
    found = course(made, pending, 1, known, also=[70, grid[7]])
    assert isinstance(found.rest, ByGrid)
    assert found.of_grid == set(grid[5:])
    assert list(found.first[: len(grid) - 5]) == grid[5:]
    assert 70 in found.first
    assert sorted(found.points) == pending


def test_a_sample_few_points_and_a_grid_of_which_costs_are_missing_are_told_by_a_fit() -> None:
    made, few, some = _planned(20), _planned(1), _planned(20, sample=30)
    for other, pending in ((made, list(made.points)[1:]), (few, few.points), (some, some.points)):
        found = course(other, pending, 2)
        assert isinstance(found.rest, ByFit)
        assert not found.of_grid
        assert set(found.first) == set(drawn(pending))
        assert sorted(found.points) == list(pending)


def test_a_sample_of_a_space_whose_points_are_beyond_64_bits_is_told_by_its_pace() -> None:
    options = {"workload": ["lenet5_mnist"], "sharing": ["none"], "sample": 20}
    vary = [f"buffers.{name}.size_bytes=1KiB:1000000KiB:+1KiB" for name in ("membrane", "weight", "spike_in")]
    made = plan(read_request(None, options_document(options, (), (*vary, "clock_hz=1MHz:100MHz:+1MHz"))))
    assert made.job.space.points == 10**20
    found = course(made, made.points, 2)
    assert isinstance(found.rest, Paced)
    assert sorted(found.points) == list(made.points)


def test_nothing_is_left_of_a_sweep_that_is_over() -> None:
    made = _planned(20)
    for known in ({}, dict.fromkeys(CoarseGrid(made.job.space).points(), 1.0)):
        found = course(made, [], 2, known)
        assert not found.points
        assert found.rest.left.seconds == 0


@given(st.integers(0, 2000))
def test_a_tenth_is_drawn_from_all_over_the_same_each_time(count: int) -> None:
    points = range(7, 7 + count)
    found = drawn(points)
    assert found == drawn(points)
    assert found == sorted(set(found))
    assert DRAWN * count <= len(found) < DRAWN * count + 1
    assert set(found) <= set(points)
    if count > 500:
        assert all(sum(begin <= point < begin + count / 4 for point in found) for begin in range(7, count, count // 4))


def _wrong(told: float) -> float:
    return max(told, 1 / told)


@pytest.mark.parametrize("name", BOUNDS)
def test_the_kinds_of_sweeps_that_are_hardest_to_tell_are_told_so_well(name: str) -> None:
    """Replayed by what their points cost once, the same on every machine."""
    made, record = planned(name), kept(RECORDS / f"{name}.json.gz")
    before = stopped(made, record, 1)
    found = [
        ratios(made, record, 1),
        ratios(made, record, 1, before),
        ratios(sampled(made), record, 1),
        ratios(made, record, 2),
    ]
    for told, bound, since in zip(found, BOUNDS[name], (0.1, 0.25, 0.25, 0.25), strict=True):
        late = [one for share, one in told.items() if share >= since and one is not None]
        assert late
        assert max(map(_wrong, late)) < bound


@pytest.mark.parametrize("name", ["devices", "networks"])
def test_a_dry_run_of_two_processes_measures_the_points_by_which_others_are_told(name: str) -> None:
    said = dry(planned(name), kept(RECORDS / f"{name}.json.gz"), 2)
    assert _wrong(float(said.removeprefix("--dry-run: "))) < 1.25


def test_a_record_is_kept_to_a_microsecond(tmp_path: Path) -> None:
    record: dict[int, Node] = kept(RECORDS / "layer.json.gz")
    keep(record, tmp_path / "again")
    assert replay(kept(tmp_path / "again"), list(record), 2) == replay(record, list(record), 2)
