"""Does the arithmetic of an explanation evaluate to the figures of the run?"""

from __future__ import annotations

import copy
import dataclasses
import json
import math
import re
from typing import Any

import pytest
from hypothesis import HealthCheck, given, reject, settings
from hypothesis import strategies as st

import lifsim
from lifsim.cli.main import main
from lifsim.config.arch import load_arch
from lifsim.errors import InputError
from lifsim.model.sharing import Sharing
from lifsim.report.explain.layer import Explanation, explain
from lifsim.simulate.options import Options
from lifsim.simulate.pipeline import run as simulate
from lifsim.simulate.result import Result
from tests.schedule.networks import networks

ARITHMETIC = re.compile(r"(?:[0-9]+|[-+*/() ]|ceil)+")
SMALL = ("buffers.membrane.size_bytes=4KiB", "buffers.weight.size_bytes=6KiB", "buffers.spike_out.size_bytes=1KiB")
EXITS = "1:0.25,2:0.5,4:0.25"
FEW_PSUMS = "buffers.psum.size_bytes=1KiB"
TENSORS = {
    "weights": ("weights",),
    "spikes in": ("spikes_in",),
    "residual": ("residual",),
    "spikes out": ("spikes_out",),
    "membranes in": ("membrane_read",),
    "membranes out": ("membrane_write",),
    "psums": ("psum",),
}


def _evaluated(expression: str) -> int:
    assert ARITHMETIC.fullmatch(expression), expression
    return eval(expression, {"__builtins__": {}, "ceil": math.ceil})  # noqa: S307 - matched above


@pytest.mark.slow
@pytest.mark.parametrize(
    "chosen",
    [
        {},
        {"batch": 3, "overrides": SMALL},
        {"sharing": "layer", "batch": 3, "overrides": SMALL},
        {"sharing": "layer", "batch": 3, "chunk": 2, "schedule": "timestep", "overrides": SMALL},
        {"sharing": "channel2", "schedule": "timestep", "overrides": ("array.dataflow=ws", *SMALL)},
        {
            "sharing": "channel2",
            "overrides": ("array.dataflow=ws", "array.sparsity=none", "buffers.psum.size_bytes=1KiB"),
        },
        {"schedule": "timestep", "batch": 2, "overrides": ("array.dataflow=is", "buffers.psum.size_bytes=1KiB")},
        {"overrides": ("array.sparsity=skip", "array.dataflow=os", "lif.overlapped=true")},
        {"overrides": ("array.sparsity=skip",), "schedule": "timestep"},
        {"schedule": "auto", "sharing": "layer+channel4", "batch": 2},
        {"schedule": "window:2", "batch": 3, "chunk": 2, "overrides": SMALL},
        {"schedule": "window:3", "sharing": "channel2", "overrides": ("array.dataflow=ws", *SMALL)},
        {"schedule": "window:2", "overrides": ("array.dataflow=is", "buffers.psum.size_bytes=1KiB")},
        {"schedule": "window:2", "overrides": ("array.sparsity=skip", "lif.overlapped=true")},
        {"schedule": "window:3", "overrides": ("array.sparsity=ptb",)},
    ],
)
@pytest.mark.parametrize("workload", ["resnet19_cifar10", "vgg9_cifar10", "mobilenet_cifar10"])
def test_every_line_evaluates_to_the_runs_figure(workload: str, chosen: dict[str, Any]) -> None:
    result = lifsim.run(workload=workload, **chosen)
    for record in result.records:
        explained = explain(result, record.counts.name)
        _check_layer(explained, record.counts.cycles, record.counts.dram_bytes)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("workload", "chosen"),
    [
        ("resnet19_cifar10", {"sharing": "layer", "overrides": SMALL}),
        ("mobilenet_cifar10", {"overrides": ("array.sparsity=skip", "lif.overlapped=true")}),
        ("mobilenet_cifar10", {"chunk": 3, "overrides": ("array.dataflow=ws", "buffers.psum.size_bytes=1KiB")}),
    ],
)
def test_every_line_evaluates_where_images_exit_early(workload: str, chosen: dict[str, Any]) -> None:
    result = lifsim.run(workload=workload, schedule="timestep", batch=4, exit_steps=EXITS, **chosen)
    for record in result.records:
        explained = explain(result, record.counts.name)
        assert any("early exit: 1, 2, 1 of 4 images" in words for words in explained.head)
        _check_layer(explained, record.counts.cycles, record.counts.dram_bytes)


def _check_layer(explained: Explanation, cycles: Any, moved: Any) -> None:
    lines = {line.quantity: line for line in explained.lines}
    for line in explained.lines:
        assert _evaluated(line.expression) == line.value, line
    for quantity, cycle_count in (("array", cycles.array), ("fill_drain", cycles.fill_drain), ("cycles", cycles.total)):
        assert lines[quantity].value == cycle_count
    assert lines["lif"].value == cycles.lif if "lif" in lines else cycles.lif == 0
    for quantity, names in TENSORS.items():
        amount = lines[quantity].value if quantity in lines else 0
        assert amount == sum(getattr(moved, name) for name in names), quantity
    assert lines["DRAM"].value == moved.total


