"""Two sides in turn, A B A B, so that whatever else the machine does falls on both."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from os import environ
from pathlib import Path

from benchmarks.frame.figure import Series

LAUNCHER = Path(__file__).with_name("launcher.py")


@dataclass(frozen=True)
class Pair:
    """The rounds of both sides; `theirs` is None where there is no peer on this machine."""

    ours: Series
    theirs: Series | None


@dataclass(frozen=True)
class Command:
    """A whole process. environment: what is added to this one's."""

    words: tuple[str, ...]
    folder: Path
    environment: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Cost:
    """Of one process and its descendants: seconds on the clock, seconds of CPU; MB of the one that had most."""

    wall_s: float
    cpu_s: float
    peak_mb: float


@dataclass(frozen=True)
class ProcessPairs:
    """Whole processes by what they cost."""

    wall_s: Pair
    cpu_s: Pair
    peak_mb: Pair


def lifsim(folder: Path, *arguments: str, checkout: Path | None = None) -> Command:
    """`lifsim` from the shell, in `folder`: this one, or the one of another source tree."""
    chosen = {} if checkout is None else {"PYTHONPATH": str(checkout.resolve())}
    return Command((sys.executable, "-m", "lifsim", *arguments), folder, chosen)


def cost(command: Command) -> Cost:
    """Run it once. Raises RuntimeError, with the end of what it said, where it fails."""
    launched = [sys.executable, "-I", "-S", str(LAUNCHER), *command.words]
    done = subprocess.run(
        launched, cwd=command.folder, env={**environ, **command.environment}, capture_output=True, text=True
    )
    if done.returncode:
        raise RuntimeError(f"{' '.join(command.words)} failed: {done.stderr[-1000:]}")
    return Cost(**json.loads(done.stdout))


def processes(ours: Command, theirs: Command | None, rounds: int, *, warm_up: int = 1) -> ProcessPairs:
    """Both commands in turn, after `warm_up` rounds that fill caches."""
    found: dict[bool, list[Cost]] = {True: [], False: []}
    for number in range(-warm_up, rounds):
        for mine, command in ((True, ours), (False, theirs)):
            if command is not None:
                measured = cost(command)
                found[mine] += [measured] if number >= 0 else []

    def pair(of: Callable[[Cost], float]) -> Pair:
        both = [Series(tuple(map(of, found[mine]))) if found[mine] else None for mine in (True, False)]
        assert both[0] is not None
        return Pair(both[0], both[1])

    return ProcessPairs(pair(lambda each: each.wall_s), pair(lambda each: each.cpu_s), pair(lambda each: each.peak_mb))


def in_process(
    ours: Callable[[], object],
    theirs: Callable[[], object] | None,
    rounds: int,
    *,
    warm_up: int = 1,
    clock: Callable[[], float] = time.perf_counter,
) -> Pair:
    """Seconds of both calls by `clock`, in turn, after `warm_up` rounds that count for nothing."""
    found: dict[bool, list[float]] = {True: [], False: []}
    for number in range(-warm_up, rounds):
        for mine, call in ((True, ours), (False, theirs)):
            if call is not None:
                begun = clock()
                call()
                found[mine] += [clock() - begun] if number >= 0 else []
    return Pair(Series(tuple(found[True])), Series(tuple(found[False])) if found[False] else None)
