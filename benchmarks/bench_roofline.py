"""What this machine does at best: the limits that other figures are held against.

Each is the smallest loop that does what a benchmark has to do at least: no program with the same work is faster.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any

import numba
import numpy as np
from threadpoolctl import threadpool_limits

from benchmarks.frame.figure import Figure
from benchmarks.frame.paired import Command, in_process, processes
from benchmarks.frame.session import Session

compiled: Callable[[Callable[..., Any]], Any] = numba.njit(nogil=True, fastmath=True)

MATRIX, VECTOR, FILTERS, LINES, BURSTS = 2048, 1 << 24, 512, 5_000_000, 50_000_000

SGEMM, TRIAD = "sgemm, threads: {}", "triad, threads: {}"
ADDITIONS = "additions of float32 rows from {}"
PYTHON, NUMPY = "start of bare Python", "start of Python with NumPy"
NEWLINES, BURST_LOOP = "lines of text found", "bursts looked at"
"""Names of the limits, for the benchmarks that take them."""


@compiled
def triad(a: Any, b: Any, c: Any) -> None:
    """a = b + 3 c, all of float32."""
    for i in range(a.size):
        a[i] = b[i] + np.float32(3) * c[i]


@compiled
def add_rows(rows: Any, order: Any, total: Any) -> None:
    """Add rows to a total, as spikes add weights; four at a time, so that the total is seldom read and written."""
    for i in range(0, order.size, 4):
        first, second, third, fourth = order[i], order[i + 1], order[i + 2], order[i + 3]
        for j in range(total.size):
            total[j] += (rows[first, j] + rows[second, j]) + (rows[third, j] + rows[fourth, j])


@compiled
def look_at(addresses: Any, open_row: Any) -> int:
    """The least that a model of a DRAM does for a burst: find its bank and row, and see whether that row is open."""
    hits = 0
    for address in addresses:
        bank, row = (address >> 13) & 15, address >> 17
        hits += open_row[bank] == row
        open_row[bank] = row
    return hits


def figures(session: Session) -> Iterator[Figure]:
    """Arithmetic, memory, starts of processes, text, bursts."""
    yield from _products(session)
    yield from _bandwidths(session)
    yield from _additions(session)
    yield from _starts(session)
    yield _newlines(session)
    yield _bursts(session)


def _rate(name: str, unit: str, call: Callable[[], object], amount: float, rounds: int) -> Figure:
    """`amount` is in the unit without its `a second`."""
    return Figure(name, unit, in_process(call, None, rounds).ours.rate(amount), better="more")


def _products(session: Session) -> Iterator[Figure]:
    a = np.random.default_rng(0).standard_normal((MATRIX, MATRIX), np.float32)
    out = np.empty_like(a)
    for threads in (1, 2):
        with threadpool_limits(threads):
            work = 2e-9 * MATRIX**3
            yield _rate(SGEMM.format(threads), "GFLOP/s", partial(np.matmul, a, a, out), work, session.rounds)


def _bandwidths(session: Session) -> Iterator[Figure]:
    arrays = [np.ones(VECTOR, np.float32) for _ in range(3)]
    for threads in (1, 2):
        parts = list(zip(*(np.split(array, threads) for array in arrays), strict=True))
        with ThreadPoolExecutor(threads) as pool:

            def call(pool: ThreadPoolExecutor = pool, parts: list[Any] = parts) -> None:
                list(pool.map(lambda part: triad(*part), parts))

            yield _rate(TRIAD.format(threads), "GB/s", call, 3e-9 * arrays[0].nbytes, session.rounds)


def _additions(session: Session) -> Iterator[Figure]:
    chance = np.random.default_rng(0)
    for cache, size_bytes in (("L1", 16 << 10), ("L2", 1 << 20)):
        rows = chance.standard_normal((size_bytes // 4 // FILTERS, FILTERS), np.float32)
        order, total = chance.integers(0, len(rows), 200_000), np.zeros(FILTERS, np.float32)
        call = partial(add_rows, rows, order, total)
        yield _rate(ADDITIONS.format(cache), "G/s", call, 1e-9 * FILTERS * len(order), session.rounds)


def _starts(session: Session) -> Iterator[Figure]:
    for name, text in ((PYTHON, "pass"), (NUMPY, "import numpy")):
        found = processes(Command((sys.executable, "-c", text), session.folder), None, session.rounds)
        yield Figure(name, "s", found.wall_s.ours)
        yield Figure(f"{name}, memory", "MB", found.peak_mb.ours)


def _newlines(session: Session) -> Figure:
    file = session.folder / "lines"
    file.write_bytes(b"0x1234ABCD READ 1000\n" * LINES)

    def count() -> int:
        with file.open("rb", buffering=0) as lines:
            return sum(block.count(b"\n") for block in iter(lambda: lines.read(1 << 20), b""))

    assert count() == LINES
    return _rate(NEWLINES, "M lines/s", count, 1e-6 * LINES, session.rounds)


def _bursts(session: Session) -> Figure:
    addresses = np.arange(0, 64 * BURSTS, 64)
    banks = np.zeros(16, np.int64)
    return _rate(BURST_LOOP, "M bursts/s", lambda: look_at(addresses, banks), 1e-6 * BURSTS, session.rounds)