@st.composite
def runs(draw: st.DrawFn) -> Result:
    """A run of a random network on a random machine, most of whose buffers are too small."""
    network = draw(networks())
    rates = {layer.name: (0.3,) for layer in network.layers}
    network = dataclasses.replace(network, spikes=dataclasses.replace(network.spikes, rates=rates))
    dataflow = draw(st.sampled_from(["os", "ws", "is"]))
    sparsity = draw(st.sampled_from(["gate", "skip"] if dataflow == "os" else ["none", "gate"]))
    settings = [f"array.dataflow={dataflow}", f"array.sparsity={sparsity}", "dram.model=ideal"]
    settings += [f"array.rows={draw(st.integers(1, 5))}", f"array.cols={draw(st.integers(1, 3))}"]
    settings += [f"lif.overlapped={draw(st.sampled_from(['true', 'false']))}"]
    settings += [f"lif.latency_cycles={draw(st.sampled_from([0, 1, 7, 60]))}"]
    for name in ("weight", "spike_in", "spike_out", "membrane", "psum"):
        settings.append(f"buffers.{name}.size_bytes={draw(st.one_of(st.integers(2, 120), st.just(1 << 30)))}")
        settings.append(f"buffers.{name}.double_buffered={draw(st.sampled_from(['true', 'false', 'false']))}")
    batch = draw(st.integers(1, 4))
    options = {"batch": batch, "chunk": draw(st.integers(1, batch))}
    sharing = draw(st.sampled_from(["none", "layer", "channel2", "layer+channel2"]))
    between = "auto" if "layer" in sharing else f"window:{min(2, network.timesteps)}"
    options["schedule"] = draw(st.sampled_from(["tick", "timestep", "timestep", between, "auto"]))
    try:
        return simulate(load_arch("sata128", settings), network, Sharing.parse(sharing), Options(**options))
    except InputError as error:  # input-stationary, and its membranes have no room
        if dataflow != "is" or any("for tick batching" not in fault.message for fault in error.faults):
            raise
        reject()


@pytest.mark.slow
@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(runs())
def test_the_terms_of_any_run_add_up_to_its_figures(result: Result) -> None:
    for record in result.records:
        explained = explain(result, record.counts.name)
        _check_layer(explained, record.counts.cycles, record.counts.dram_bytes)


def _one_more(result: Result, name: str) -> Result:
    """`result`, had every figure of one of its layers come out as one more."""
    assert result.plan is not None
    index = [record.counts.name for record in result.records].index(name)
    group = result.plan.group_of(index)
    layers, records = list(group.layers), list(result.records)
    moved = layers[index - group.first].dram
    more = {field.name: getattr(moved, field.name) + 1 for field in dataclasses.fields(moved)}
    more["operand"] = moved.operand  # a part of spikes_in
    layers[index - group.first] = dataclasses.replace(layers[index - group.first], dram=type(moved)(**more))
    groups = [dataclasses.replace(g, layers=tuple(layers)) if g is group else g for g in result.plan.groups]
    cycles = records[index].counts.cycles
    worked = {name: getattr(cycles, name) + 1 for name in ("array", "fill_drain", "lif")}
    cycles = dataclasses.replace(cycles, total=cycles.total + 3, **worked)
    records[index] = dataclasses.replace(
        records[index], counts=dataclasses.replace(records[index].counts, cycles=cycles)
    )
    wrong = copy.copy(result)  # its books do not balance, so that it cannot be constructed
    object.__setattr__(wrong, "records", tuple(records))
    object.__setattr__(wrong, "plan", dataclasses.replace(result.plan, groups=tuple(groups)))
    return wrong


@settings(max_examples=30, deadline=None, suppress_health_check=list(HealthCheck))
@given(runs(), st.data())
def test_no_term_is_what_is_left_over(result: Result, data: st.DataObject) -> None:
    """A figure that is wrong by one is not what its terms add up to: none of them is computed from it."""
    name = data.draw(st.sampled_from([record.counts.name for record in result.records]))
    given_by_spikes = {"lif"} if result.arch.lif.overlapped and result.arch.array.sparsity == "skip" else set()
    lines = {line.quantity: line for line in explain(_one_more(result, name), name).lines}
    assert {"array", "fill_drain", "weights", "spikes in", "spikes out", "psums"} <= set(lines)
    for quantity in {"array", "fill_drain", "lif", "membranes", *TENSORS} & set(lines) - given_by_spikes:
        assert _evaluated(lines[quantity].expression) < lines[quantity].value, quantity


