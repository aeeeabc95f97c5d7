"""Where no object file can be loaded, does Numba's own compiler do the same work to the same figures?"""

from __future__ import annotations

import logging
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import lifsim
from lifsim.cli.main import main
from lifsim.config.dram import load_dram
from lifsim.hardware.dram.requests import Requests
from lifsim.hardware.dram.stream import DramStream
from lifsim.hardware.read_buffer import Window, input_fetches
from lifsim.kernels import load, object_file
from lifsim.kernels.kernel import Kernel
from tests.kernels.test_kernel import TOTAL


def _simulation() -> Any:
    result = lifsim.run(workload="lenet5_mnist", overrides=["dram.model=cycle", "dram.device=ddr4_2400"])
    return result.totals, result.layers.to_dict()


def _bandwidth() -> Any:
    overrides = ["dram.model=bandwidth", "dram.bandwidth_bytes_per_s=1000000000"]
    result = lifsim.run(workload="lenet5_mnist", overrides=overrides)
    return result.totals, result.layers.to_dict()


def _commands() -> Any:
    random = np.random.default_rng(0)
    stream = DramStream(load_dram("hbm2"), log_capacity=100_000)
    addresses = random.integers(0, 1 << 24, 2000).astype(np.uint64)
    arrivals = np.sort(random.integers(0, 20_000, 2000))
    stream.submit(Requests(addresses, random.integers(1, 300, 2000), random.random(2000) < 0.3, arrivals))
    result = stream.finish()
    return result.cycles, result.channels, result.completion_cycles.tolist(), stream.commands.tolist()


def _fetches() -> Any:
    return input_fetches(Window((9, 9), 16, (3, 3), (1, 1), (7, 7)), rows=4, filter_folds=3, buffer_bytes=400)


@pytest.mark.slow
@pytest.mark.parametrize("work", [_simulation, _bandwidth, _commands, _fetches])
def test_numbas_own_compiler_gives_the_same_figures(work: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    figures = {}
    for compiler in load.CHOICES:
        monkeypatch.setenv(load.CHOICE, compiler)
        used = load._loaded.cache_info()
        figures[compiler] = work()
        assert load._loaded.cache_info() != used
    assert figures["library"] == figures["object"] == figures["numba"]


def test_what_llvm_refuses_numba_compiles(
    folder: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def refuse(*_: object) -> None:
        raise RuntimeError("Relocation type not implemented")

    monkeypatch.setenv(load.CHOICE, "object")
    monkeypatch.setattr(object_file, "load_object", refuse)
    with caplog.at_level(logging.WARNING):
        assert TOTAL(np.arange(4), 2) == 12
    assert "Numba compiles a sum: no object file (RuntimeError: Relocation type not implemented)" in caplog.text


def test_numba_calls_what_it_has_compiled_for_an_object_file(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What it makes for one it uses for the other, and LLVM finds each name but once."""
    asks = Kernel("asks a sum", "tests.kernels.small", "asks", TOTAL.parameters, (), (TOTAL,))
    for compiler in ("object", "numba"):
        monkeypatch.setenv(load.CHOICE, compiler)
        assert asks(np.arange(4), 2) == 1 + 12 * 6


def test_code_that_needs_more_than_its_object_file_numba_compiles(
    folder: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv(load.CHOICE, "object")
    assert replace(TOTAL, function="refuses")(np.arange(3), 5) == 5
    assert "refuses must stand for itself, but calls" in caplog.text
    assert not list(folder.glob("*.o"))


@pytest.mark.parametrize(
    ("system", "machine", "expected"),
    [
        ("linux", "x86_64", "library"),
        ("linux", "aarch64", "numba"),
        ("darwin", "arm64", "numba"),
        ("darwin", "x86_64", "numba"),
        ("win32", "AMD64", "numba"),
    ],
)
def test_platforms_where_nobody_has_loaded_one_use_numba(
    system: str, machine: str, expected: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv(load.CHOICE, raising=False)
    monkeypatch.setattr("sys.platform", system)
    monkeypatch.setattr("platform.machine", lambda: machine)
    assert load.compiler() == expected


def test_another_word_is_refused(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv(load.CHOICE, "nunba")
    assert main(["run", "--workload", "lenet5_mnist", "--out", str(tmp_path / "out")]) == 2
    assert (
        "LIFSIM_KERNELS must be one of library, object, numba, is 'nunba'; did you mean 'numba'?"
        in capsys.readouterr().err
    )
