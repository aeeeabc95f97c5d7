"""Does a point that fails say where the key stands that it fails by: in a file, or on an axis?"""

from __future__ import annotations

from pathlib import Path

import pytest

from lifsim.config.resolve import find
from lifsim.sweeps.evaluate import Evaluator
from lifsim.sweeps.plan import plan
from lifsim.sweeps.request import options_document, read_request

SHIPPED = find("arch", "sata128").read_text(encoding="utf-8")
NONE = "  membrane: {size_bytes: 0, "


def errors(arch: Path, axis: str) -> list[str]:
    given = {"arch": [str(arch)], "workload": ["lenet5_mnist"], "schedule": ["timestep"]}
    made = plan(read_request(None, options_document(given, ("dram.model=ideal",), (axis,))))
    return [Evaluator(made.job).outcome(point).error or "" for point in made.points]


@pytest.fixture
def arch(tmp_path: Path) -> Path:
    return tmp_path / "own.yaml"


def test_of_a_file(arch: Path) -> None:
    lines = SHIPPED.splitlines()
    (at,) = (number for number, line in enumerate(lines) if line.startswith("  membrane: {size_bytes: "))
    lines[at] = NONE + lines[at].partition(", ")[2]
    arch.write_text("\n".join(lines), encoding="utf-8")
    for error in errors(arch, "buffers.weight.size_bytes=8KiB,16KiB"):
        assert error.startswith(f"{arch}:{at + 1}:14 buffers.membrane.size_bytes: 0 must be > 0")


def test_of_an_axis(arch: Path) -> None:
    arch.write_text(SHIPPED, encoding="utf-8")
    none, some = errors(arch, "buffers.membrane.size_bytes=0,8KiB")
    assert none.startswith("--set buffers.membrane.size_bytes: 0 must be > 0")
    assert not some
