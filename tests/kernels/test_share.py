"""Where nothing can be kept, do the processes of one sweep compile once among them?"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from lifsim.kernels.cache import FOLDER

ROOT = Path(__file__).parents[2]
PROGRAM = f"""
import os, subprocess, sys
from lifsim.kernels.share import share_cache
from tests.kernels.test_cache import PROGRAM
share_cache()
print(os.environ["{FOLDER}"], flush=True)
children = [subprocess.Popen([sys.executable, "-c", PROGRAM]) for _ in range(2)]
sys.exit(max(child.wait() for child in children))
"""


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    """One whose cache folder is a file."""
    (tmp_path / "cache").write_text("a file, not a folder")
    return os.environ | {FOLDER: str(tmp_path / "cache"), "TMPDIR": str(tmp_path), "LIFSIM_KERNELS": "object"}


def _run(command: list[str], environment: dict[str, str]) -> subprocess.CompletedProcess[str]:
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done


@pytest.mark.slow
def test_children_compile_once_and_leave_nothing(environment: dict[str, str], tmp_path: Path) -> None:
    done = _run([sys.executable, "-c", PROGRAM], environment)
    shared, *answers = done.stdout.split()
    assert "".join(answers) == "33"
    assert done.stderr.count("compiling a sum") == 1
    assert done.stderr.count("every run compiles again") == 1
    assert Path(shared).parent == tmp_path
    assert not Path(shared).exists()


@pytest.mark.slow
def test_a_cache_that_keeps_is_used_as_it_is(environment: dict[str, str], tmp_path: Path) -> None:
    done = _run([sys.executable, "-c", PROGRAM], environment | {FOLDER: str(tmp_path / "good")})
    assert done.stdout.split()[0] == str(tmp_path / "good")
    assert list((tmp_path / "good").glob("*.o"))


@pytest.mark.slow
def test_the_workers_of_a_sweep_compile_once(environment: dict[str, str], tmp_path: Path) -> None:
    command = [sys.executable, "-m", "lifsim", "sweep", "--workload", "lenet5_mnist", "--jobs", "2"]
    command += ["--vary", "buffers.weight.size_bytes=32KiB,64KiB", "--out", str(tmp_path / "sweep")]
    done = _run(command, environment)
    assert done.stderr.count("compiling the step pipeline") == 1, done.stderr
    assert done.stderr.count("every run compiles again") == 1, done.stderr
