"""Is what runs forward again in training charged: the product, u' until it is undone, states that it begins with?"""

from __future__ import annotations

from itertools import product

import pytest

from lifsim.errors import InputError
from lifsim.graph.states import states_of
from lifsim.keeping import KEEPINGS
from lifsim.model.network import Network
from lifsim.model.sharing import Sharing
from lifsim.training.group_orders import orders_of
from lifsim.training.sizes import TrainingSizes
from tests.oracles import training_buffers as oracle
from tests.simulate.test_training_buffers import CHAIN, network, trained

BYTE = "precision.membrane_bits=8"


def test_the_product_and_the_calls_run_a_second_time() -> None:
    net = network(CHAIN.format(*"aabb"), "[2, 2, 2]")
    for schedule, sharing in (("tick", "none"), ("tick", "channel2"), ("timestep", "layer")):
        result = trained(net, sharing, (BYTE,), schedule=schedule, bptt="recomputed")
        for record in result.records:
            stages = record.stages
            if "recompute" in stages:
                assert stages["recompute"].cycles == stages["forward"].cycles
                assert stages["recompute"].ops == stages["forward"].ops
                assert stages["recompute"].dram_bytes.weights == stages["forward"].dram_bytes.weights
        assert result.stages["recompute"].ops.lif_updates == 3 * sum(lif.output.elements for lif in net.lifs)


def test_tick_batched_the_product_loads_what_the_forward_pass_did() -> None:
    """Row tiles share rows of the input, filter tiles ask for it again, and psums of 16 rows of the array spill."""
    net = network(CHAIN.format(*"aabb").replace("out: 2,", "out: 16,"), "[2, 6, 6]")
    small = ("buffers.spike_in.size_bytes=48", "buffers.weight.size_bytes=600", "buffers.psum.size_bytes=40")
    machine = (*small, "array.dataflow=ws", "array.cols=8")
    halos, spilled = 0, 0
    for record in trained(net, "none", machine, batch=2, bptt="recomputed").records:
        if "recompute" in record.stages:
            once, again = (record.stages[name].dram_bytes for name in ("forward", "recompute"))
            names = ("weights", "spikes_in", "psum_read", "psum_write")
            assert [getattr(again, name) for name in names] == [getattr(once, name) for name in names]
            halos += again.spikes_in > 2 * net.layers[0].input.elements
            spilled += again.psum_read > 0
    assert min(halos, spilled) > 0


def test_currents_that_are_replayed_are_replayed_again() -> None:
    """Two rows of two of four channels, 16 bits each, of which the psum buffer holds one byte: out once, in twice."""
    net = network(CHAIN.format(*"aabb"), "[2, 2, 2]", encoding="direct")
    machine = ("buffers.psum.size_bytes=1", "buffers.psum.double_buffered=false")
    first = trained(net, "layer", machine, schedule="timestep", bptt="recomputed").records[0].stages
    for stage in ("forward", "recompute"):
        moved = first[stage].dram_bytes
        assert (moved.psum_write, moved.psum_read) == (8 * 2 - 1, 2 * (8 * 2 - 1))


