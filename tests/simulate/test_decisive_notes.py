"""Are the assumptions that could change a decision marked, each with a line of its own, and no others?"""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

import lifsim
from lifsim.accounting.basis import stretched
from lifsim.cli.main import main
from lifsim.config.arch import load_arch
from lifsim.note import decisive

IDEAL = ("dram.model=ideal",)
LINE = 68
"""Columns of 80 that a label leaves."""


def briefs(workload: str | Path = "lenet5_mnist", sharing: str = "none", **asked: object) -> tuple[str, ...]:
    overrides = (*IDEAL, *asked.pop("overrides", ()))  # type: ignore[misc]
    found = decisive(lifsim.run(asked.pop("arch", "sata128"), workload, sharing, overrides=overrides, **asked).notes)  # type: ignore[arg-type]
    assert all(0 < len(brief) <= LINE for brief in found), found
    return found


GATED = ("components.comp_lif.idle=clock_gated", "components.sub_lif.idle=clock_gated")


def network(tmp_path: Path, *, measured: bool = True, lif: bool = True, filters: int = 4) -> Path:
    """Two convolutions and a classifier. lif: whether neurons stand behind the first; filters: of the second."""
    conv = {"op": "conv", "kernel": 3}
    layers = [{"name": "conv1", "out": 4} | conv, *([{"name": "lif1", "op": "lif"}] if lif else [])]
    layers += [{"name": "conv2", "out": filters} | conv, {"name": "lif2", "op": "lif"}]
    rates = dict.fromkeys(("conv1", "conv2", "fc"), 0.2)
    tree = {
        "name": "small",
        "timesteps": 2,
        "input": {"shape": [2, 8, 8], "encoding": "rate"},
        "layers": [*layers, {"name": "fc", "op": "linear", "out": 4}],
        "spikes": {"source": "rates", "provenance": "nobody", "measured": measured, "rates": rates},
    }
    path = tmp_path / "small.yaml"
    path.write_text(yaml.safe_dump(tree))
    return path


def test_measured_rates_on_gated_units_decide_nothing(tmp_path: Path) -> None:
    assert briefs(network(tmp_path), overrides=GATED) == ()


def test_rates_that_nobody_measured_are_decisive(tmp_path: Path) -> None:
    net = network(tmp_path, measured=False)
    assert briefs(net, overrides=GATED) == ("spikes are random at assumed, not measured rates",)
    assert briefs(net, overrides=GATED, rates_scale=0.5) == (
        "spikes are random at assumed, not measured rates times 0.5",
    )


def test_idle_units_are_decisive_from_a_hundredth_of_the_energy_on(tmp_path: Path) -> None:
    net = network(tmp_path)
    (brief,) = briefs(net)
    energy = lifsim.run("sata128", net, overrides=IDEAL).totals.energy_pj
    saved = energy.compute.lif.total - energy.lif_if.clock_gated.total
    assert brief == f"idle LIF units toggle: {saved / energy.total.total:.1%} of the energy; a clock gate saves it"
    assert saved > 0.01 * energy.total.total
    few = (*IDEAL, "lif.units=1")
    energy = lifsim.run("sata128", net, overrides=few).totals.energy_pj
    saved = energy.compute.lif.total - energy.lif_if.clock_gated.total
    assert 0 < saved < 0.01 * energy.total.total
    assert briefs(net, overrides=("lif.units=1",)) == ()


def test_whose_spikes_a_trace_has_is_decisive(tmp_path: Path) -> None:
    net = network(tmp_path)
    trace = tmp_path / "t.npz"
    assert main(["trace", "make", "--workload", str(net), "--out", str(trace)]) == 0
    found = briefs(net, "channel2", trace=trace, batch=2, overrides=GATED)
    assert found == (
        "the spikes of the trace were drawn at random",
        "the trace holds one image, whose spikes stand for all 2",
        "recorded under none; trained under channel2 it fires others",
    )


def test_layers_without_neurons_and_those_that_keep_their_own_are_counted(tmp_path: Path) -> None:
    assert briefs(network(tmp_path, lif=False), overrides=GATED) == (
        "no LIF stands behind 1 layer: the next ones read sums, not spikes",
    )
    found = briefs(network(tmp_path, filters=3), "channel2-where-possible", overrides=GATED)
    assert found == ("channel2-where-possible: membranes of their own have 1 LIF layer",)


def test_a_pruned_network_and_another_accounting_are_decisive() -> None:
    assert "the spikes are a pruned network's, its weights are counted dense" in briefs("vgg16_cifar10")
    found = decisive(lifsim.run("sata128_satasim", "satasim_bntt").notes)
    assert found[0] == "counted and priced as SATA_Sim does, to the letter"


@pytest.mark.parametrize(
    ("setting", "brief"),
    [
        ("buffers.psum.size_bytes=512", ""),
        ("buffers.psum.size_bytes=16", "the prices of buffers.psum are extrapolated far, by a factor of "),
        ("clock_hz=500MHz", "clock_hz: 500 MHz are above the 400 MHz of the logic's synthesis"),
        ("lif.units=256", "lif.units: 256 are more than the 128 PEs whose outputs they take"),
    ],
)
def test_prices_far_from_their_sources_are_decisive(setting: str, brief: str) -> None:
    lines = tuple(stretched(load_arch("sata128", [setting])))
    assert len(lines) == 1
    found = decisive(lines)
    assert len(found) == bool(brief)
    assert all(one.startswith(brief) and len(one) <= LINE for one in found)
