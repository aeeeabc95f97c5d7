"""Does a file with the name of a module, in the folder where a command is started, do nothing?"""

from __future__ import annotations

import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np
import pytest

from lifsim.processes.pool import Pool
from tests.faults.commands import Command
from tests.workload.texts import trainable

NAMES = ("numpy", "yaml", "random", "pickle", "json", "socket", "lifsim", "numba", "pydantic", "signal",
         "multiprocessing", "distributed", "sitecustomize", "usercustomize")  # fmt: skip
PLANTED = "import os, pathlib; (pathlib.Path(__file__).parent / ('ran-' + pathlib.Path(__file__).stem)).touch()\n"
SPACE = ("--workload", "lenet5_mnist", "--set", "dram.model=ideal", "--vary", "array.rows=1:8")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with a planted module of each name."""
    rng = np.random.default_rng(0)
    np.savez(tmp_path / "data.npz", **{f"x_{part}": rng.random((20, 1, 4, 4)) for part in ("train", "test")},
             **{f"y_{part}": rng.integers(0, 2, 20) for part in ("train", "test")})  # fmt: skip
    (tmp_path / "tiny.yaml").write_text(trainable())
    for name in NAMES:
        (tmp_path / f"{name}.py").write_text(PLANTED)
    return tmp_path


def _ran(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.glob("ran-*"))


@pytest.mark.slow
@pytest.mark.parametrize(
    "arguments",
    [
        ("run", "--workload", "lenet5_mnist", "--set", "dram.model=ideal"),
        ("sweep", *SPACE, "--jobs", "2", "--out", "s"),
        ("study", "--workload", "tiny.yaml", "--data", "data.npz", "--sharing", "none", "--seeds", "2", "--jobs", "2",
         "--epochs", "1", "--out", "study"),
    ],
    ids=lambda arguments: arguments[0],
)  # fmt: skip
def test_planted_modules_do_not_run(folder: Path, arguments: tuple[str, ...]) -> None:
    status, err = Command.start(folder, *arguments).ended()
    assert status == 0, err
    assert _ran(folder) == []


@pytest.mark.slow
def test_a_planted_module_does_not_run_beside_a_cluster(folder: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    pytest.importorskip("distributed")
    from tests.faults.cluster import Cluster

    with Cluster(tmp_path_factory.mktemp("cluster"), 1) as cluster:
        cluster.workers()
        status, err = Command.start(folder, "sweep", *SPACE, "--scheduler", cluster.address, "--out", "s").ended()
    assert status == 0, err
    assert _ran(folder) == []


def _looking() -> Callable[[str], str | None]:
    """What a worker does that is asked where a module would come from."""
    return _origin


def _origin(name: str) -> str | None:
    from importlib.util import find_spec

    found = find_spec(name)
    return None if found is None else found.origin


@pytest.mark.parametrize("entry", ["", "absolute"])
def test_workers_look_elsewhere_even_where_their_parent_looks_in_the_current_folder(
    folder: Path, monkeypatch: pytest.MonkeyPatch, entry: str
) -> None:
    """As under `python -m lifsim`, whose own imports are the business of Python."""
    (folder / "only_here.py").write_text(PLANTED)
    monkeypatch.setenv("PYTHONPATH", str(Path(__file__).parents[2]))  # workers must find this file
    monkeypatch.chdir(folder)
    monkeypatch.setattr(sys, "path", [entry and str(folder), *sys.path])
    pool: Pool[str, str | None] = Pool(partial(_looking), 1)
    try:
        found = dict(pool.answers([*NAMES, "only_here"]))
    finally:
        pool.close()
    assert found["only_here"] is None
    assert not [name for name, origin in found.items() if origin and Path(origin).parent == folder]
    assert found["lifsim"] == str(Path(sys.modules["lifsim"].__file__ or ""))
    assert _ran(folder) == []
