"""Is every job computed once, by as many threads as it is worth, whatever becomes of the others?"""

from __future__ import annotations

import gc
import os
import subprocess
import sys
import threading
import time
from typing import Any

import numba
import numpy as np
import pytest

from lifsim.engine.crew import Crew
from lifsim.engine.workers import Workers

WORTH = 1 << 20  # elements of a job, so that each is a piece
LONG_S = 60  # a busy machine


@numba.njit(nogil=True)
def counted(start: int, stop: int, counts: Any, row: Any) -> None:
    """Each job adds a row of ones to its own, again and again, in views of it."""
    for job in range(start, stop):
        for _ in range(100):
            here = counts[job, : row.size]
            for column in range(row.size):
                here[column] += row[column]


@numba.njit(nogil=True)
def doubled(start: int, stop: int, counts: Any, row: Any) -> None:
    """Each job adds twice a row to its own."""
    for job in range(start, stop):
        for column in range(row.size):
            counts[job, column] += 2 * row[column]


@numba.njit(nogil=True)
def faulty(start: int, stop: int, counts: Any, bad: int) -> None:
    """Machine code that raises at one job."""
    for job in range(start, stop):
        if job == bad:
            raise ValueError("a bad job")
        counts[job] += 1


@pytest.mark.parametrize("threads", [1, 2, 3])
@pytest.mark.parametrize("jobs", [0, 1, 2, 7, 8, 9, 100])
@pytest.mark.parametrize("elements", [1, 1 << 12, 1 << 20])
def test_each_job_is_computed_once(threads: int, jobs: int, elements: int) -> None:
    computed: list[int] = []

    def kernel(start: int, stop: int, into: list[int]) -> None:
        into.extend(range(start, stop))

    Workers(threads).run(kernel, jobs, computed, elements=elements)
    assert sorted(computed) == list(range(jobs))


def threads_of(workers: Workers, jobs: int, elements: int) -> set[str]:
    """Those that compute jobs which take a while."""
    seen: set[str] = set()

    def kernel(start: int, stop: int) -> None:
        seen.add(threading.current_thread().name)
        time.sleep(0.02 * (stop - start))

    workers.run(kernel, jobs, elements=elements)
    return seen


def test_this_thread_and_others_take_pieces_where_there_is_enough_to_do() -> None:
    workers, this = Workers(2), threading.current_thread().name
    assert threads_of(workers, 8, 10) == {this}
    many = threads_of(workers, 8, 1 << 14)
    assert len(many) == 2
    assert this in many


def test_a_fault_of_another_thread_is_told() -> None:
    this, came = threading.current_thread().name, threading.Event()

    def kernel(start: int, stop: int) -> None:
        if threading.current_thread().name != this:
            came.set()
            raise ValueError(f"jobs {start} to {stop}")
        assert came.wait(LONG_S)

    workers = Workers(2)
    with pytest.raises(ValueError, match="jobs"):
        workers.run(kernel, 8)
    everything_runs(workers)


def everything_runs(workers: Workers) -> None:
    """Machine code and Python."""
    counts, ones, computed = np.zeros((50, 9)), np.ones(7), []
    workers.run(counted, len(counts), counts, ones, elements=WORTH)
    workers.run(lambda start, stop: computed.extend(range(start, stop)), 9, elements=WORTH)
    assert (counts[:, :7] == 100).all()
    assert (counts[:, 7:] == 0).all()
    assert sorted(computed) == list(range(9))


@pytest.mark.parametrize("threads", [1, 2, 3, 40])
@pytest.mark.parametrize("jobs", [0, 1, 2, 7, 1000])
@pytest.mark.parametrize("dtype", [np.float32, np.int64])
def test_each_job_of_machine_code_is_computed_once(threads: int, jobs: int, dtype: type) -> None:
    workers = Workers(threads)
    for _ in range(20):
        counts = np.zeros((jobs, 5), dtype)
        workers.run(counted, jobs, counts, np.ones(5, dtype), elements=WORTH)
        assert (counts == 100).all()


def test_machine_code_works_on_what_numba_takes() -> None:
    """Also on arrays that are not contiguous, and on more than one type in turn."""
    workers, whole = Workers(2), np.zeros((30, 8))
    for ones in (np.ones(4), np.ones(4, np.float32), np.ones(8)[::2], np.ones(4)):
        workers.run(counted, 30, whole[:, ::2], ones, elements=WORTH)
    assert (whole[:, ::2] == 400).all()
    assert (whole[:, 1::2] == 0).all()


def test_kernels_of_the_same_types_are_kept_apart() -> None:
    workers, counts = Workers(2), np.zeros((30, 4))
    for kernel in (counted, doubled, counted, doubled):
        workers.run(kernel, 30, counts, np.ones(4), elements=WORTH)
    assert (counts == 204).all()


