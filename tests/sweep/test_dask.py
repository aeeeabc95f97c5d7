"""Does a Dask cluster give the table that one process gives, with inputs that it must be sent and workers that die?"""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest

from lifsim.cli.main import main
from lifsim.errors import InputError
from lifsim.sweeps.evaluate import Evaluator
from lifsim.sweeps.plan import Plan, plan
from lifsim.sweeps.request import options_document, read_request

distributed = pytest.importorskip("distributed")


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a cluster of two worker processes whose folder is not that of the tests."""
    folder = tmp_path_factory.mktemp("cluster")
    with distributed.LocalCluster(
        n_workers=2, threads_per_worker=1, dashboard_address=None, local_directory=str(folder), host="127.0.0.1"
    ) as running:
        yield running.scheduler_address


def _plan(trace: Path) -> Plan:
    given = {"workload": ["lenet5_mnist"], "sharing": ["none", "channel2"], "trace": str(trace)}
    vary = ("buffers.membrane.size_bytes=1KiB:16KiB:+1KiB", "array.rows=8,16")
    return plan(read_request(None, options_document(given, (), vary)))


@pytest.fixture(scope="module")
def trace(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("trace") / "t.npz"
    assert main(["trace", "make", "--workload", "lenet5_mnist", "--out", str(path)]) == 0
    return path


@pytest.mark.slow
def test_a_cluster_gives_the_same_outcomes_with_a_worker_killed_midway(cluster: str, trace: Path) -> None:
    from lifsim.sweeps.dask import DaskCluster

    made = _plan(trace)
    with distributed.Client(cluster) as client:
        victim = next(iter(client.run(os.getpid).values()))
    outcomes = {}
    with DaskCluster(made.job, cluster) as executor:
        for outcome in executor.outcomes(made.points):
            assert outcome.point not in outcomes
            outcomes[outcome.point] = outcome
            if len(outcomes) == 10:
                os.kill(victim, signal.SIGKILL)
    with distributed.Client(cluster) as client:
        deadline = time.monotonic() + 600
        running: set[int] = set()
        while len(running) < 2:  # the scheduler may not know yet that one is dead, which then does not answer
            assert time.monotonic() < deadline
            running = set(client.run(os.getpid, on_error="ignore").values())
        assert victim not in running
    here = Evaluator(made.job)
    assert [outcomes[point] for point in made.points] == [here.outcome(point) for point in made.points]
    assert all(outcome.error is None for outcome in outcomes.values())


def test_a_trace_travels_to_workers_that_cannot_see_it(cluster: str, trace: Path, tmp_path: Path) -> None:
    from lifsim.sweeps.dask import DaskCluster

    moved = tmp_path / "moved.npz"
    moved.write_bytes(trace.read_bytes())
    made = _plan(moved)
    expected = Evaluator(made.job).outcome(5)
    with DaskCluster(made.job, cluster) as executor:
        moved.unlink()
        assert list(executor.outcomes([5])) == [expected]


def test_the_command_stores_the_same_table_from_a_cluster(
    cluster: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    space = ("--workload", "lenet5_mnist", "--sharing", "none,channel4", "--vary", "array.rows=4:8")
    assert main(["sweep", *space, "--out", "here"]) == 0
    assert main(["sweep", *space, "--out", "there", "--scheduler", cluster]) == 0
    for store in ("here", "there"):
        assert main(["store", "export", store]) == 0
    assert Path("here.csv").read_bytes() == Path("there.csv").read_bytes()


def test_an_unreachable_scheduler_is_told(monkeypatch: pytest.MonkeyPatch, trace: Path) -> None:
    from lifsim.processes import cluster
    from lifsim.sweeps import dask

    monkeypatch.setattr(cluster, "CONNECT_SECONDS", 1)
    with pytest.raises(InputError, match=r"--scheduler tcp://127.0.0.1:9: must be the address of a running"):
        dask.DaskCluster(_plan(trace).job, "tcp://127.0.0.1:9")


@pytest.mark.slow
def test_a_scheduler_that_goes_before_the_first_point_is_told(
    cluster: str, trace: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from lifsim.sweeps.dask import DaskCluster

    made = _plan(trace)
    with DaskCluster(made.job, cluster) as executor:

        def closed(*_: object) -> None:
            raise distributed.comm.CommClosedError("in <TCP (closed) ConnectionPool.ncores>")

        monkeypatch.setattr(distributed.Client, "nthreads", closed)
        with pytest.raises(InputError, match=f"the Dask scheduler at {cluster} is gone"):
            next(executor.outcomes(made.points))


def test_workers_that_come_while_a_sweep_runs_are_given_points(
    cluster: str, trace: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """There is one at the first look, and there are nine at those behind it."""
    from lifsim.sweeps import dask

    counts, most = iter([1]), list[int]()
    monkeypatch.setattr(dask.DaskCluster, "_workers", lambda _: next(counts, 9))
    monkeypatch.setattr(dask, "LOOK_SECONDS", 0.0)
    submit = dask._Running.submit

    def counted(self: dask._Running, handfuls: list[tuple[int, ...]]) -> None:
        submit(self, handfuls)
        most.append(len(self))

    monkeypatch.setattr(dask._Running, "submit", counted)
    made = _plan(trace)
    with dask.DaskCluster(made.job, cluster) as executor:
        assert sorted(outcome.point for outcome in executor.outcomes(made.points)) == list(made.points)
    assert most[0] == dask.AHEAD
    assert dask.AHEAD < max(most) <= 9 * dask.AHEAD


@pytest.mark.parametrize("where", ["Parcel", "register_plugin"])
def test_workers_with_other_code_are_told(
    cluster: str, trace: Path, monkeypatch: pytest.MonkeyPatch, where: str
) -> None:
    """What they send has a name that is not known here, or what they are sent has one that they do not know."""
    from lifsim.sweeps import dask

    def unknown(*_: object, **__: object) -> None:
        raise AttributeError("Can't get attribute 'Task'")

    made = _plan(trace)
    told = r"^workers and scheduler must have the LIFSim that this process has: Can't get attribute 'Task'"
    if where == "Parcel":
        monkeypatch.setattr(dask, "_gathered", unknown)
    else:
        monkeypatch.setattr(distributed.Client, "register_plugin", unknown)
    with pytest.raises(InputError, match=told), dask.DaskCluster(made.job, cluster) as executor:
        list(executor.outcomes(made.points[:2]))


def test_workers_of_another_python_are_refused(cluster: str, trace: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Their sums of floats may be rounded otherwise."""
    from lifsim.sweeps import dask

    monkeypatch.setattr(dask, "PYTHON", "3.99")
    with pytest.raises(InputError, match=r"^workers must have the same Python, .*: 3\.\d+ on tcp://.*, 3\.99 here"):
        dask.DaskCluster(_plan(trace).job, cluster)


