"""Sweeps whose processes are killed at random, resumed, and compared with one that nobody disturbed.

python -m tests.faults.kills --seed 1 --sigkills 60 --dask-workers 20 --schedulers 5
"""

from __future__ import annotations

import argparse
import os
import random
import signal
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from io import BytesIO
from pathlib import Path

from lifsim.errors import InputError
from lifsim.sweeps.export import export
from lifsim.sweeps.store import Store
from tests.faults.cluster import Cluster
from tests.faults.commands import Command, leftovers

SPACE = ("sweep", "--workload", "lenet5_mnist", "--sharing", "none,channel2", "--set", "dram.model=ideal")
QUIET = ("stopped by", "the Dask scheduler at", "points are kept in", "compiling ", " new, 0 failed, ", "next: lifsim ")
"""How a line may begin or what it may say that a killed sweep leaves on stderr, one that was at its end, too."""


@dataclass
class Sweeps:
    """Sweeps of `points` points in `folder`, one after the other into a store of its own each. tally: what happened."""

    folder: Path
    points: int
    random: random.Random
    tally: Counter[str] = field(default_factory=Counter)

    @property
    def store(self) -> Path:
        """The store of the sweep that is at work."""
        return self.folder / f"store{self.tally['tables']}"

    def start(self, *options: str, store: Path | None = None) -> Command:
        """Begin the sweep, or go on with it."""
        space = (*SPACE, "--vary", f"array.rows=1:{self.points // 2}")
        return Command.start(self.folder, *space, "--out", str(store or self.store), *options)

    def rows(self) -> int:
        """Rows of the store that is at work."""
        try:
            with Store.read(self.store) as store:
                return len(store.points())
        except InputError:
            return 0

    def has(self, rows: int) -> bool:
        """Whether the store at work has so many."""
        return self.rows() >= rows

    def a_moment(self, command: Command) -> None:
        """Wait: a random time after the start, or until a random count of points is done."""
        if self.random.random() < 0.25:
            time.sleep(self.random.uniform(0, 2))
        else:
            enough = self.rows() + self.random.randint(1, max(self.points // 4, 1))
            command.until(partial(self.has, enough))

    def finish(self, expected: bytes, *options: str) -> None:
        """Go on to the end, undisturbed, and compare the table with the `expected` one."""
        status, err = self.start(*options).ended()
        if status != 0:
            raise AssertionError(f"the sweep did not end well: {status} {err}")
        self.compare(expected)

    def compare(self, expected: bytes) -> None:
        """The table of the store at work, which is whole, with the `expected` one. The next sweep has a new store."""
        if table(self.store) != expected:
            raise AssertionError(f"the table of {self.store} differs from that of an undisturbed sweep")
        if left := leftovers(self.folder):
            raise AssertionError(f"left behind: {left}")
        self.tally["tables"] += 1


def table(store: Path) -> bytes:
    """The whole table, no point missing or twice."""
    with Store.read(store) as opened:
        table = BytesIO()
        export(opened, "csv", table)
        points = [row.point for row in opened.rows()]
    if points != list(range(len(points))):
        raise AssertionError(f"{store}: points are missing or twice")
    return table.getvalue()


def check_words(err: str) -> None:
    """Nothing but words on stderr."""
    for line in err.splitlines():
        if not any(known in line for known in QUIET):
            raise AssertionError(f"said on stderr: {err}")


def kill_sweeps(sweeps: Sweeps, kills: int, expected: bytes) -> None:
    """SIGKILL for the sweep itself, and as often for one of its workers."""
    while sweeps.tally["sweeps killed"] < kills:
        command = sweeps.start("--jobs", "2")
        sweeps.a_moment(command)
        if (workers := command.others()) and sweeps.random.random() < 0.5:
            os.kill(sweeps.random.choice(workers), signal.SIGKILL)
            sweeps.tally["workers of sweeps killed"] += 1
            sweeps.a_moment(command)
        if command.process.poll() is None:
            command.process.kill()
            sweeps.tally["sweeps killed"] += 1
        status, err = command.ended()
        check_words(err) if status else sweeps.compare(expected)
        command.wait_for_others()
    sweeps.finish(expected, "--jobs", "2")


def kill_dask_workers(sweeps: Sweeps, kills: int, expected: bytes) -> None:
    """SIGKILL for a worker of a cluster of two, again and again while sweeps run on it."""
    with Cluster(sweeps.folder / "cluster", 2) as cluster:
        cluster.workers()
        while sweeps.tally["Dask workers killed"] < kills:
            command = sweeps.start("--scheduler", cluster.address)
            while command.process.poll() is None and sweeps.tally["Dask workers killed"] < kills:
                sweeps.a_moment(command)
                if command.process.poll() is None and (here := cluster.workers(least=1)):
                    os.kill(sweeps.random.choice(here), signal.SIGKILL)
                    sweeps.tally["Dask workers killed"] += 1
                    print(f"{sweeps.tally['Dask workers killed']} Dask workers killed", file=sys.stderr)
            status, err = command.ended()
            if status != 0:
                raise AssertionError(f"a dead worker ended the sweep: {status} {err}")
            sweeps.compare(expected)
        count = len(cluster.workers())
        folders = [path for path in (sweeps.folder / "cluster" / "space").rglob("worker-*") if path.is_dir()]
        if len(folders) != count:
            raise AssertionError(f"dead workers left files behind: {folders}")


def kill_schedulers(sweeps: Sweeps, kills: int, expected: bytes) -> None:
    """SIGKILL for the scheduler; the sweep says so, and goes on with the processes of this machine."""
    for number in range(kills):
        with Cluster(sweeps.folder / f"cluster{number}", 1) as cluster:
            cluster.workers()
            command = sweeps.start("--scheduler", cluster.address)
            enough = sweeps.random.randint(1, sweeps.points // 2)
            command.until(partial(sweeps.has, enough))
            cluster.kill_scheduler()
            status, err = command.ended()
        if status != 2 or f"the Dask scheduler at {cluster.address} is gone" not in err:
            raise AssertionError(f"not said: {status} {err}")
        check_words(err)
        sweeps.tally["schedulers killed"] += 1
        sweeps.finish(expected, "--jobs", "2")


KINDS: dict[str, Callable[[Sweeps, int, bytes], None]] = {
    "sigkills": kill_sweeps,
    "dask-workers": kill_dask_workers,
    "schedulers": kill_schedulers,
}


def run(folder: Path, seed: int, points: int, kills: dict[str, int]) -> Counter[str]:
    """Kill so many of each of KINDS; what happened. Raises AssertionError where anything was lost, twice or left."""
    sweeps = Sweeps(folder, points, random.Random(seed))  # noqa: S311
    status, err = sweeps.start("--jobs", "1", store=folder / "undisturbed").ended()
    if status != 0:
        raise AssertionError(err)
    expected = table(folder / "undisturbed")
    for kind, count in kills.items():
        if count:
            KINDS[kind](sweeps, count, expected)
    return sweeps.tally


def main() -> None:
    """From the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--points", type=int, default=200, help="of each sweep")
    for kind in KINDS:
        parser.add_argument(f"--{kind}", type=int, default=0, help="how many to kill")
    asked = vars(parser.parse_args())
    kills = {kind: asked[kind.replace("-", "_")] for kind in KINDS}
    with tempfile.TemporaryDirectory() as folder:
        tally = run(Path(folder), asked["seed"], asked["points"], kills)
    print("\n".join(f"{count:5} {what}" for what, count in tally.items()))
    print("nothing lost, nothing twice, nothing left; every table is that of an undisturbed sweep")


if __name__ == "__main__":
    main()
