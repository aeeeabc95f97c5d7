"""Does training move what its buffers cannot hold, and nothing else, and add up what collects in them?"""

from __future__ import annotations

import dataclasses
import math
import random
from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lifsim.config.arch import load_arch
from lifsim.config.workload import load_workload
from lifsim.graph.states import states_of
from lifsim.keeping import KEEPINGS
from lifsim.model.arch import Arch
from lifsim.model.network import Input, Layer, Network
from lifsim.model.sharing import Sharing
from lifsim.schedule.plan import ScheduleOptions
from lifsim.simulate.options import Options
from lifsim.simulate.pipeline import run
from lifsim.simulate.result import Result
from lifsim.training.sizes import TrainingSizes
from lifsim.training.traffic import training_traffic
from tests.oracles import training_buffers as oracle
from tests.schedule.on_arch import plan_on
from tests.simulate.test_training import ENDLESS, LAYERS
from tests.workload import building

EIGHT_BITS = ("precision.membrane_bits=8", "precision.gradient_bits=8")
CHAIN = """
- {{name: conv1, op: conv, out: 2, kernel: 3, padding: 1}}
- {{name: lif1, op: lif, group: {0}}}
- {{name: conv2, op: conv, out: 2, kernel: 3, padding: 1}}
- {{name: lif2, op: lif, group: {1}}}
- {{name: conv3, op: conv, out: 2, kernel: 3, padding: 1}}
- {{name: lif3, op: lif, group: {2}}}
- {{name: conv4, op: conv, out: 2, kernel: 3, padding: 1}}
- {{name: lif4, op: lif, group: {3}}}
- {{name: conv5, op: conv, out: 4, kernel: 2, stride: 2}}
- {{name: lif5, op: lif}}
- {{name: fc, op: linear, out: 3}}
"""


def network(layers: str, shape: str, encoding: str = "rate", timesteps: int = 3) -> Network:
    """With frozen statistics: what batch norms move is tested by itself (test_norms)."""
    found = building.network(layers, encoding=encoding, timesteps=timesteps, shape=shape)
    rates = {layer.name: (0.3,) for layer in found.layers}
    spikes = dataclasses.replace(found.spikes, source="rates", rates=rates)
    return dataclasses.replace(found, spikes=spikes, norm_statistics="frozen")


def trained(net: Network, sharing: str = "none", overrides: tuple[str, ...] = (), **options: object) -> Result:
    arch = load_arch("sata_training", (*ENDLESS, *overrides))
    return run(arch, net, Sharing.parse(sharing), Options(**{"mode": "training", "batch": 1, **options}))


def needs_gradient(net: Network, layer: Layer) -> bool:
    return layer.input.name not in {node.output.name for node in net.nodes if isinstance(node, Input)}


@pytest.mark.parametrize("schedule", ["tick", "timestep"])
@pytest.mark.parametrize("encoding", ["rate", "direct"])
def test_gradients_of_membranes_wait_for_two_products(schedule: str, encoding: str) -> None:
    """In spike_out, of a visit where the update comes in its turn, of all images where it comes afterwards and nothing
    lies between; what it cannot hold goes out once, comes in for each tile of the one product and once for the
    other."""
    draw, kinds = random.Random(f"{schedule} {encoding}"), set()  # noqa: S311
    net = network(LAYERS, "[2, 6, 6]", encoding)
    for _ in range(12):
        batch = draw.randint(1, 4)
        sizes = {"spike_out": draw.randint(1, 1200), "weight": draw.randint(1, 2500), "spike_in": 100}
        halves, bits = draw.choice([False, True]), draw.choice([8, 12, 16])
        overrides = [f"buffers.{name}.size_bytes={size}" for name, size in sizes.items()]
        overrides += [f"buffers.{name}.double_buffered={str(halves).lower()}" for name in sizes]
        overrides += [f"precision.gradient_bits={bits}", "precision.weight_bits=8"]
        arch = load_arch("sata_training", (*ENDLESS, *overrides))
        options = ScheduleOptions(schedule, batch, draw.randint(1, batch))
        kinds |= waited_as_walked(net, arch, options)
    assert kinds == {"in turn", "afterwards"}


