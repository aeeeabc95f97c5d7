"""How long does a user wait, and how much memory does it take? Whole processes, from the shell.

    pytest benchmarks/bench_cli.py --benchmark-only -s

LIFSIM_REFERENCE names a folder with spike_traces/vgg16_cifar10.npz; without it the run on the real trace is skipped.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from pytest_benchmark.fixture import BenchmarkFixture

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


@pytest.mark.parametrize("case", CASES)
def test_from_the_shell(case: str, benchmark: BenchmarkFixture, tmp_path: Path) -> None:
    trace = Path(os.environ.get("LIFSIM_REFERENCE", "")) / "spike_traces" / "vgg16_cifar10.npz"
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
