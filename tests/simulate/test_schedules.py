"""Does a run follow its schedule: who touches the membranes, what replays, which groups the objective picks?"""

from __future__ import annotations

import re
from typing import Any

import pytest

import lifsim
from lifsim.accounting.books import Accesses
from lifsim.accounting.prices import costs_of
from lifsim.errors import InputError
from lifsim.simulate.options import options_of
from lifsim.simulate.result import Result

SMALL = ("buffers.membrane.size_bytes=8KiB", "buffers.weight.size_bytes=16KiB")


@pytest.fixture(scope="module")
def timestep_major() -> Result:
    return lifsim.run(schedule="timestep")


def test_timestep_major_membranes_leave_the_registers_for_their_buffer(timestep_major: Result) -> None:
    tick = lifsim.run()
    assert tick.totals.sram_accesses.membrane == timestep_major.totals.membrane_registers == Accesses(0, 0)
    assert timestep_major.totals.sram_accesses.membrane == tick.totals.membrane_registers
    # The currents of conv1, 128 KiB, have no room: they are computed again at every timestep.
    elsewhere, first = timestep_major.network.timesteps - 1, tick.records[0].counts.ops
    again = {name: elsewhere * done for name, done in vars(first).items() if name.startswith("macs")}
    assert again["macs_dense"] == elsewhere * 27 * 64 * 32 * 32
    expected = {name: done + again.get(name, 0) for name, done in vars(tick.totals.ops).items()}
    assert vars(timestep_major.totals.ops) == expected
    assert timestep_major.totals.dram_bytes.spikes_out < tick.totals.dram_bytes.spikes_out


@pytest.mark.parametrize("n", [2, 4])
def test_channel_sharing_divides_the_membrane_buffers_accesses(timestep_major: Result, n: int) -> None:
    shared = lifsim.run(sharing=f"channel{n}", schedule="timestep")
    before, after = timestep_major.totals.sram_accesses.membrane, shared.totals.sram_accesses.membrane
    assert (before.reads, before.writes) == (n * after.reads, n * after.writes)


def test_a_layer_that_goes_on_from_anothers_state_has_no_free_first_read() -> None:
    result = lifsim.run(sharing="layer", workload="vgg9_cifar10", schedule="tick")
    layers = {record.counts.name: record for record in result.records}
    lifs = {layer.lif.name: layer for layer in result.network.layers if layer.lif}
    for first, second in (("lif1", "lif2"), ("lif3", "lif4")):
        elements, T = lifs[first].lif_elements, result.network.timesteps
        before, after = (layers[lifs[lif].name].counts.sram_accesses.membrane for lif in (first, second))
        assert (before.reads, before.writes) == (elements * (T - 1), elements * T)
        assert (after.reads, after.writes) == (elements * T, elements * T)


def test_what_dram_moves_of_the_membranes_passes_through_their_buffer_and_is_paid() -> None:
    large = lifsim.run(schedule="timestep", overrides=("buffers.membrane.size_bytes=4MiB",))
    small = lifsim.run(schedule="timestep", overrides=SMALL)
    fill, moved = small.totals.sram_accesses.membrane_fill, small.totals.dram_bytes
    assert (fill.reads, fill.writes) == (moved.membrane_write, moved.membrane_read)
    assert fill.reads > 0
    assert large.totals.sram_accesses.membrane_fill == Accesses(0, 0)
    assert large.totals.sram_accesses.membrane == small.totals.sram_accesses.membrane
    # Eight membranes to an access of 64 bits.
    costs = costs_of(small.arch).buffers["membrane"]
    own = small.totals.sram_accesses.membrane
    paid = sum(record.energy_pj.buffers.membrane.work for record in small.records)
    reads, writes = (own.reads + fill.reads) / 8, (own.writes + fill.writes) / 8
    assert paid == pytest.approx(reads * costs.read_pj + writes * costs.write_pj, rel=1e-3)


def test_replayed_currents_wait_in_the_psum_buffer(timestep_major: Result) -> None:
    """Where there is room for the 65,536 of 16 bits; else they are computed again, and none waits."""
    elements, T = timestep_major.network.layers[0].lif_elements, timestep_major.network.timesteps
    roomy = lifsim.run(schedule="timestep", overrides=(f"buffers.psum.size_bytes={2 * elements}",))
    assert roomy.records[0].counts.sram_accesses.psum == Accesses(elements * (T - 1), elements)
    assert timestep_major.records[0].counts.sram_accesses.psum == Accesses(0, 0)
    assert lifsim.run().records[0].counts.sram_accesses.psum == Accesses(0, 0)


def test_of_partitions_that_work_as_long_the_one_that_moves_fewer_bytes_is_taken() -> None:
    """Under os a layer streams as long timestep by timestep as tick-batched, which fetches its weights once."""
    tick, by_cycles = (
        lifsim.run("sata128", "alexnet_cifar10", **options)
        for options in ({"schedule": "tick"}, {"schedule": "auto", "objective": "cycles"})
    )
    assert by_cycles.totals.dram_bytes.total <= tick.totals.dram_bytes.total
    assert by_cycles.totals.cycles.array == tick.totals.cycles.array


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"chunk": 3, "batch": 2, "schedule": "timestep"}, "chunk: 3 must lie in 1..2"),
        ({"chunk": 0}, "chunk: 0 must be >= 1"),
        ({"schedule": "timestep", "overrides": ["buffers.membrane.size_bytes=0"]}, "buffers.membrane.size_bytes: 0"),
        ({"sharing": "layer", "overrides": ["buffers.membrane.size_bytes=0"]}, "as conv1 to conv2 do"),
        ({"schedule": "ticks", "objective": "drams"}, "schedule: 'ticks'"),
        ({"arch": "sata128_satasim", "schedule": "auto"}, "schedule: auto must be tick"),
    ],
)
def test_schedules_that_cannot_be_are_refused(settings: dict[str, Any], message: str) -> None:
    with pytest.raises(InputError, match=re.escape(message)):
        lifsim.run(**settings)


def test_auto_and_its_chunk_survive_in_the_resolved_configuration() -> None:
    tree = options_of({"chunk": "auto", "schedule": "auto"}).tree()
    assert tree["schedule"] == "auto"
    assert "chunk" not in tree
    assert options_of(tree) == options_of({"schedule": "auto"})
    assert options_of({"chunk": 4}).tree()["chunk"] == 4
