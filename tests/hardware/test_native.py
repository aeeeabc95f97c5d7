"""Is a kernel compiled once, loaded without Numba, and compiled anew when anything that it depends on has changed?"""

from __future__ import annotations

import hashlib
import logging
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from lifsim.hardware import native
from lifsim.hardware.native import Kernel

TOTAL = Kernel("a sum", "tests.hardware.native_kernels", "total", (np.dtype(np.int64), None), ())


@pytest.fixture
def folders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[Path]:
    """The folders of object files, fresh ones; a kernel of this process does not stay loaded."""
    found = [tmp_path / "beside", tmp_path / "cache"]
    monkeypatch.setattr(native, "_folders", lambda: iter(found))
    native._loaded.cache_clear()
    return found


def test_an_array_and_a_number_come_through(folders: list[Path]) -> None:
    assert TOTAL(np.array([1, 2, 39]), 10) == 420


def test_it_is_compiled_once(folders: list[Path], caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING):
        assert TOTAL(np.arange(3), 1) == 3
        native._loaded.cache_clear()
        assert TOTAL(np.arange(3), 1) == 3
    assert [record.getMessage() for record in caplog.records] == ["compiling a sum for this machine: once, up to 20 s"]
    assert len(list(folders[0].iterdir())) == 1


def test_where_the_first_folder_cannot_be_written_the_second_keeps_it(folders: list[Path]) -> None:
    folders[0].write_text("a file, not a folder")
    assert TOTAL(np.arange(3), 1) == 3
    assert len(list(folders[1].iterdir())) == 1


def test_without_any_folder_it_still_runs(folders: list[Path]) -> None:
    for folder in folders:
        folder.write_text("a file, not a folder")
    assert TOTAL(np.arange(3), 1) == 3


def test_other_sources_are_compiled_anew_and_replace_what_was_kept(folders: list[Path]) -> None:
    TOTAL(np.arange(3), 1)
    (before,) = folders[0].iterdir()
    replace(TOTAL, sources=("sram.py",))(np.arange(3), 1)
    (after,) = folders[0].iterdir()
    assert before.name != after.name


def test_a_damaged_object_file_is_compiled_anew(folders: list[Path]) -> None:
    TOTAL(np.arange(3), 1)
    (kept,) = folders[0].iterdir()
    kept.write_bytes(kept.read_bytes()[:-100])
    native._loaded.cache_clear()
    assert TOTAL(np.arange(3), 1) == 3
    checksum, code = kept.read_bytes()[:32], kept.read_bytes()[32:]
    assert hashlib.sha256(code).digest() == checksum


@pytest.mark.parametrize("wrong", [np.arange(3.0), np.arange(6)[::2], np.arange(3, dtype=np.int32)])
def test_an_array_that_it_was_not_compiled_for_is_refused(folders: list[Path], wrong: np.ndarray) -> None:
    with pytest.raises(TypeError, match="total takes contiguous int64"):
        TOTAL(wrong, 1)


def test_a_kernel_that_may_raise_is_refused_when_it_is_compiled(folders: list[Path]) -> None:
    with pytest.raises(AssertionError, match="must stand for itself"):
        replace(TOTAL, function="refuses")(np.arange(3), 1)


def test_a_simulation_does_not_import_numba() -> None:
    code = """
import sys, lifsim
from lifsim.config.dram import load_dram
from lifsim.hardware.dram.requests import sequential
from lifsim.hardware.dram.simulate import simulate
simulate(load_dram("ddr4_2400"), sequential(1 << 16))
lifsim.run(workload="lenet5_mnist", overrides=["dram.model=cycle", "dram.device=ddr4_2400"])
print("numba" in sys.modules)
"""
    for _ in range(2):  # the first of them may compile
        ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, env=os.environ)
    assert ran.stdout.strip() == "False", ran.stderr