def test_timestep_by_timestep_the_product_shares_the_weight_buffer_and_finds_nothing_of_its_input() -> None:
    """All weights of the forward pass fit, and stay; of those of both products half, so that some come again."""
    net = network(CHAIN.format(*"aabb"), "[2, 2, 2]")
    weights = {layer.name: 2 * layer.filters * layer.reduction for layer in net.layers}
    again = [layer for layer in net.layers if layer.lif]
    for size, all_stay in (("1GiB", True), (str(sum(weights.values())), False)):
        machine = (f"buffers.weight.size_bytes={size}", "buffers.weight.double_buffered=false")
        result = trained(net, "layer", machine, schedule="timestep", bptt="recomputed")
        stages = [record.stages for record in result.records]
        assert all(each["forward"].dram_bytes.weights == weights[layer.name]
                   for layer, each in zip(net.layers, stages, strict=True))  # fmt: skip
        back = sum(result.stages[stage].dram_bytes.weights for stage in ("recompute", "backward"))
        once = sum(weights[layer.name] for layer in again) + sum(weights[layer.name] for layer in net.layers[1:])
        assert (back == once) == all_stay
        assert back >= once
        for layer in again:
            rows, across = layer.input.shape[1], layer.input.shape[0] * layer.input.shape[2]
            moved = result.records[layer.index].stages["recompute"].dram_bytes
            assert moved.spikes_in == 3 * rows * -(-across // 8)


def test_what_runs_again_for_all_images_is_updated_behind_them() -> None:
    """An image's gradients of membranes fit into spike_out, two images' do not: stored, an update in turn saves what
    waits; where the product runs again, all have been made by then."""
    net = network(CHAIN.format(*"aabb"), "[2, 2, 2]")
    image = 3 * 8 * 2
    machine = (f"buffers.spike_out.size_bytes={image}", "buffers.spike_out.double_buffered=false")
    plan = trained(net, "none", machine, batch=2).plan
    assert plan is not None
    for name, keeping in KEEPINGS.items():
        sizes = TrainingSizes(plan.facts, plan.chip, 2, keeping)
        orders = [orders_of(sizes, group)[group.first] for group in plan.groups]
        assert [one.when for one in orders[:4]] == 4 * ["in turn" if name == "stored" else "afterwards"]
        assert [one.waiting for one in orders[:4]] == 4 * [0 if name == "stored" else image]


def test_tick_batched_nothing_is_kept_and_u_waits_in_the_membrane_buffer_or_in_registers() -> None:
    """T of each output that the 16 x 8 PEs have at work: T = 3, of the layers' 8 outputs 24 bytes, of the last one's 4
    12. Layer by layer."""
    net = network(CHAIN.format(*"aabb"), "[2, 2, 2]")

    def run(size: str) -> tuple[int, int, int, float]:
        result = trained(net, "none", (BYTE, f"buffers.membrane.size_bytes={size}"), bptt="recomputed")
        again, back = result.stages["recompute"], result.stages["backward"]
        states = result.totals.dram_bytes
        assert (states.states_write, states.states_read, states.membrane_read, states.membrane_write) == (0, 0, 0, 0)
        assert result.totals.lif_memory_bytes.backward == 0
        return (
            again.sram_accesses.membrane.writes,
            back.sram_accesses.membrane.reads,
            result.totals.membrane_registers.writes,
            result.totals.area.membrane_registers,
        )

    calls = 3 * sum(lif.output.elements for lif in net.lifs)
    in_buffer, in_registers = run("24"), run("11")
    assert in_buffer[:2] == (calls, calls)
    assert in_registers[:2] == (0, 0)
    assert run("12")[:2] == (3 * 4, 3 * 4)
    assert in_registers[2] == in_buffer[2] + calls
    assert in_registers[3] == pytest.approx(in_buffer[3] * (128 + 24) / 128)


def walked(net: Network, sharing: str, buffer: int, timesteps: int, row: int) -> int:
    """The fewest bytes that gradients of membranes and u' in flight move, in and out, over all splits of the buffer.

    Each byte of u' that does not stay leaves when its call is made and comes back when it is undone; the last one of a
    layer's calls on a state also comes back for the next layer on the same state.
    """
    owner = {lif: state for state in states_of(net, Sharing.parse(sharing)) for lif in state.lifs}
    calls = [(owner[layer.lif.name].name, layer.index) for layer in reversed(net.layers) if layer.lif]
    sizes = {state.name: state.elements for state in owner.values()}
    goes_on = ends = 0
    for name, state in owner.items():
        every = net.node(name).output.elements
        left = state.elements if name != state.lifs[-1] else 0
        goes_on, ends = goes_on + left, ends + every - left
    best = None
    for first, second in product(range(min(goes_on, buffer) + 1), range(min(ends, buffer) + 1)):
        away = goes_on - first, ends - second
        streaming = min(row, buffer) if any(away) else 0  # room through which it passes, and states may pass, too
        room = buffer - first - second - streaming
        if room >= 0:
            fewest, _ = oracle.fewest_moves(calls, sizes, room, timesteps, 0 if streaming else row)
            moved = fewest + timesteps * (3 * away[0] + 2 * away[1])
            best = moved if best is None else min(best, moved)
    assert best is not None
    return best


@pytest.mark.parametrize(
    ("sharing", "buffer"),
    [*(("layer", buffer) for buffer in (1, 6, 13)), *(("layer+channel2", buffer) for buffer in (1, 6, 13, 24, 70))],
)
def test_u_in_flight_takes_the_buffer_with_the_gradients_so_that_the_fewest_bytes_move(
    sharing: str, buffer: int
) -> None:
    net = network(CHAIN.format(*"abab"), "[2, 2, 2]", timesteps=2)
    machine = (BYTE, "precision.gradient_bits=8", f"buffers.membrane.size_bytes={buffer}")
    result = trained(net, sharing, machine, schedule="timestep", bptt="recomputed")
    stages = [result.stages[name].dram_bytes for name in ("recompute", "backward")]
    moved = sum(stage.membrane_read + stage.membrane_write for stage in stages)
    assert moved == walked(net, sharing, buffer, 2, 2 if "channel2" in sharing else 4)
    kept = sum(state.elements for state in states_of(net, Sharing.parse(sharing)))
    assert stages[0].states_read == result.stages["forward"].dram_bytes.states_write == kept
    memory = result.totals.lif_memory_bytes
    assert (memory.backward - memory.in_flight, memory.in_flight) == (
        kept,
        sum(lif.output.elements for lif in net.lifs),
    )


def test_a_hard_reset_runs_forward_again_and_is_not_undone() -> None:
    text = CHAIN.format(*"aabb").replace("op: lif", "op: lif, neuron: {reset: hard}")
    net = network(text, "[2, 2, 2]")
    with pytest.raises(InputError, match=r"lif1: hard reset forgets the membrane.*use recomputed, or stored"):
        trained(net, "none", bptt="reversed")
    assert trained(net, "none", bptt="recomputed").stages["recompute"].cycles.total > 0


@pytest.mark.parametrize("schedule", ["tick", "timestep"])
def test_what_runs_forward_again_waits_for_the_dram(schedule: str) -> None:
    """u' that finds no room has a place of its own there: all stages play, and the cycles of their causes are whole."""
    net = network(CHAIN.format(*"abab"), "[2, 2, 2]")
    machine = (BYTE, "buffers.membrane.size_bytes=4", "dram.model=cycle")
    result = trained(net, "none" if schedule == "tick" else "layer", machine, schedule=schedule, bptt="recomputed")
    spilled = result.stages["recompute"].dram_bytes.membrane_write
    assert (spilled > 0) == (schedule == "timestep")
    assert result.stages["recompute"].cycles.stall_spikes + result.stages["recompute"].cycles.stall_weights > 0
    assert any("membranes of 8 bits are recomputed" in note for note in result.notes)