def test_a_point_that_kills_its_workers_fails_and_those_beside_it_do_not(
    cluster: str, trace: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from lifsim.sweeps import dask

    made, run = _plan(trace), dask._run

    def deadly(plugin: str, points: tuple[int, ...]) -> object:
        """Dask raises this after so many deaths."""
        if 7 in points:
            raise distributed.KilledWorker("task", SimpleNamespace(address="tcp://dead"), 3)
        return run(plugin, points)

    monkeypatch.setattr(dask, "_run", deadly)
    with dask.DaskCluster(made.job, cluster) as executor:
        outcomes = list(executor.outcomes(made.points[:24]))
    found = {outcome.point: outcome for outcome in outcomes}
    assert sorted(outcome.point for outcome in outcomes) == list(range(24))
    assert {point: outcome.error for point, outcome in found.items() if outcome.error} == {
        7: "the worker that ran it died, 4 times"
    }


def test_results_that_were_lost_are_computed_again(cluster: str, trace: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from lifsim.sweeps import dask

    made, gathered, losses = _plan(trace), dask._gathered, iter([True, False, True])

    async def lossy(futures: list[object]) -> object:
        if next(losses, False):
            raise OSError("gone")
        return await gathered(futures)

    monkeypatch.setattr(dask, "_gathered", lossy)
    with dask.DaskCluster(made.job, cluster) as executor:
        outcomes = list(executor.outcomes(made.points[:24]))
    assert sorted(outcome.point for outcome in outcomes) == list(range(24))
    assert not any(outcome.error for outcome in outcomes)
