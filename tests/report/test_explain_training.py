"""Does the arithmetic of each stage of a training run evaluate to the figures of the run, tensor by tensor?"""

from __future__ import annotations

import dataclasses
import json
from collections import Counter
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

import lifsim
from lifsim.cli.main import main
from lifsim.config.arch import load_arch
from lifsim.errors import InputError
from lifsim.keeping import KEEPINGS
from lifsim.model.sharing import Sharing
from lifsim.optimizers import OPTIMIZERS
from lifsim.report.explain.layer import Explanation, explain
from lifsim.report.explain.stage_bytes import StageLines
from lifsim.simulate.options import Options
from lifsim.simulate.pipeline import run as simulate
from lifsim.simulate.result import Result
from lifsim.training.stages import Stage
from lifsim.training.traffic import LayerTraining
from tests.report.test_explain import _evaluated
from tests.schedule.networks import networks
from tests.schedule.normed import normed_networks

ROUND_TRIP = ("psum_read", "psum_write")
TENSORS: dict[str, tuple[str, ...]] = {
    "weights": ("weights",),
    "weights again": ("weights",),
    "spikes in": ("spikes_in",),
    "spikes in again": ("spikes_in",),
    "own spikes in": ("spikes_in",),
    "residual": ("residual",),
    "spikes out": ("spikes_out",),
    "hidden spikes out": ("spikes_out",),
    "membranes in": ("membrane_read",),
    "u' in": ("membrane_read",),
    "membranes out": ("membrane_write",),
    "states out": ("states_write",),
    "states in": ("states_read",),
    "psums": ROUND_TRIP,
    "psums again": ROUND_TRIP,
    "sums out": ("sums_write",),
    "sums in": ("sums_read",),
    "gradients in": ("gradients_read",),
    "dy in": ("gradients_read",),
    "membrane gradients in": ("gradients_read",),
    "weight gradients in": ("gradients_read",),
    "gradients out": ("gradients_write",),
    "dy out": ("gradients_write",),
    "membrane gradients out": ("gradients_write",),
    "weight gradients out": ("gradients_write",),
    "weights in": ("weight_updates",),
    "weights out": ("weight_updates",),
    "optimizer's state": ("optimizer_state",),
}
CYCLES = ("array", "fill_drain", "lif")


def _check(result: Result) -> None:
    for record in result.records:
        explained = explain(result, record.counts.name)
        assert [stage.stage for stage in explained.stages] == list(record.stages)
        for stage in explained.stages:
            ran = record.stages[stage.stage]
            moved: Counter[tuple[str, ...]] = Counter()
            for line in stage.lines:
                assert _evaluated(line.expression) == line.value, (stage.stage, line)
                if line.unit == "bytes" and line.quantity != "DRAM":
                    moved[TENSORS[line.quantity]] += line.value
            for names, amount in moved.items():
                assert amount == sum(getattr(ran.dram_bytes, name) for name in names), (stage.stage, names)
            lines = {line.quantity: line.value for line in stage.lines if line.unit == "cycles"}
            assert {name: lines.get(name, 0) for name in CYCLES} == {name: getattr(ran.cycles, name) for name in CYCLES}
            assert lines["cycles"] == ran.cycles.total
            (total,) = (line.value for line in stage.lines if line.quantity == "DRAM")
            assert total == ran.dram_bytes.total, stage.stage
        sums = {line.quantity: line for line in explained.lines}
        for quantity, value in (("cycles", record.counts.cycles.total), ("DRAM", record.counts.dram_bytes.total)):
            assert _evaluated(sums[quantity].expression) == sums[quantity].value == value


@st.composite
def runs(draw: st.DrawFn) -> Result:
    """A training run of a random network on a random machine, most of whose buffers are too small."""
    statistics = st.sampled_from(["timestep", "all_timesteps", "frozen"])
    network = draw(st.one_of(networks(), normed_networks(statistics)))
    rates = {layer.name: (0.3,) for layer in network.layers}
    spikes = dataclasses.replace(network.spikes, source="rates", rates=rates)
    network = dataclasses.replace(network, spikes=spikes)
    dataflow = draw(st.sampled_from(["os", "ws", "is"]))
    sparsity = draw(st.sampled_from(["gate", "skip"] if dataflow == "os" else ["none", "gate"]))
    keys = [f"array.dataflow={dataflow}", f"array.sparsity={sparsity}", "dram.model=ideal"]
    keys += [f"array.rows={draw(st.integers(1, 5))}", f"array.cols={draw(st.integers(1, 3))}"]
    keys += [f"lif.overlapped={draw(st.sampled_from(['true', 'false']))}"]
    keys += [f"optimizer.name={draw(st.sampled_from(sorted(OPTIMIZERS)))}"]
    keys += [f"optimizer.master_weights={draw(st.sampled_from(['true', 'false']))}"]
    keys += [f"precision.membrane_bits={draw(st.sampled_from([8, 16]))}"]
    for name in ("weight", "spike_in", "spike_out", "membrane", "psum"):
        keys.append(f"buffers.{name}.size_bytes={draw(st.one_of(st.integers(2, 160), st.just(1 << 30)))}")
    options = {"mode": "training", "bptt": draw(st.sampled_from(sorted(KEEPINGS))), "batch": draw(st.integers(1, 4))}
    options["schedule"] = draw(st.sampled_from(["tick", "timestep", "auto"]))
    sharing = draw(st.sampled_from(["none", "layer", "channel2", "layer+channel2"]))
    try:
        return simulate(load_arch("sata_training", keys), network, Sharing.parse(sharing), Options(**options))
    except InputError:
        assume(False)
        raise


