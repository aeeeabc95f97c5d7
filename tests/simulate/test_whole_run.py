"""Does a run of any small network on any small machine count what the machine does, image by image, step by step?"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

import lifsim
from lifsim.config.arch import load_arch
from lifsim.config.document import parse_document
from lifsim.config.workload import network_of
from lifsim.hardware.array import SPARSITIES
from lifsim.model.network import Network
from lifsim.model.sharing import Sharing
from lifsim.play.record import LayerRecord
from lifsim.simulate.options import Options
from lifsim.simulate.pipeline import simulate
from lifsim.simulate.result import Result
from lifsim.simulate.spikes import SpikeProvenance, Spikes, spike_work
from lifsim.trace.source import LayerSpikes, Trace
from tests.oracles.whole_run import Convolution, Counted, Machine, count

BUFFERS = ("weight", "spike_in", "spike_out", "membrane", "psum")


class Held(LayerSpikes):
    """Spikes [T, B, ...] in memory."""

    def __init__(self, name: str, spikes: np.ndarray) -> None:
        super().__init__(name, spikes.shape)
        self.spikes = spikes

    def _read(self, step: int, first: int, last: int) -> np.ndarray:
        return self.spikes[step, first:last]


@st.composite
def layers(draw: st.DrawFn, timesteps: int, encoding: str) -> list[Convolution]:
    """One to three convolutions with LIFs, and a linear layer."""
    signal = draw(st.booleans())
    size = st.integers(1, 6)
    shape = (draw(st.integers(1, 4)), 1 if signal else draw(size), draw(size))
    found: list[Convolution] = []
    for _ in range(draw(st.integers(1, 3))):
        groups = draw(st.sampled_from([d for d in range(1, shape[0] + 1) if shape[0] % d == 0]))
        kernel = (draw(st.integers(1, min(3, shape[1]))), draw(st.integers(1, min(4, shape[2]))))
        found.append(
            Convolution(
                shape,
                groups * draw(st.sampled_from([1, 2, 4, 9])),
                kernel,
                (1 if signal else draw(st.integers(1, 2)), draw(st.integers(1, 3))),
                (0 if signal else draw(st.integers(0, kernel[0] // 2)), draw(st.integers(0, kernel[1] // 2))),
                groups,
                1 if encoding == "direct" and not found else timesteps,
                lif=True,
            )
        )
        shape = (found[-1].filters, *found[-1].out)
    flat = shape[0] * shape[1] * shape[2]
    one = (1, 1)
    return [*found, Convolution((flat, 1, 1), draw(st.sampled_from([1, 10])), one, one, (0, 0), 1, timesteps, False)]


@st.composite
def cases(draw: st.DrawFn) -> dict[str, Any]:
    timesteps, encoding = draw(st.integers(1, 4)), draw(st.sampled_from(["direct", "rate", "event"]))
    chosen = draw(layers(timesteps, encoding))
    dataflow = draw(st.sampled_from(["os", "ws", "is"]))
    sparsities = ["none", "gate", "skip"] if dataflow == "os" else ["none", "gate"]
    divisors = [n for n in (1, 2, 3, 4) if all(layer.filters % n == 0 for layer in chosen if layer.lif)]
    machine = Machine(
        draw(st.sampled_from([1, 2, 5, 1000])),
        draw(st.sampled_from([1, 3, 8, 5000])),
        dataflow,
        draw(st.sampled_from(sparsities)),
        draw(st.integers(0, 3)),
        draw(st.integers(0, 2)),
        draw(st.sampled_from(divisors)),
    )
    return {
        "timesteps": timesteps,
        "encoding": encoding,
        "layers": chosen,
        "machine": machine,
        "batch": draw(st.integers(1, 3)),
        "rate": draw(st.sampled_from([0.0, 0.1, 0.5, 1.0])),
        "seed": draw(st.integers(0, 1000)),
        "bytes": {name: draw(st.sampled_from([8, 64, 1024, 1 << 20])) for name in BUFFERS},
        "overlapped": draw(st.booleans()),
    }


def network(case: dict[str, Any]) -> Network:
    ops: list[dict[str, Any]] = []
    for number, layer in enumerate(case["layers"]):
        if layer.lif:
            window = {key: list(getattr(layer, key)) for key in ("kernel", "stride", "padding")}
            ops.append({"name": f"c{number}", "op": "conv", "out": layer.filters, "groups": layer.groups} | window)
            ops.append({"name": f"lif{number}", "op": "lif"})
        else:
            ops.append({"name": f"c{number}", "op": "linear", "out": layer.filters})
    head = {"shape": list(case["layers"][0].shape), "encoding": case["encoding"]}
    tree = {"name": "random", "timesteps": case["timesteps"], "input": head, "layers": ops}
    return network_of(parse_document(json.dumps(tree), "random.yaml"))


def spikes_of(case: dict[str, Any]) -> list[np.ndarray]:
    """[B, rounds, C, H, W] per layer; the analogue image is all ones."""
    drawn = np.random.default_rng(case["seed"])
    found = []
    for layer in case["layers"]:
        spikes = (drawn.random((case["batch"], layer.rounds, *layer.shape)) < case["rate"]).astype(np.uint8)
        found.append(np.ones_like(spikes) if not found and case["encoding"] == "direct" else spikes)
    return found


def simulated(case: dict[str, Any], spikes: list[np.ndarray], *settings: str, overlapped: bool = False) -> Result:
    machine, net = case["machine"], network(case)
    overrides = [f"buffers.{name}.size_bytes={size}" for name, size in case["bytes"].items()]
    overrides += [f"array.{key}={getattr(machine, key)}" for key in ("rows", "cols", "dataflow", "sparsity")]
    overrides += [f"lif.latency_cycles={machine.latency}", f"lif.initiation_interval_cycles={machine.interval}"]
    arch = load_arch("sata128", [*overrides, f"lif.overlapped={str(overlapped).lower()}", *settings])
    held = tuple(
        Held(layer.name, np.moveaxis(found, 1, 0).reshape(found.shape[1], len(found), *neuron_shape))
        for layer, found in zip(net.layers, spikes, strict=True)
        for neuron_shape in [found.shape[2:] if layer.kind == "conv" else found.shape[2:3]]
    )
    trace = Trace("random", "none", case["timesteps"], case["batch"], None, "drawn", held)
    kept = spike_work(net, trace, case["batch"], SPARSITIES[machine.sparsity])
    work = Spikes(case["batch"], kept, SpikeProvenance("trace", "drawn", True))
    return simulate(arch, net, Sharing(channels=machine.channel_groups), Options(batch=case["batch"]), work)


def counted(record: LayerRecord) -> Counted:
    c = record.counts
    return Counted(
        array_and_fill=c.cycles.array + c.cycles.fill_drain,
        lif=c.cycles.lif,
        macs_dense=c.ops.macs_dense,
        macs_effective=c.ops.macs_effective,
        input_reads=c.sram_accesses.spike_in.reads,
        weight_reads=c.sram_accesses.weight.reads,
        psum_reads=c.sram_accesses.psum.reads,
        psum_writes=c.sram_accesses.psum.writes,
        output_writes=c.sram_accesses.spike_out.writes,
        lif_updates=c.ops.lif_updates,
        register_reads=c.registers.reads + c.sram_accesses.membrane.reads,  # of `is`, what registers do not hold
        register_writes=c.registers.writes + c.sram_accesses.membrane.writes,
    )


@pytest.mark.slow
@settings(max_examples=80, deadline=None)
@given(cases())
def test_every_layer_equals_a_count_with_plain_integers(case: dict[str, Any]) -> None:
    """Of one tile each, unshared (test_tiled_run.py has layers of several, test_chains.py channels that take turns)."""
    case = case | {"bytes": dict.fromkeys(BUFFERS, 1 << 20), "machine": replace(case["machine"], channel_groups=1)}
    spikes = spikes_of(case)
    result = simulated(case, spikes)
    for layer, images, record in zip(case["layers"], spikes, result.records, strict=True):
        assert counted(record) == count(layer, case["machine"], images, case["timesteps"])
        executed = record.counts.ops.macs_dense if case["machine"].sparsity == "none" else None
        assert record.counts.ops.macs_executed == (executed or record.counts.ops.macs_effective)


@pytest.mark.slow
@settings(max_examples=40, deadline=None)
@given(cases())
def test_the_timesteps_of_a_layer_add_up_to_it(case: dict[str, Any]) -> None:
    machine = case["machine"]
    for layer, record in zip(case["layers"], simulated(case, spikes_of(case)).records, strict=True):
        steps, whole = record.counts.timesteps, counted(record)
        assert [step.timestep for step in steps] == list(range(layer.rounds))
        assert sum(step.array_cycles + step.fill_drain_cycles for step in steps) == whole.array_and_fill
        assert sum(step.macs_effective for step in steps) == whole.macs_effective
        pe_cycles = [machine.rows * machine.cols * (step.array_cycles + step.fill_drain_cycles) for step in steps]
        held = sum(step.pe_utilisation * cycles for step, cycles in zip(steps, pe_cycles, strict=True))
        assert held == pytest.approx(whole.macs_effective if machine.sparsity == "skip" else whole.macs_dense)
        assert sum(step.input_reads for step in steps) == whole.input_reads
        assert sum(step.weight_reads for step in steps) == whole.weight_reads


@pytest.mark.slow
@settings(max_examples=40, deadline=None)
@given(cases(), st.randoms(use_true_random=False))
def test_a_permutation_of_the_images_changes_nothing(case: dict[str, Any], random: Any) -> None:
    order = list(range(case["batch"]))
    random.shuffle(order)
    spikes = spikes_of(case)
    overlapped = case["overlapped"]
    one, other = (
        simulated(case, each, overlapped=overlapped) for each in (spikes, [images[order] for images in spikes])
    )
    assert one.layer_rows == other.layer_rows
    assert one.timestep_rows == other.timestep_rows
    assert one.totals == other.totals


@pytest.mark.slow
@settings(max_examples=40, deadline=None)
@given(cases(), st.sampled_from(BUFFERS), st.integers(1, 2000))
def test_a_larger_buffer_never_moves_more_and_never_less_than_is_compulsory(
    case: dict[str, Any], name: str, more: int
) -> None:
    spikes = spikes_of(case)
    small = simulated(case, spikes).totals.dram_bytes
    grown = simulated(case, spikes, f"buffers.{name}.size_bytes={case['bytes'][name] + more}").totals.dram_bytes
    endless = simulated(case, spikes, *(f"buffers.{each}.size_bytes=1TiB" for each in BUFFERS)).totals.dram_bytes
    assert endless.total <= grown.total <= small.total
    assert endless.weights == sum(_weight_bytes(layer) for layer in case["layers"])
    assert (endless.psum, endless.membrane_read, endless.membrane_write) == (0, 0, 0)
    for tensor in ("weights", "spikes_in", "spikes_out", "residual"):
        assert getattr(endless, tensor) <= getattr(small, tensor)


def _weight_bytes(layer: Convolution) -> int:
    return layer.filters * layer.shape[0] * layer.kernel[0] * layer.kernel[1] // layer.groups


@pytest.mark.slow
@settings(max_examples=40, deadline=None)
@given(cases())
def test_overlapped_units_are_waited_for_at_most_as_long_and_change_nothing_else(case: dict[str, Any]) -> None:
    """Unless a layer is cut into other tiles, of as many bytes, for which the array waits less for them."""
    spikes = spikes_of(case)
    runs = [simulated(case, spikes, "dram.model=ideal", overlapped=overlapped) for overlapped in (False, True)]
    waiting, hidden = (run.totals for run in runs)
    assert (hidden.ops, hidden.dram_bytes) == (waiting.ops, waiting.dram_bytes)
    assume(len({tuple(record.counts.tiling for record in run.records) for run in runs}) == 1)
    assert hidden.cycles.lif <= waiting.cycles.lif
    assert hidden.cycles.total - hidden.cycles.lif == waiting.cycles.total - waiting.cycles.lif
    for name, spent in vars(hidden.energy_pj.compute).items():
        longer = getattr(waiting.energy_pj.compute, name)
        assert spent.operation == longer.operation
        # A call without latency ends with its fold: a tiny layer may have more calls than cycles, and toggles in these.
        more_calls_than_cycles = name == "lif" and case["machine"].latency == 0 and spent.toggling < longer.toggling
        assert spent.toggling == longer.toggling or more_calls_than_cycles
        assert spent.idle <= longer.idle * (1 + 1e-12)  # the clock runs while LIF calls are waited for
        assert spent.standing * waiting.cycles.total == pytest.approx(longer.standing * hidden.cycles.total)
    assert hidden.sram_accesses == waiting.sram_accesses


def test_layer_sharing_of_a_network_without_equal_neighbours_changes_nothing() -> None:
    alone, shared = (lifsim.run(workload="lenet5_mnist", sharing=sharing) for sharing in ("none", "layer"))
    assert shared.layer_rows == alone.layer_rows
    assert shared.totals.lif_memory_bytes.forward == alone.totals.lif_memory_bytes.forward


@pytest.mark.parametrize("name", ["vgg16_cifar10", "vgg9_cifar10", "lenet5_mnist"])
def test_work_on_real_spikes_equals_the_count_of_every_layer(name: str, spike_trace: Callable[[str], Path]) -> None:
    path = spike_trace(name)
    result = lifsim.run(workload=name, trace=path)
    with np.load(path) as trace:
        for layer, record, array in zip(result.network.layers, result.records, trace.files, strict=True):
            spikes = trace[array].astype(np.int64)[: layer.rounds].reshape(layer.rounds, *layer.in_shape)
            (ph, pw), (kh, kw) = layer.padding, layer.kernel
            padded = np.pad(spikes, ((0, 0), (0, 0), (ph, ph), (pw, pw)))
            rows, cols = layer.out_shape[1:]
            taps = [padded[:, :, r : r + rows, s : s + cols].sum() for r in range(kh) for s in range(kw)]
            assert record.counts.ops.macs_effective == sum(map(int, taps)) * layer.filters
