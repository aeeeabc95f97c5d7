"""Is every job computed once, by as many threads as it is worth?"""

from __future__ import annotations

import threading
import time

import pytest

from lifsim.engine.workers import Workers


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
    this = threading.current_thread().name

    def kernel(start: int, stop: int) -> None:
        if threading.current_thread().name != this:
            raise ValueError(f"jobs {start} to {stop}")
        time.sleep(0.05)

    with pytest.raises(ValueError, match="jobs"):
        Workers(2).run(kernel, 8)
