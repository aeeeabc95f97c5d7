"""How long does a user wait, and how much memory does it take? Whole processes, from the shell.

    python -m benchmarks run cli
    pytest benchmarks/bench_cli.py --benchmark-only -s

LIFSIM_REFERENCE names a folder with spike_traces/vgg16_cifar10.npz; without it the run on the real trace is skipped.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from pytest_benchmark.fixture import BenchmarkFixture

from benchmarks.bench_roofline import NUMPY, PYTHON
from benchmarks.frame.figure import Figure, Target
from benchmarks.frame.paired import lifsim, processes
from benchmarks.frame.session import Session

RUN = [sys.executable, "-m", "lifsim"]
MEASURED = (
    "import resource, runpy, sys; sys.argv = ['lifsim', *sys.argv[1:]]\n"
    "try: runpy.run_module('lifsim', run_name='__main__')\n"
    "finally: print('peak MB', resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024, file=sys.stderr)"
)
CASES = {
    "help": ["--help"],
    "vgg16 rates": ["run", "--arch", "sata128.yaml", "--sharing", "channel4"],
    "vgg16 trace": ["run", "--arch", "sata128.yaml", "--sharing", "channel4", "--trace", "TRACE"],
    "resnet19 224": ["run", "--workload", "resnet19_imagenet100"],
    "fig9": ["plot", "fig9"],
}
VGG16 = (Target(0.5), Target(120))
TARGETS = {"help": (Target(0.1), None), "vgg16 rates": VGG16, "vgg16 trace": VGG16, "resnet19 224": (Target(1.5), None)}
"""Seconds, and MB."""
LIMITS = {"help": PYTHON}
"""Of cases that no NumPy is needed for."""


def _trace() -> Path:
    return Path(os.environ.get("LIFSIM_REFERENCE", "")) / "spike_traces" / "vgg16_cifar10.npz"


def figures(session: Session) -> Iterator[Figure]:
    """Beside the LIFSim of before: seconds on the clock, and MB at most."""
    for case, (seconds, megabytes) in TARGETS.items():
        words = CASES[case]
        if "TRACE" in words and not _trace().is_file():
            continue
        arguments = [str(_trace()) if word == "TRACE" else word for word in words]
        folders = [session.folder / side for side in ("ours", "past")]
        for folder in folders:
            folder.mkdir(exist_ok=True)
        past = None if session.past is None else lifsim(folders[1], *arguments, checkout=session.past)
        found = processes(lifsim(folders[0], *arguments), past, session.rounds)
        wall, peak, limit = found.wall_s, found.peak_mb, session.limit(LIMITS.get(case, NUMPY))
        yield Figure(case, "s", wall.ours, "the past", wall.theirs, target=seconds, limit=limit)
        yield Figure(f"{case}: memory", "MB", peak.ours, "the past", peak.theirs, target=megabytes)


@pytest.mark.parametrize("case", CASES)
def test_from_the_shell(case: str, benchmark: BenchmarkFixture, tmp_path: Path) -> None:
    trace = _trace()
    if "TRACE" in CASES[case] and not trace.is_file():
        pytest.skip("set LIFSIM_REFERENCE to the folder of reference figures")
    arguments = [str(trace) if word == "TRACE" else word for word in CASES[case]]
    benchmark.pedantic(
        lambda: subprocess.run([*RUN, *arguments], cwd=tmp_path, check=True, capture_output=True), rounds=5
    )
    measured = subprocess.run(
        [sys.executable, "-c", MEASURED, *arguments], cwd=tmp_path, check=True, capture_output=True, text=True
    )
    print(f"\n{case}: {measured.stderr.splitlines()[-1]}")
