"""How cost grows with the size of what is asked for: the exponent of the power that fits it."""

from __future__ import annotations

import json
import resource
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter

import numpy as np

from benchmarks.frame.machine import ROOT

FITTED = 4
"""How many of the largest sizes an exponent is fitted over: what each call costs at least hides the growth of less."""

TRIES, ENOUGH_S = 3, 2.0
"""The least of so many calls is taken, of fewer where these take longer: the first one of a size pays for memory that
the next ones have."""


@dataclass(frozen=True)
class Axis:
    """sizes: ascending. prepare: makes a call of a size; what it does itself is not measured."""

    sizes: tuple[int, ...]
    prepare: Callable[[int], Callable[[], object]]


@dataclass(frozen=True)
class Growth:
    """CPU seconds, and peak memory of the process in MB, at each size."""

    sizes: tuple[int, ...]
    cpu_s: tuple[float, ...]
    peak_mb: tuple[float, ...]

    @property
    def exponent(self) -> float:
        """Of the CPU seconds."""
        return exponent(self.sizes, self.cpu_s)

    @property
    def memory_exponent(self) -> float:
        """Of the memory beyond that of the smallest size, as a share of the whole: 0 where it does not grow."""
        return exponent(self.sizes, self.peak_mb)


def exponent(sizes: Sequence[float], costs: Sequence[float]) -> float:
    """e of cost = c size^e, least squares of the logarithms over the largest sizes."""
    x, y = np.log(sizes[-FITTED:]), np.log(costs[-FITTED:])
    slope, _ = np.polyfit(x, y, 1)
    return float(slope)


def measure(axes: Mapping[str, Axis], name: str, size: int) -> dict[str, float]:
    """In a process of its own, after a call of the smallest size, which compiles and imports what there is to."""
    axis = axes[name]
    axis.prepare(axis.sizes[0])()
    call, found = axis.prepare(size), list[float]()
    begun = perf_counter()
    while len(found) < TRIES and perf_counter() - begun < ENOUGH_S:
        before = _cpu_s()
        call()
        found.append(_cpu_s() - before)
    of_children = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
    return {"cpu_s": min(found), "peak_mb": max(_own_peak_kb(), of_children) / 1024}


def grown(module: str, name: str, axis: Axis, tell: Callable[[str], None] = lambda _: None) -> Growth:
    """Each size measured by `python -m MODULE NAME SIZE`, which prints what `measure` says as JSON."""
    found = []
    for size in axis.sizes:
        words = [sys.executable, "-m", module, name, str(size)]
        done = subprocess.run(words, cwd=ROOT, capture_output=True, text=True)
        if done.returncode:
            raise RuntimeError(f"{' '.join(words)} failed: {done.stderr[-1000:]}")
        found.append(json.loads(done.stdout.splitlines()[-1]))
        tell(f"{name} {size}: {found[-1]['cpu_s']:.3f} CPU s, {found[-1]['peak_mb']:.0f} MB")
    return Growth(axis.sizes, tuple(one["cpu_s"] for one in found), tuple(one["peak_mb"] for one in found))


def _cpu_s() -> float:
    """Of this process and of those that it waited for."""
    used = (resource.getrusage(whose) for whose in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return sum(one.ru_utime + one.ru_stime for one in used)


def _own_peak_kb() -> int:
    """Not getrusage's, which counts the parent of this process, too."""
    status = Path("/proc/self/status").read_text()
    return int(status.partition("VmHWM:")[2].split()[0])