def test_it_is_some_twenty_lines_that_name_what_they_are_made_of(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["explain", "--sharing", "layer", "--layer", "conv9"]) == 0
    out, _, sharing = capsys.readouterr().out.partition("\nwhich part is due to sharing")
    terms, changes = ([line for line in text.splitlines() if line[:4].strip()] for text in (out, sharing))
    assert 10 <= len(terms) <= 22  # what is too long for a line goes on below it, indented
    assert 5 <= len(changes) <= 9
    assert "conv8 to conv10 timestep by timestep" in out
    # The 64 tiles of conv9 and of conv10 have 8*4608 bytes; of each 870 stay, so that a region of 35,994 does:
    # 35,994 + 2*64*870 <= 144 KiB < 35,993 + 2*64*871.
    stays = 64 * (8 * 4608 - 35_994)
    assert f"weights = 512*4608 + 3*(512*4608 - {stays}) = {4 * 512 * 4608 - 3 * stays:,} bytes" in out


def test_a_layer_that_is_not_there_and_figures_that_are_not_lifsims_are_refused() -> None:
    result = lifsim.run(workload="lenet5_mnist")
    with pytest.raises(InputError, match="did you mean 'conv1'"):
        explain(result, "conf1")
    with pytest.raises(InputError, match="accounting: 'satasim' must be lifsim"):
        explain(lifsim.run(arch="sata128_satasim", workload="satasim_bntt"), "Conv1")


@pytest.mark.parametrize("sharing", ["channel2", "layer+channel2"])
def test_what_of_a_layer_is_sharing_are_the_figures_of_the_runs_beside_it(
    sharing: str, capsys: pytest.CaptureFixture[str]
) -> None:
    memory = ("dram.model=bandwidth", "dram.bandwidth_bytes_per_s=1GB", "dram.energy=per_bit")
    settings = [text for each in memory for text in ("--set", each)]
    asked = ["--workload", "vgg9_cifar10", "--sharing", sharing, "--layer", "conv3", *settings]
    assert main(["explain", *asked, "--format", "json"]) == 0
    lines = {(line["quantity"], line["unit"]): line for line in json.loads(capsys.readouterr().out)["beside"]}
    result = lifsim.run("sata128", "vgg9_cifar10", sharing, overrides=memory)
    comparison = lifsim.beside_none(result)
    assert comparison is not None
    for name, run in (
        ("shared", result),
        ("alike", comparison.alike.result),
        ("as_it_is", comparison.machine.result),
    ):
        row = run.layer_rows[[layer.name for layer in run.network.layers].index("conv3")]
        assert lines["time", "cycles"][name] == row["cycles.total"]
        assert lines["DRAM", "bytes"][name] == row["dram_bytes.total"]
        assert lines["energy", "pJ"][name] == pytest.approx(row["energy_pj.total"])
        kept = sum(row[f"register_accesses.membrane.{way}"] for way in ("reads", "writes"))
        if ("membrane registers", "accesses") in lines:
            assert lines["membrane registers", "accesses"][name] == kept
    assert main(["explain", *asked]) == 0
    out = capsys.readouterr().out
    assert "which part is due to sharing: none alike has as few LIF units (64 of 128)" in out
    assert main(["explain", "--workload", "vgg9_cifar10", "--layer", "conv3", *settings]) == 0
    assert "which part is due to sharing" not in capsys.readouterr().out


@pytest.mark.parametrize("arch", ["tpu_like_small", "eyeriss_like"])
def test_psums_that_spill_go_out_and_come_back(arch: str) -> None:
    """A buffer of 64 bytes holds those of no layer that is summed in several folds."""
    run = lifsim.run(arch, "lenet5_mnist", overrides=["buffers.psum.size_bytes=64", "dram.model=ideal"])
    lines = [line for record in run.records for line in explain(run, record.counts.name).lines]
    spilled = [line for line in lines if line.quantity == "psums" and line.value]
    assert len(spilled) >= 3
    assert all(_evaluated(line.expression) == line.value for line in spilled)


def test_sums_name_the_parts_that_they_have_and_no_others() -> None:
    """As many words as terms, in the same order."""
    result = lifsim.run(workload="vgg9_cifar10", sharing="layer+channel2", batch=2)
    cycles = next(record.counts.cycles for record in result.records if record.counts.name == "conv4")
    (stalls,) = [line for line in explain(result, "conv4").lines if line.quantity == "stalls"]
    waited = {"weights": cycles.stall_weights, "spikes": cycles.stall_spikes, "membranes": cycles.stall_membrane}
    waited |= {"writeback": cycles.stall_writeback}
    assert 0 < sum(amount > 0 for amount in waited.values()) < len(waited)
    named = stalls.why.removeprefix("waiting for ").split(", ")
    assert stalls.expression == " + ".join(str(waited[name]) for name in named)
    trained = lifsim.run(workload="vgg9_cifar10", mode="training", batch=2, sharing="none")
    for layer in ("conv4", "fc3"):
        found = explain(trained, layer)
        for line in found.lines:
            if line.quantity in ("cycles", "DRAM"):
                names = line.why.removeprefix("of ").split(", ")
                assert len(names) == len(line.expression.split(" + "))
                assert "_" not in line.why