@pytest.mark.parametrize("bad", [0, 30, 99])
def test_a_fault_of_machine_code_is_told(bad: int) -> None:
    workers, counts = Workers(3), np.zeros(100)
    for _ in range(50):
        with pytest.raises(ValueError, match="a bad job"):
            workers.run(faulty, 100, counts, bad, elements=WORTH)
    assert counts[bad] == 0
    everything_runs(workers)


def test_what_is_no_argument_of_a_kernel_is_told() -> None:
    workers = Workers(2)
    with pytest.raises(numba.core.errors.TypingError):
        workers.run(counted, 100, object(), np.ones(1), elements=WORTH)
    everything_runs(workers)


@pytest.mark.parametrize("fault", [ValueError, KeyboardInterrupt])
def test_a_fault_of_this_thread_waits_for_the_others(fault: type[BaseException]) -> None:
    this, came, left = threading.current_thread().name, threading.Event(), []

    def kernel(start: int, stop: int) -> None:
        if threading.current_thread().name == this:
            assert came.wait(LONG_S)
            raise fault
        came.set()
        time.sleep(0.05)
        left.append((start, stop))

    workers = Workers(2)
    with pytest.raises(fault):
        workers.run(kernel, 2, elements=WORTH)
    assert len(left) == 1
    everything_runs(workers)


def test_a_job_may_run_jobs() -> None:
    workers, counts = Workers(2), np.zeros((8, 20, 3))

    def kernel(start: int, stop: int) -> None:
        for job in range(start, stop):
            workers.run(counted, 20, counts[job], np.ones(3), elements=WORTH)

    workers.run(kernel, 8, elements=WORTH)
    assert (counts == 100).all()


@pytest.mark.parametrize("shared", [False, True])
def test_two_threads_run_at_once(shared: bool) -> None:
    """Each with workers of its own, or the same ones."""
    one = Workers(2)
    several = [one, one, one] if shared else [one, Workers(2), Workers(3)]
    counts = np.zeros((3, 40, 5))

    def run(which: int) -> None:
        for _ in range(100):
            several[which].run(counted, 40, counts[which], np.ones(5), elements=WORTH)

    threads = [threading.Thread(target=run, args=(which,)) for which in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (counts == 100 * 100).all()


def helpers() -> set[threading.Thread]:
    """Of all workers."""
    return {thread for thread in threading.enumerate() if thread.name.startswith("lifsim-engine")}


def test_helpers_go_with_their_workers() -> None:
    gc.collect()
    before, workers = helpers(), Workers(3)
    everything_runs(workers)
    mine = helpers() - before
    assert len(mine) == 2
    del workers
    gc.collect()
    assert not any(thread.is_alive() for thread in mine)


def test_helpers_sleep_while_there_is_nothing_to_do() -> None:
    workers = Workers(3)
    everything_runs(workers)
    time.sleep(0.1)
    before = time.process_time()
    time.sleep(0.5)
    assert time.process_time() - before < 0.25


def test_no_helper_falls_asleep_beside_work_in_python() -> None:
    """It does so while work is put up by one who believes it awake."""
    crew, this = Crew(1, patient=False), threading.current_thread().name
    reached, going, came = threading.Event(), threading.Event(), threading.Event()

    class Late(threading.Event):
        def clear(self) -> None:
            reached.set()
            assert going.wait(LONG_S)
            super().clear()

    def part() -> None:
        if threading.current_thread().name == this:
            going.set()
            assert came.wait(LONG_S)
        came.set()

    asleep, crew._awake = crew._awake, Late()
    crew._awake.set()
    asleep.set()
    assert reached.wait(LONG_S)
    crew.divide(iter([part, part]))
    crew.dismiss()


SCRIPT = """
import os, sys, threading
import numpy as np
from lifsim.engine.workers import Workers
from lifsim.engine.training.norm_passes import moments
{before}
def run(workers):
    for _ in range(200):
        mean, variance = np.zeros((2, 3, 64))
        workers.run(moments, 12, np.ones((3, 500, 64), np.float32), mean, variance, elements=1 << 20)
        assert (mean == 1).all() and (variance == 0).all()
workers = Workers(3)
run(workers)
{after}
"""
FORK = """
child = os.fork()
run(workers)
assert sum(thread.name.startswith("lifsim-engine") for thread in threading.enumerate()) == 2
if child:
    assert os.waitpid(child, 0)[1] == 0
"""


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("", ""),
        ("", "os._exit(0)"),
        ("", "raise SystemExit"),
        ("", "run(Workers(2)); del workers"),
        ("os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})", ""),
        ("", FORK),
        ("", "os.fork() or run(workers)"),
    ],
    ids=["exit", "abrupt exit", "raised exit", "two workers", "one processor", "fork", "fork without end"],
)
def test_a_process_computes_and_ends(before: str, after: str) -> None:
    if not hasattr(os, "sched_setaffinity"):
        pytest.skip("no such calls on this system")
    command = [sys.executable, "-W", "ignore::DeprecationWarning", "-c", SCRIPT.format(before=before, after=after)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=5 * LONG_S, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
