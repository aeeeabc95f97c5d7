"""Is the engine's machine code made once among all processes, told and watched, and is nothing left to compile?"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from lifsim.engine import rehearsal
from lifsim.engine.rehearsal import PARTS, Part, ready
from lifsim.kernels import cache as caches
from lifsim.kernels import shipped
from lifsim.kernels.cache import FOLDER, Cache
from lifsim.kernels.shipped import OVERLOAD

SHOW = """
import json, sys
from lifsim.engine.rehearsal import PARTS, ready
seen = {}
ready(sys.argv[1:], "float32", lambda work, done, total: seen.update({work: (done, total)}))
print(json.dumps(seen))
"""
TRAIN = "train --workload digits_cnn --epochs 1 --shift 1 --force --out weights.npz"
COMMANDS = (
    "train --workload har_fcn --sharing layer --membranes reversed --epochs 1 --threads 2 --out har.npz",
    "train --workload digits_cnn --sharing channel2 --membranes recomputed --surrogate triangle --epochs 1 --threads 2"
    " --out 2.npz",
    "gradients --workload digits_cnn --weights weights.npz",
    "gradients --workload lenet5_mnist --data random --weights calibrated --batch 2",
    "trace record --workload digits_cnn --weights weights.npz --input digits --threads 2 --out spikes.npz",
    "trace record --workload vgg9_cifar10 --membranes u.npz --threads 3 --out vgg9.npz",
)
"""All that there is of convolutions, norms, pools and neurons."""
THREADS = (2, 1, 3)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A cache folder of the test's own, and parts that take no time."""
    monkeypatch.setenv(FOLDER, str(tmp_path / "cache"))
    monkeypatch.setattr(shipped, "FOLDER", tmp_path / "package")
    caches._opened.cache_clear()
    yield tmp_path / "cache"
    caches._opened.cache_clear()


