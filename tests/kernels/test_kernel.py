"""Is a kernel compiled once, loaded without Numba, and compiled anew when anything that it depends on has changed?"""

from __future__ import annotations

import logging
import os
import subprocess
import sys
from dataclasses import replace
from importlib.metadata import version
from pathlib import Path

import numpy as np
import pytest

from lifsim.kernels import load
from lifsim.kernels.cache import Cache
from lifsim.kernels.kernel import Kernel, release
from tests.kernels.conftest import forget

TOTAL = Kernel("a sum", "tests.kernels.small", "total", (np.dtype(np.int64), None), ())


def object_files(folder: Path) -> list[Path]:
    return sorted(folder.glob("*.o"))


@pytest.mark.parametrize("compiler", load.CHOICES)
def test_an_array_and_a_number_come_through(compiler: str, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(load.CHOICE, compiler)
    assert TOTAL(np.array([1, 2, 39]), 10) == 420


@pytest.mark.parametrize("compiler", load.CHOICES)
def test_it_is_compiled_once(
    compiler: str, folder: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv(load.CHOICE, compiler)
    with caplog.at_level(logging.WARNING):
        assert TOTAL(np.arange(3), 1) == 3
        forget()
        assert TOTAL(np.arange(3), 1) == 3
    (said,) = (record.getMessage() for record in caplog.records)
    assert said == "compiling a sum for this machine: once, about 1 s, more if it is busy"


def test_other_sources_are_compiled_anew(folder: Path) -> None:
    TOTAL(np.arange(3), 1)
    replace(TOTAL, sources=("hardware/sram.py",))(np.arange(3), 1)
    assert len(object_files(folder)) == 2


def test_a_damaged_object_file_is_replaced(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(load.CHOICE, "object")
    TOTAL(np.arange(3), 1)
    (kept,) = object_files(folder)
    kept.write_bytes(kept.read_bytes()[:-100])
    forget()
    assert Cache(folder).read(kept.name) is None
    assert TOTAL(np.arange(3), 1) == 3
    assert Cache(folder).read(kept.name) is not None


@pytest.mark.parametrize("wrong", [np.arange(3.0), np.arange(6)[::2], np.arange(3, dtype=np.int32)])
def test_an_array_that_it_was_not_compiled_for_is_refused(folder: Path, wrong: np.ndarray) -> None:
    with pytest.raises(TypeError, match="total takes contiguous int64"):
        TOTAL(wrong, 1)


@pytest.mark.parametrize(("compiler", "imported"), [("library", "False False"), ("object", "False True")])
def test_a_simulation_does_not_import_numba(compiler: str, imported: str) -> None:
    code = """
import sys, lifsim
from lifsim.config.dram import load_dram
from lifsim.hardware.dram.requests import sequential
from lifsim.hardware.dram.simulate import simulate
simulate(load_dram("ddr4_2400"), sequential(1 << 16))
lifsim.run(workload="lenet5_mnist", overrides=["dram.model=cycle", "dram.device=ddr4_2400"])
print("numba" in sys.modules, "llvmlite" in sys.modules)
"""
    environment = os.environ | {load.CHOICE: compiler}
    for _ in range(2):  # the first of them may compile
        ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, env=environment)
    assert ran.stdout.strip() == imported, ran.stderr


def test_it_is_of_its_compilers(monkeypatch: pytest.MonkeyPatch) -> None:
    assert version("numba") in release("numba")
    assert version("llvmlite") in release("llvmlite")
    assert release("click") == version("click")  # it has no file that tells
    digests = {TOTAL.digest}
    for package in ("numba", "llvmlite"):
        with monkeypatch.context() as context:
            context.setattr(
                "lifsim.kernels.kernel.release", lambda one, other=package: release(one) + (one == other) * "x"
            )
            digests.add(TOTAL.digest)
    with monkeypatch.context() as context:
        context.setattr(np, "__version__", "another")
        digests.add(TOTAL.digest)
    assert len(digests) == 4
