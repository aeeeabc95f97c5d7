"""Are the membrane registers billed that the folds of a chain hold while they take turns?"""

from __future__ import annotations

from pathlib import Path

import pytest

import lifsim

NET = """
name: turns
timesteps: 3
input: {shape: [4, 8, 8], encoding: rate}
layers:
- {name: c1, op: conv, out: 12, kernel: 3, padding: 1}
- {name: l1, op: lif}
spikes: {source: rates, provenance: nobody, rates: {c1: 0.2}}
"""


def test_folds_that_take_turns_hold_the_membranes_of_all_their_chains(tmp_path: Path) -> None:
    """12 filters on 6 columns under channel4: whole chains in 4 columns take 3 folds, 2 that take turns move as many
    bytes. Two of these are 12 filters, the 3 chains: 16 rows of 3 membranes, not a 4th of 16 x 6."""
    path = tmp_path / "turns.yaml"
    path.write_text(NET)
    narrow = ["dram.model=ideal", "array.cols=6"]
    alone = lifsim.run("sata128", str(path), overrides=narrow).totals.area.membrane_registers
    shared = lifsim.run("sata128", str(path), "channel4", overrides=narrow)
    assert "alternate" in shared.records[0].counts.tiling
    assert shared.totals.area.membrane_registers == pytest.approx(alone * 48 / 96)
    wide = lifsim.run("sata128", str(path), "channel4", overrides=["dram.model=ideal", "array.cols=4"])
    assert "whole chains" in wide.records[0].counts.tiling
    assert wide.totals.area.membrane_registers == pytest.approx(alone * 16 / 96)
