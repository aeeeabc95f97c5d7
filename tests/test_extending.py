"""Does a member of another package work like a shipped one, once it is installed?"""

from __future__ import annotations

import subprocess
import sys
from importlib.metadata import entry_points
from pathlib import Path

import pytest

import lifsim
from lifsim.cli.main import main
from lifsim.errors import InputError
from lifsim.hardware.array import DATAFLOWS, ArrayShape, Dataflow, Gemm, dense_cycles
from lifsim.registry import KINDS, Registry, registry_of

DOCS = Path(__file__).parents[1] / "docs"
EXAMPLE = DOCS / "extending" / "broadcast"


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The example package, installed into a folder of its own."""
    folder = tmp_path_factory.mktemp("installed")
    source = tmp_path_factory.mktemp("source") / "broadcast"
    source.mkdir()
    for path in EXAMPLE.rglob("*"):
        if path.is_file() and "egg-info" not in str(path) and "__pycache__" not in str(path):
            target = source / path.relative_to(EXAMPLE)
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(path.read_bytes())
    command = [sys.executable, "-m", "pip", "install", "-q", "--no-deps", "--no-index", "--no-build-isolation"]
    subprocess.run([*command, "--target", str(folder), str(source)], check=True, capture_output=True)
    return folder


def _run(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    script = f"import sys; sys.path.append({str(folder)!r}); from lifsim.cli.main import main; sys.exit(main())"
    return subprocess.run([sys.executable, "-c", script, *arguments], capture_output=True, text=True, check=False)


def test_an_installed_dataflow_is_listed_run_and_explained(installed: Path, tmp_path: Path) -> None:
    listed = _run(installed, "list", "dataflows")
    assert "output-stationary with broadcast buses (package lifsim-broadcast)" in listed.stdout
    chosen = ["--workload", "lenet5_mnist", "--set", "array.dataflow=broadcast"]
    ran = _run(installed, "run", *chosen, "--format", "csv", "--out", str(tmp_path / "run"))
    assert ran.returncode == 0, ran.stderr
    explained = _run(installed, "explain", *chosen, "--layer", "conv2")
    assert "nothing: operands are broadcast" in explained.stdout, explained.stderr


def test_without_it_the_name_is_unknown(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["run", "--set", "array.dataflow=broadcast"]) == 2
    assert "'broadcast' must be one of is, os, row_stationary, sata, ws" in capsys.readouterr().err


def test_a_package_that_does_not_load_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    class Broken:
        name, module, dist = "broken", "no_such_module", None

        def load(self) -> None:
            raise ImportError("no such module")

    monkeypatch.setattr(
        "lifsim.registry.entry_points", lambda group: [Broken()] if group == "broken" else entry_points()
    )
    registry: Registry = Registry("dataflow", Dataflow, "lifsim.hardware.array.dataflow", "broken")
    with pytest.raises(InputError, match="dataflow 'broken' of package no_such_module must load"):
        list(registry)


def test_a_name_is_taken_once() -> None:
    with pytest.raises(ValueError, match=r"'os' of .* must have another name"):
        DATAFLOWS.register(type(DATAFLOWS["os"]))


def test_every_shipped_dataflow_runs_and_multiplies_once() -> None:
    gemm, shape = Gemm(64, 27, 16), ArrayShape(8, 4)
    for dataflow in DATAFLOWS.values():
        cycles = dense_cycles(dataflow, gemm, shape, 2, True)
        assert cycles.array * shape.pes >= 2 * gemm.macs
    result = lifsim.run("eyeriss_like", "lenet5_mnist", overrides=("array.dataflow=row_stationary",))
    assert result.totals.cycles.total > 0


def test_the_page_says_of_every_kind_where_its_members_are() -> None:
    page = (DOCS / "extending.md").read_text(encoding="utf-8")
    rows = [line for line in page.splitlines() if line.startswith("|")]
    for kind in KINDS:
        registry = registry_of(kind)
        row = next(row for row in rows if row.startswith(f"| {registry.kind} |"))
        assert f"| {registry.folder.replace('.', '/')}/ | `{registry.group}` |" in row