@pytest.fixture
def played(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Which parts this process has made; none is made beside it."""
    found: list[str] = []

    def part(name: str) -> Part:
        return Part(name, lambda real, _: found.append(f"{name} {real}"), seconds=3, functions=1)

    monkeypatch.setattr(rehearsal, "PARTS", {name: part(name) for name in PARTS})
    monkeypatch.setattr(rehearsal, "available_cpus", lambda: 1)
    return found


@pytest.mark.usefixtures("folder")
def test_a_part_is_compiled_once_for_each_precision(played: list[str], caplog: pytest.LogCaptureFixture) -> None:
    ready(("inference",), "float32")
    ready(("inference", "training"), "float32")
    ready(("inference",), "float64")
    ready(("inference", "training"), "float32")
    assert played == ["inference float32", "training float32", "inference float64"]
    said = [record.getMessage() for record in caplog.records]
    assert said == [
        f"compiling the engine ({name}) for this machine: once, about 3 s, more if it is busy"
        for name in ("inference", "training", "inference")
    ]


@pytest.mark.usefixtures("folder")
def test_the_stated_time_of_two_parts_is_the_sum_of_theirs(played: list[str], caplog: pytest.LogCaptureFixture) -> None:
    ready(tuple(PARTS), "float32")
    (record,) = caplog.records
    assert "the engine (inference, training) for this machine: once, about 6 s" in record.getMessage()
    assert len(played) == 2


def test_code_shipped_in_the_package_is_not_compiled_again(
    folder: Path, played: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ready(("inference",), "float32")
    (mark,) = folder.glob(f"*{rehearsal.SUFFIX}")
    (tmp_path / "package").mkdir()
    monkeypatch.setattr(shipped, "FOLDER", tmp_path / "package")
    monkeypatch.setattr(rehearsal, "of_level", lambda _: rehearsal.this_processor())
    (tmp_path / "package" / mark.name).touch()
    mark.unlink()
    ready(("inference",), "float32")
    if rehearsal.this_processor().level is not None:
        assert played == ["inference float32"]


def test_without_a_cache_each_process_compiles_what_it_needs(
    folder: Path, played: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Cache, "is_writable", property(lambda _: False))
    ready(("inference",), "float32")
    folder.parent.joinpath("file").touch()
    monkeypatch.setenv(FOLDER, str(folder.parent / "file" / "cache"))
    ready(("inference",), "float32")
    assert played == []


def test_a_waiting_process_says_which_one_compiles(
    folder: Path, played: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    hold = "import sys, time\nfrom lifsim.kernels.cache import user_cache\nwith user_cache().lock(of='inference.'):"
    script = f"{hold}\n print('held', flush=True)\n sys.stdin.read()"
    monkeypatch.setattr(caches, "LOOK_S", 0.05)
    holder = subprocess.Popen(
        [sys.executable, "-c", script], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=os.environ
    )
    assert holder.stdin
    assert holder.stdout
    seen: list[str] = []

    def watch(work: str, done: int, total: int) -> None:
        seen.append(work)
        if holder.stdin and len(seen) == 3:
            assert played == []
            holder.stdin.close()

    try:
        assert holder.stdout.readline() == "held\n"
        ready(("inference",), "float32", watch)
    finally:
        holder.kill()
        holder.wait()
    assert set(seen) == {f"waiting for process {holder.pid}, which compiles"}
    assert played == ["inference float32"]


@pytest.mark.usefixtures("folder")
def test_parts_of_a_compiling_process_that_died_are_compiled_here(
    played: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    class Dead:
        pid = 1

        def __init__(self, _: bytes) -> None:
            self.connection = self

        def begin(self) -> None:
            raise BrokenPipeError

        def poll(self, _: float) -> bool:
            raise EOFError

        def ask_to_end(self) -> None:
            played.append("ended")

        def end(self, _: float) -> int:
            return -9

    monkeypatch.setattr(rehearsal, "Worker", Dead)
    monkeypatch.setattr(rehearsal, "available_cpus", lambda: 2)
    ready(tuple(PARTS), "float32")
    assert played == ["inference float32", "ended", "training float32"]


@pytest.mark.usefixtures("folder")
@pytest.mark.parametrize("refusal", [OSError, ValueError])
def test_without_a_second_process_this_one_compiles_all_parts(
    refusal: type[Exception], played: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(_: bytes) -> None:
        raise refusal

    monkeypatch.setattr(rehearsal, "Worker", refuse)
    monkeypatch.setattr(rehearsal, "available_cpus", lambda: 2)
    ready(tuple(PARTS), "float32")
    assert played == ["inference float32", "training float32"]


@pytest.mark.slow
def test_parts_compile_in_parallel_and_leave_no_process(tmp_path: Path) -> None:
    environment = os.environ | {FOLDER: str(tmp_path / "cache")}

    def said(*words: str) -> subprocess.CompletedProcess[str]:
        run = [sys.executable, *words]
        return subprocess.run(run, cwd=tmp_path, env=environment, capture_output=True, text=True, check=True)

    made = said("-c", SHOW, "inference", "training")
    seen: dict[str, Any] = json.loads(made.stdout)
    assert made.stderr.count("compiling") == 1
    assert seen["compiling the engine (inference): functions"] == [PARTS["inference"].functions] * 2
    kept = sorted((tmp_path / "cache").glob(f"*{OVERLOAD}"))
    again = said("-c", SHOW, "inference", "training")
    assert (json.loads(again.stdout), again.stderr) == ({}, "")
    trained = set()
    for command in (*(f"{TRAIN} --threads {threads}" for threads in THREADS), *COMMANDS):
        said("-m", "lifsim", *command.split())
        assert sorted((tmp_path / "cache").glob(f"*{OVERLOAD}")) == kept, command
        trained.add((tmp_path / "weights.npz").read_bytes())
    assert len(trained) == 1


@pytest.mark.slow
def test_the_stated_numbers_of_functions_are_right(tmp_path: Path) -> None:
    run = [sys.executable, "-c", SHOW, "training"]
    done = subprocess.run(
        run, env=os.environ | {FOLDER: str(tmp_path)}, capture_output=True, text=True, check=True, cwd=tmp_path
    )
    assert json.loads(done.stdout) == {"compiling the engine (training): functions": [PARTS["training"].functions] * 2}