def waited_as_walked(net: Network, arch: Arch, options: ScheduleOptions) -> set[str]:
    """When the layers are updated, if all is as the walk has it."""
    plan, batch, bits = plan_on(net, Sharing(), arch, options), options.batch, arch.precision.of_gradients
    training = TrainingSizes(plan.facts, plan.chip, batch, KEEPINGS["stored"])
    waits, stays_in = arch.buffers.spike_out.usable_bytes, arch.buffers.weight.usable_bytes
    readers = Counter(tensor.name for layer in net.layers for tensor in (layer.input, *layer.residuals))
    books = training_traffic(training, plan)
    for layer, found in zip(net.layers, books, strict=True):
        group, orders = plan.group_of(layer.index), found.orders
        filters, rows, columns = layer.out_shape
        together = layer.rounds if group.tick_batched else 1
        one_group = filters // layer.groups if group.tick_batched else filters
        image = oracle.made(rows, one_group * columns, bits, together) * filters // one_group
        chunk = 1 if group.tick_batched else group.images
        chunks = [min(chunk, batch - first) for first in range(0, batch, chunk)]
        times = layer.rounds // together
        alone = group.tick_batched or (len(chunks) == 1 and all(other.rounds == 1 for other in net.layers))
        in_visits = times * sum(oracle.beyond(waits, images * image) for images in chunks)
        if orders.when == "in turn":
            assert orders.absent == orders.waiting == in_visits
        elif alone:
            assert orders.absent == orders.waiting == oracle.beyond(waits, times * batch * image)
        else:
            assert (orders.absent, orders.waiting) == (in_visits, times * batch * image)
        gradient = {
            tensor.name: -(-batch * tensor.timesteps * tensor.elements * bits // 8)
            for tensor in (layer.input, *layer.residuals, *layer.outputs)
        }
        handed_back = sum(gradient[tensor.name] for tensor in layer.residuals)
        handed_back += gradient[layer.input.name] if needs_gradient(net, layer) else 0
        returned = sum(max(1, readers[tensor.name]) * gradient[tensor.name] for tensor in layer.outputs)
        product = orders.backward.gradients if orders.backward else 0
        product = product if layer.lif else max(0, product - orders.absent)
        assert found.backward.gradients_write == handed_back + (orders.waiting if layer.lif else 0)
        assert found.backward.gradients_read == returned + product
        assert found.backward.weights == (orders.backward.weights if orders.backward else 0)
        update = found.weight_update
        assert (update.gradients_read, update.gradients_write) == (
            orders.update.sums + orders.waiting, orders.update.sums,
        )  # fmt: skip
        assert (found.orders.backward is not None) == needs_gradient(net, layer)
    for group in plan.groups:
        held = [books[index].orders for index in group.indices]
        sums = sum(one.update.all_sums for one in held if one.when == "in turn")
        stays = sum(one.backward.resident for one in held if one.backward)
        assert sums + stays <= stays_in or not sums
    return {str(one.orders.when) for one in books}


@settings(max_examples=50, deadline=None)
@given(
    groups=st.sampled_from(["aabb", "abab", "abba", "aaab", "aaaa"]),
    sharing=st.sampled_from(["layer", "layer+channel2"]),
    bptt=st.sampled_from(["stored", "reversed"]),
    buffer=st.integers(1, 40),
    timesteps=st.integers(1, 3),
    chunks=st.integers(1, 2),
)
def test_gradients_of_membranes_move_as_under_the_best_of_all_splits_of_the_buffer(
    groups: str, sharing: str, bptt: str, buffer: int, timesteps: int, chunks: int
) -> None:
    """States of 8 bytes and one of 4 (recomputed: and as much beside it), image by image, byte by byte. Two rows of two
    maps each, or one of four, all of whose filters the 8 columns hold: what streams does by rows of 4 bytes, of one
    map for two filters 2."""
    net = network(CHAIN.format(*groups), "[2, 2, 2]", timesteps=timesteps)
    machine = (f"buffers.membrane.size_bytes={buffer}", *EIGHT_BITS)
    result = trained(net, sharing, machine, schedule="timestep", batch=chunks, chunk=1, bptt=bptt)
    owner = {lif: state for state in states_of(net, Sharing.parse(sharing)) for lif in state.lifs}
    calls = [(owner[layer.lif.name].name, layer.index) for layer in reversed(net.layers) if layer.lif]
    beside = 2 if bptt == "reversed" else 1
    sizes = {state.name: state.elements * beside for state in owner.values()}
    row = beside * (2 if "channel2" in sharing else 4)
    fewest, may_move = oracle.fewest_moves(calls, sizes, buffer, timesteps, row)
    moved = [record.stages["backward"].dram_bytes for record in result.records if "fc" not in record.counts.name]
    assert sum(one.membrane_read + one.membrane_write for one in moved) == chunks * fewest
    by_layer = tuple((one.membrane_read // chunks, one.membrane_write // chunks) for one in moved)
    assert by_layer in may_move


def test_gradients_of_membranes_by_hand() -> None:
    """Two states of 8 bytes, two layers each, and one of 4, T = 2.

    Eight bytes on chip serve the states in turn: each comes in once and goes out once. Of twelve, four bytes of each
    shared state stay for good, and the other four take turns. Of one byte none stays, since all stream through it: they
    move at three of four calls each way, those of the last state at one of two.
    """
    net = network(CHAIN.format(*"aabb"), "[2, 2, 2]", timesteps=2)

    def moved(size: int) -> int:
        machine = (f"buffers.membrane.size_bytes={size}", *EIGHT_BITS)
        found = trained(net, "layer", machine, schedule="timestep").stages["backward"].dram_bytes
        assert found.membrane_read == found.membrane_write
        return found.membrane_read

    assert moved(1 << 20) == 0
    assert moved(8) == 8 + 8 + 4
    assert moved(12) == 4 + 4 + 4
    assert moved(1) == 8 * 3 + 8 * 3 + 4


@pytest.mark.parametrize("dataflow", ["os", "ws", "is"])
@pytest.mark.parametrize("schedule", ["tick", "timestep"])
def test_weight_gradients_collect_in_the_psum_buffer_round_by_round(dataflow: str, schedule: str) -> None:
    """Every sum over the pixels, and tick-batched over the rounds, is added to those of the visits before it; where the
    array cannot hold a sum, it goes out and in between the folds over the pixels, 16 rows at a time."""
    net, batch = network(LAYERS, "[2, 6, 6]"), 2
    result = trained(net, "none", (f"array.dataflow={dataflow}",), schedule=schedule, batch=batch)
    for layer, record in zip(net.layers, result.records, strict=True):
        together = layer.rounds if schedule == "tick" else 1
        terms, stays = together * math.prod(layer.out_shape[1:]), dataflow == "os"
        times = batch * layer.rounds // together
        walked = oracle.psum_accesses(layer.weights, terms, 16, times, in_the_array=stays)
        found = record.stages["weight_update"].sram_accesses.psum
        assert (found.reads, found.writes) == walked


@pytest.mark.parametrize("dataflow", ["os", "ws", "is"])
def test_sums_of_the_backward_stage_wait_for_their_folds_over_the_filters(dataflow: str) -> None:
    net, batch = network(LAYERS, "[2, 6, 6]"), 2
    result = trained(net, "none", (f"array.dataflow={dataflow}",), batch=batch)
    for layer, record in zip(net.layers, result.records, strict=True):
        folds = -(-layer.group_filters * math.prod(layer.kernel) // 16)
        sums = batch * layer.rounds * math.prod(layer.in_shape) * needs_gradient(net, layer) * (dataflow != "os")
        found = record.stages["backward"].sram_accesses.psum
        assert (found.reads, found.writes) == (sums * folds, sums * folds)


def test_gradients_of_states_start_from_zero_at_their_last_layer_and_pass_the_membrane_buffer() -> None:
    """States of lif1 and lif2, of lif3 and lif4 (8 elements), of lif5 (4), T = 2, a byte each: at the first timestep of
    the way back the last layer of a state finds no gradient. Beside them come the membranes of both timesteps."""
    net = network(CHAIN.format(*"aabb"), "[2, 2, 2]", timesteps=2)
    machine = ("buffers.membrane.size_bytes=8", *EIGHT_BITS)
    result = trained(net, "layer", machine, schedule="timestep", bptt="stored")
    stages = [record.stages["backward"] for record in result.records if "fc" not in record.counts.name]
    gradients = [(16, 16), (8, 16), (16, 16), (8, 16), (4, 8)]
    membranes = [16, 16, 16, 16, 8]
    found = [(one.sram_accesses.membrane.reads, one.sram_accesses.membrane.writes) for one in stages]
    assert found == [(reads + kept, writes) for (reads, writes), kept in zip(gradients, membranes, strict=True)]
    fills = [(one.sram_accesses.membrane_fill.reads, one.sram_accesses.membrane_fill.writes) for one in stages]
    comes = [one.dram_bytes.membrane_read for one in stages]
    goes = [one.dram_bytes.membrane_write for one in stages]
    assert sum(comes) == sum(goes) == 8 + 8 + 4
    assert fills == [(out, back + kept) for out, back, kept in zip(goes, comes, membranes, strict=True)]


@pytest.mark.parametrize("schedule", ["timestep", "auto"])
def test_spikes_that_are_written_for_the_backward_pass_are_read_from_spike_out(schedule: str) -> None:
    """All of them, those that the group hands over on chip, too."""
    options = Options(mode="training", batch=2, schedule=schedule, bptt="stored")
    arch = load_arch("sata_training", ["dram.model=ideal"])
    result = run(arch, load_workload("vgg9_cifar10"), Sharing.parse("layer-where-possible"), options)
    spiking = [result.records[layer.index] for layer in result.network.layers if layer.lif is not None]
    assert len(spiking) > 5
    for record in spiking:
        forward = record.stages["forward"]
        assert forward.sram_accesses.spike_out.reads == 8 * forward.dram_bytes.spikes_out > 0
