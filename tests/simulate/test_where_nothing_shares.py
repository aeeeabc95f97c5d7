"""Is a sharing under which nothing shares told, drawn and billed as what it is?"""

from __future__ import annotations

from pathlib import Path

import pytest

import lifsim
from lifsim.errors import InputError

NET = """
name: odd
timesteps: 3
input: {shape: [4, 8, 8], encoding: rate}
layers:
- {name: c1, op: conv, out: 4, kernel: 3, padding: 1}
- {name: l1, op: lif, share: false}
- {name: fc, op: linear, out: OUT}
- {name: l2, op: lif}
spikes: {source: rates, provenance: nobody, rates: {c1: 0.2, fc: 0.1}}
"""
IDEAL = ["dram.model=ideal"]


@pytest.fixture
def odd(tmp_path: Path) -> str:
    path = tmp_path / "odd.yaml"
    path.write_text(NET.replace("OUT", "11"))
    return str(path)


def test_a_run_says_that_nothing_shares(odd: str) -> None:
    found = lifsim.run("sata128", odd, "channel4-where-possible", overrides=IDEAL)
    said = "channel4-where-possible is none here: no LIF layers of this network can share"
    assert f"{said} (its file keeps some from it: share: false)" in found.notes
    Path(odd).write_text(Path(odd).read_text().replace(", share: false", "").replace("out: 4", "out: 5"))
    assert said in lifsim.run("sata128", odd, "channel4-where-possible", overrides=IDEAL).notes
    assert not any("is none here" in note for note in lifsim.run("sata128", odd, overrides=IDEAL).notes)


def test_fig9_leaves_such_sharings_out(odd: str, tmp_path: Path) -> None:
    from lifsim.report.plot.computation import breakdown_runs
    from lifsim.simulate.api import read_inputs
    from lifsim.simulate.options import examined_options

    inputs = read_inputs("sata128", odd, "none", lambda: examined_options({}), IDEAL)
    runs = breakdown_runs(inputs, ["none", "channel2-where-possible", "channel4-where-possible"])
    assert [str(run.sharing) for run in runs] == ["none"]
    assert lifsim.plot.fig9(runs, part="top", out=tmp_path / "f.svg") is not None


def test_a_layer_that_does_not_share_keeps_a_register_for_each_output_that_a_fold_of_it_holds(tmp_path: Path) -> None:
    """Folds of c1 hold 16 pixels of 4 filters, 64 states; a quarter of the 128 PEs' are 32."""
    path = tmp_path / "even.yaml"
    path.write_text(NET.replace("OUT", "12"))
    unshared = lifsim.run("sata128", str(path), overrides=IDEAL).totals.area.membrane_registers
    partly = lifsim.run("sata128", str(path), "channel4", overrides=IDEAL).totals.area.membrane_registers
    assert partly == pytest.approx(unshared * 64 / 128)
    path.write_text(NET.replace("OUT", "12").replace(", share: false", ""))
    wholly = lifsim.run("sata128", str(path), "channel4", overrides=IDEAL).totals.area.membrane_registers
    assert wholly == pytest.approx(unshared * 32 / 128)


def test_groups_begin_in_the_networks_order_each_once(odd: str) -> None:
    for groups in (("c1", "c1"), ("fc", "c1")):
        with pytest.raises(InputError, match=r"groups: .* must be layers in the network's order, each once"):
            lifsim.run("sata128", odd, groups=groups, overrides=IDEAL)


def test_scaled_rates_reach_the_accounting_of_satasim(odd: str) -> None:
    half, one, twice = (
        lifsim.run("sata128_satasim", odd, rates_scale=scale).totals.ops.macs_effective for scale in (0.5, 1.0, 2.0)
    )
    assert half < one < twice


def test_a_wrong_model_of_the_dram_blames_no_device() -> None:
    with pytest.raises(InputError) as refused:
        lifsim.load_arch("sata128", ["dram.model=cycel"])
    (fault,) = refused.value.faults
    assert "'cycel' must be one of" in str(fault)
    assert "did you mean 'cycle'" in str(fault)
