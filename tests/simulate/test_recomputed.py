"""Is what runs forward again in training charged: the product, u' until it is undone, states that it begins with?"""

from __future__ import annotations

from itertools import product

import pytest

from lifsim.errors import InputError
from lifsim.graph.states import states_of
from lifsim.model.network import Network
from lifsim.model.sharing import Sharing
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
