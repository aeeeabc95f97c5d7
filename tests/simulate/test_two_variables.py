"""Is the state of a neuron with two variables twice as large wherever it lies, moves or is kept?"""

from __future__ import annotations

from dataclasses import fields
from typing import Any

import pytest

import lifsim
from lifsim.accounting.prices import costs_of
from lifsim.config.arch import load_arch
from lifsim.config.document import parse_document
from lifsim.config.workload import network_of
from lifsim.errors import InputError
from lifsim.graph.states import states_of
from lifsim.model.network import Network
from lifsim.model.sharing import Sharing
from lifsim.report.save import save
from lifsim.schedule.lif_memory import LifMemory, lif_memory
from lifsim.simulate.inputs import load_config
from lifsim.simulate.options import Options
from lifsim.simulate.pipeline import run
from lifsim.simulate.result import Result
from tests.schedule.on_arch import facts_on

NET = """
name: two
timesteps: 3
input: {{shape: [2, 4, 4], encoding: rate, bits: 8}}
neuron: {{{neuron}}}
layers:
- {{name: conv1, op: conv, out: 8, kernel: 3, padding: 1}}
- {{name: lif1, op: lif}}
- {{name: conv2, op: conv, out: 8, kernel: 3, padding: 1}}
- {{name: lif2, op: lif{more}}}
- {{name: fc, op: linear, out: 10}}
spikes: {{source: rates, provenance: nobody, rates: {{conv1: 0.5, conv2: 0.5, fc: 0.5}}}}
"""
ELEMENTS = 8 * 4 * 4


def network(neuron: str = "model: cuba_lif", more: str = "") -> Any:
    return network_of(parse_document(NET.format(neuron=neuron, more=more), "net.yaml"))


def result(neuron: str, sharing: str = "none", *settings: str, **options: Any) -> Result:
    arch = load_arch(options.pop("arch", "sata128"), ("dram.model=ideal", "dram.energy=per_bit", *settings))
    return run(arch, network(neuron), Sharing.parse(sharing), Options(**options))


def memory_of(net: Network, sharing: Sharing, batch: int) -> LifMemory:
    return lif_memory(net, states_of(net, sharing), membrane_bits=8, batch=batch)


def test_lif_memory_counts_every_variable() -> None:
    # 128 neurons a layer, two values of 8 bits each: 256 bytes a layer; T = 3
    found = memory_of(network(), Sharing.parse("none"), 1)
    assert (found.forward, found.backward) == (512, 3 * 512)
    shared = memory_of(network(), Sharing.parse("layer"), 2)
    assert (shared.forward, shared.paper_backward, shared.forward_baseline) == (2 * 256, 2 * 256, 2 * 512)
    assert shared.backward == shared.backward_baseline == 2 * 3 * 512
    # a layer of its own kind: 128 + 256
    assert memory_of(network("model: lif", ", neuron: {model: cuba_lif}"), Sharing(), 1).forward == 384


def test_a_row_of_every_variable_begins_on_a_byte() -> None:
    arch = load_arch("sata128", ("precision.membrane_bits=3", "precision.psum_bits=24"))
    facts = facts_on(network(), Sharing.parse("channel8"), arch)
    assert [(state.rows, state.row_bytes) for state in facts.states] == [
        (4, 2 * 2)
    ] * 2  # 1 channel, 4 columns of 3 bits


def test_membranes_that_move_are_twice_as_many_bytes() -> None:
    # timestep by timestep, a buffer of half the row of 8 x 4 membranes that is at work: nothing stays, and all but the
    # first read and the last write of 2 layers move
    for neuron, variables in (("model: lif", 1), ("model: cuba_lif", 2), ("model: if", 1)):
        moved = result(neuron, "none", "buffers.membrane.size_bytes=16", schedule="timestep").totals
        passes = 2 * 3 - 2  # reads and writes of a state over three timesteps
        assert moved.dram_bytes.membrane_read + moved.dram_bytes.membrane_write == passes * (2 * ELEMENTS * variables)
        # the units read and write each variable once a timestep, but for the zero state
        accesses = moved.sram_accesses.membrane
        assert (accesses.reads, accesses.writes) == (2 * ELEMENTS * 2 * variables, 2 * ELEMENTS * 3 * variables)