@pytest.mark.slow
@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(runs())
def test_the_terms_of_every_stage_add_up_to_its_figures(result: Result) -> None:
    _check(result)


@pytest.mark.parametrize("schedule", ["tick", "timestep"])
@pytest.mark.parametrize("bptt", sorted(KEEPINGS))
def test_of_a_shipped_network(bptt: str, schedule: str) -> None:
    options = {"mode": "training", "bptt": bptt, "batch": 2, "schedule": schedule}
    _check(lifsim.run(workload="lenet5_mnist", sharing="channel2", **options))  # type: ignore[arg-type]


def _of_conv(bptt: str) -> Explanation:
    result = lifsim.run(
        workload="resnet19_cifar10", mode="training", bptt=bptt, batch=2, overrides=["dram.model=ideal"]
    )  # type: ignore[arg-type]
    _check(result)
    return explain(result, "s1b1_conv1")


@pytest.mark.slow
@pytest.mark.parametrize("bptt", sorted(KEEPINGS))
def test_of_a_network_with_batch_norms(bptt: str) -> None:
    explained = _of_conv(bptt)
    stages = [stage.stage for stage in explained.stages]
    assert ("recompute" in stages) == (bptt != "stored")
    assert "gradient_sums" in stages


def test_the_command_tells_stages_apart(capsys: pytest.CaptureFixture[str]) -> None:
    asked = ["explain", "--workload", "lenet5_mnist", "--layer", "conv2", "--mode", "training", "--batch", "2"]
    chosen = [*asked, "--bptt", "recomputed", "--optimizer", "adam", "--set", "dram.model=ideal"]
    assert main(chosen) == 0
    told = capsys.readouterr().out
    for words in ("forward: as in inference", "recompute: the product once more", "backward: ", "weight update: ",
                  "2 visits: image by image", "optimizer's state", "by adam", "all stages"):  # fmt: skip
        assert words in told
    assert main([*chosen, "--format", "json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert [stage["stage"] for stage in found["stages"]] == ["forward", "recompute", "backward", "weight_update"]
    assert main([*asked[:-4], "--bptt", "reversed"]) == 2


def _one_more(record: Any, *names: str) -> Any:
    """`record`, had every one of these figures that is not nothing come out as one more."""
    return replace(record, **{name: getattr(record, name) + 1 for name in names if getattr(record, name)})


def _off_by_one(moved: LayerTraining) -> LayerTraining:
    """All figures of the orders, and of the norm."""
    orders, norm = moved.orders, moved.norm
    if orders.backward is not None:
        orders = replace(orders, backward=_one_more(orders.backward, "weights", "gradients"))
    orders = _one_more(replace(orders, update=_one_more(orders.update, "spikes", "sums")), "waiting")
    if norm is not None:
        of_sums = ("forward_read", "first_read", "second_read", "recompute_write")
        norm = _one_more(norm, *of_sums, "gradient_write", "gradient_read")
    return replace(moved, orders=orders, norm=norm)


@pytest.mark.parametrize(
    ("workload", "layer", "sharing", "bptt"),
    [
        ("lenet5_mnist", "conv2", "none", "recomputed"),
        ("lenet5_mnist", "fc1", "none", "stored"),
        ("resnet19_cifar10", "s1b1_conv1", "none", "reversed"),
        ("resnet19_cifar10", "s2b1_conv1", "layer", "stored"),
    ],
)
def test_no_term_is_what_is_left_over(workload: str, layer: str, sharing: str, bptt: str) -> None:
    """A figure that is wrong by one is not what its terms add up to: none of them is computed from it."""
    small = ["dram.model=ideal", "buffers.weight.size_bytes=6KiB", "buffers.spike_out.size_bytes=1KiB"]
    result = lifsim.run(None, workload, sharing, mode="training", bptt=bptt, batch=2, overrides=small)  # type: ignore[arg-type]
    assert result.plan is not None
    index = [one.name for one in result.network.layers].index(layer)
    lines = StageLines(result.network.layers[index], result.arch, result.plan, 2, KEEPINGS[bptt])
    right = {stage: lines.lines(stage) for stage in Stage if stage.value in result.records[index].stages}
    vars(lines)["traffic"] = _off_by_one(lines.traffic)
    wrong = 0
    for stage, before in right.items():
        for was, now in zip(before, lines.lines(stage), strict=True):
            changed = now.value != was.value and now.quantity != "DRAM"
            assert (_evaluated(now.expression) != now.value) == changed, now
            wrong += changed
    assert wrong >= 3
