"""Are the figures that README.md tells of fig10 those that it draws?"""

from __future__ import annotations

import re

import pytest

import lifsim
from lifsim.config import defaults
from lifsim.model.sharing import Sharing
from lifsim.report.plot.kinds import BUFFER
from lifsim.report.schedule_kinds import MACHINE, Case, kind_rows
from lifsim.schedule.plan import SCHEDULES
from lifsim.sweeps.values import parse_values
from lifsim.watch import unwatched
from tests.checkout import ROOT


def test_readme_names_every_schedule() -> None:
    """In the section that shows them."""
    (section,) = re.findall(r"^\*\*Schedules\.\*\* (.*?)^\*\*", (ROOT / "README.md").read_text(), re.M | re.S)
    assert [word for word in SCHEDULES if not re.search(rf"(`|--schedule ){word}\b", section)] == []


@pytest.mark.slow
def test_readme_tells_the_bytes_of_fig10(monkeypatch: pytest.MonkeyPatch) -> None:
    """In the order of its sentences."""
    monkeypatch.setattr("lifsim.report.schedule_kinds.KINDS", ("tick", "auto"))
    network, arch = lifsim.load_workload(defaults.FIG10_NETWORKS[-1]), lifsim.load_arch("sata128")
    assert arch.buffers.membrane.size_bytes == 32 << 10
    moved = {}
    for size, names in ((32 << 10, ("none", "channel4", "layer")), (128 << 10, ("layer",))):
        rows = kind_rows([Case(MACHINE, network, 1, size)], [Sharing.parse(name) for name in names], arch, unwatched)
        moved |= {(size >> 10, str(row.sharing), row.kind): row.dram.total / 2**20 for row in rows if row.dram}
    told = [
        moved[32, "none", "tick"],
        moved[32, "none", "auto"],
        moved[32, "channel4", "auto"],
        moved[32, "layer", "auto"],
        moved[128, "layer", "auto"],
    ]
    (sentences,) = re.findall(r"^\*`lifsim plot fig10`: (.*?)\*$", (ROOT / "README.md").read_text(), re.M | re.S)
    sizes = parse_values(BUFFER, defaults.FIG10_BUFFERS)
    largest = sizes[sizes.count - 1]
    assert isinstance(largest, int)
    assert re.findall(r"([0-9.]+) MiB", sentences) == [*(f"{size:.1f}" for size in told), f"{largest >> 20}"]


def test_the_tutorial_of_onnx_prints_the_lines_that_it_runs() -> None:
    """Its file is made by a script, so that its commands find it; a reader sees every line."""
    printed = re.findall(r"```python\n(.*?)```", (ROOT / "docs" / "tutorials" / "onnx.md").read_text(), re.S)
    assert printed[0] == (ROOT / "docs" / "examples" / "residual_onnx.py").read_text()