def test_registers_are_read_and_written_for_every_variable() -> None:
    for neuron, variables in (("model: lif", 1), ("model: cuba_lif", 2)):
        registers = result(neuron, schedule="tick").totals.membrane_registers
        assert (registers.reads, registers.writes) == (2 * ELEMENTS * 2 * variables, 2 * ELEMENTS * 3 * variables)
        quarter = result(neuron, "channel4", schedule="tick").totals.membrane_registers
        assert (4 * quarter.reads, 4 * quarter.writes) == (registers.reads, registers.writes)


def test_a_unit_with_two_datapaths_costs_two() -> None:
    one, two = result("model: lif"), result("model: cuba_lif")
    assert two.totals.ops.lif_updates == one.totals.ops.lif_updates == 2 * ELEMENTS * 3
    assert two.totals.lif_units == one.totals.lif_units
    costs = costs_of(load_arch("sata128"))
    units = 128 * (costs.lif.calls.area_mm2 + costs.lif.gradients.area_mm2)  # a datapath for each of the 128 units
    more = units + 128 * costs.membrane.area_mm2  # a register for each variable of the 128 outputs
    assert two.totals.area_mm2 - one.totals.area_mm2 == pytest.approx(more)
    assert two.totals.energy_pj.compute.lif.total == pytest.approx(2 * one.totals.energy_pj.compute.lif.total)
    assert two.totals.energy_pj.compute.spike_mac == one.totals.energy_pj.compute.spike_mac


def test_training_keeps_and_carries_every_variable() -> None:
    how = {"arch": "sata_training", "mode": "training", "batch": 1}
    byte = "precision.membrane_bits=8"
    for schedule in ("tick", "timestep"):
        stored = {
            variables: result(neuron, "none", byte, **how, bptt="stored", schedule=schedule).totals
            for variables, neuron in ((1, "model: lif"), (2, "model: cuba_lif"))
        }
        # u' (and the current) of every call: 3 timesteps of 2 layers, a byte each
        for variables, totals in stored.items():
            assert totals.dram_bytes.states_write == totals.dram_bytes.states_read == variables * 3 * 2 * ELEMENTS
    undone = result("model: cuba_lif", "none", byte, **how, bptt="reversed", schedule="tick").totals
    assert undone.dram_bytes.states_write == 2 * 2 * ELEMENTS  # the last states
    # tick-batched, the gradients of both variables pass registers, recomputed states beside them: 2 reads and 3 writes
    forward = 2 * ELEMENTS * 2 * 2, 2 * ELEMENTS * 3 * 2
    assert (undone.membrane_registers.reads, undone.membrane_registers.writes) == (3 * forward[0], 3 * forward[1])


def test_membranes_wait_for_the_port_twice_as_long() -> None:
    slow = "buffers.membrane.port_bits=32", "buffers.membrane.banks=1", "lif.overlapped=false"
    fast = "dram.model=bandwidth", "dram.bandwidth_bytes_per_s=100GB"
    stalls = [
        result(neuron, "none", *slow, *fast, schedule="timestep").totals.cycles.stall_membrane
        for neuron in ("model: lif", "model: cuba_lif")
    ]
    # a pass of 128 outputs takes a cycle, or as many as its values need at 4 a cycle; one pass a layer and timestep
    assert stalls == [2 * 3 * (128 // 4 - 1), 2 * 3 * (256 // 4 - 1)]


def test_a_model_without_gradient_is_not_trained() -> None:
    with pytest.raises(InputError, match="lif1: has no gradient, so that it cannot be trained"):
        result("model: cuba_lif, reset_step: next", arch="sata_training", mode="training")
    with pytest.raises(InputError, match="lif1: hard reset forgets the membrane"):
        result("model: cuba_lif, reset: hard", arch="sata_training", mode="training", bptt="reversed")


def test_all_of_a_run_but_the_state_is_that_of_one_variable() -> None:
    one, two = result("model: lif"), result("model: cuba_lif")
    for field in fields(one.totals.dram_bytes):
        assert getattr(one.totals.dram_bytes, field.name) == getattr(two.totals.dram_bytes, field.name)
    assert one.totals.cycles == two.totals.cycles


def test_a_run_of_a_file_and_its_configuration_again(tmp_path: Any) -> None:
    path = tmp_path / "net.yaml"
    path.write_text(NET.format(neuron="model: lif, tau: .inf, decay_input: false", more=""))
    first = lifsim.run("sata128", str(path))
    save(first, tmp_path / "out", replace=False)
    again = load_config(tmp_path / "out" / "config.resolved.yaml")
    assert run(again.arch, again.network, again.sharing, again.options).totals == first.totals
