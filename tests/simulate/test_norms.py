"""Does a training run count, time and price what a batch norm with batch statistics asks for?"""

from __future__ import annotations

import dataclasses

import pytest

from lifsim.config.arch import load_arch
from lifsim.model.network import Network, NormStatistics
from lifsim.model.sharing import Sharing
from lifsim.schedule.memory import memory_of
from lifsim.simulate.options import Options
from lifsim.simulate.pipeline import run
from lifsim.simulate.result import Result
from lifsim.training.norm_notes import norm_notes, statistics_note
from tests.simulate.test_training import component
from tests.workload import building

BUFFERS = ("weight", "spike_in", "spike_out", "membrane", "psum")
ENDLESS = tuple(f"buffers.{name}.size_bytes=1GiB" for name in BUFFERS)
IDEAL = "dram.model=ideal"
LAYERS = """
- {name: conv1, op: conv, out: 4, kernel: 3, padding: 1, batch_norm: true}
- {name: lif1, op: lif}
- {name: conv2, op: conv, out: 4, kernel: 3, padding: 1, batch_norm: true}
- {name: shortcut, op: conv, input: lif1, out: 4, kernel: 1}
- {name: sum, op: add, inputs: [conv2, shortcut]}
- {name: lif2, op: lif}
- {name: fc, op: linear, out: 3}
"""
VALUES = 4 * 6 * 6 * 3 * 2
"""Of a convolution, 3 timesteps, 2 images."""


def network(statistics: NormStatistics = "timestep") -> Network:
    found = building.network(LAYERS, encoding="rate", timesteps=3, shape="[2, 6, 6]")
    spikes = dataclasses.replace(found.spikes, source="rates", rates={layer.name: (0.3,) for layer in found.layers})
    return dataclasses.replace(found, spikes=spikes, norm_statistics=statistics)


def trained(
    statistics: NormStatistics = "timestep", overrides: tuple[str, ...] = (IDEAL,), **options: object
) -> Result:
    arch = load_arch("sata_training", (*ENDLESS, *overrides))
    return run(arch, network(statistics), Sharing(), Options(mode="training", batch=2, **options))


def test_frozen_statistics_are_free() -> None:
    frozen = trained("frozen")
    bare = building.network(LAYERS.replace(", batch_norm: true", ""), encoding="rate", timesteps=3, shape="[2, 6, 6]")
    bare = dataclasses.replace(bare, spikes=frozen.network.spikes)
    alike = run(frozen.arch, bare, Sharing(), frozen.options)
    assert alike.totals.dram_bytes == frozen.totals.dram_bytes
    assert (alike.totals.cycles, alike.totals.ops) == (frozen.totals.cycles, frozen.totals.ops)
    assert "gradient_sums" not in frozen.stages


def test_sums_are_kept_and_read_twice_and_dy_waits_on_chip() -> None:
    """Endless buffers: of conv1, 16 bits a sum, what is kept goes out and comes once, and stays for the second pass.
    conv2 hands its sums on: they are what it puts out, and nothing more is written."""
    result, frozen = trained(), trained("frozen")
    assert list(result.stages) == ["forward", "gradient_sums", "backward", "weight_update"]
    conv1, conv2 = (record.stages for record in result.records[:2])
    assert (conv1["forward"].dram_bytes.sums_write, conv1["forward"].dram_bytes.sums_read) == (2 * VALUES, 0)
    assert (conv2["forward"].dram_bytes.sums_write, conv2["forward"].dram_bytes.sums_read) == (0, 0)
    for stages in (conv1, conv2):
        assert stages["gradient_sums"].dram_bytes.sums_read == 2 * VALUES
        assert stages["backward"].dram_bytes.sums_read == 0
    more = result.totals.dram_bytes.total - frozen.totals.dram_bytes.total
    assert more == 2 * VALUES * 3


@pytest.mark.parametrize("bptt", ["stored", "reversed", "recomputed"])
def test_memory_and_run_agree_on_the_sums_that_are_kept(bptt: str) -> None:
    """All that the first pass finds in DRAM; recomputed, those of conv2 alone, which are what it puts out."""
    result = trained(bptt=bptt)
    kept, without = (
        memory_of(network(one), Sharing(), result.arch.precision, 2).backward[bptt].activations
        for one in ("timestep", "frozen")
    )
    assert kept - without == result.stages["gradient_sums"].dram_bytes.sums_read
    assert kept - without == 2 * VALUES * (2 if bptt == "stored" else 1)


def test_arithmetic_is_counted_and_paid_by_the_gradient_units() -> None:
    """3 multiply-adds a value forward, 3 and 2 on the way back, for two layers; a multiplier and two adders each."""
    result, frozen = trained(), trained("frozen")
    counted = {name: stage.ops.norm_multiply_adds for name, stage in result.stages.items()}
    assert counted == {
        "forward": 6 * VALUES, "gradient_sums": 6 * VALUES, "backward": 4 * VALUES, "weight_update": 0,
    }  # fmt: skip
    price = component("multiplier", "dynamic_power_mw") + 2 * component("adder", "dynamic_power_mw")
    drawn = [one.totals.energy_pj.compute.lif.operation for one in (result, frozen)]
    assert drawn[0] - drawn[1] == pytest.approx(16 * VALUES * price * 2.5)  # 400 MHz


def test_neurons_behind_sums_that_wait_are_not_hidden_behind_the_array() -> None:
    """The array has nothing left to do when the statistics are known; where the product runs twice, it has."""
    hidden = "lif.overlapped=true"
    waits, frozen = (
        trained(one, (IDEAL, hidden)).records[0].stages["forward"].cycles for one in ("timestep", "frozen")
    )
    assert frozen.lif < waits.lif == trained("frozen").records[0].stages["forward"].cycles.lif
    assert waits.array == frozen.array


def test_a_product_that_runs_twice_is_counted_twice() -> None:
    small = (IDEAL, "buffers.psum.size_bytes=0")
    result, frozen = trained("timestep", small), trained("frozen", small)
    twice, once = (one.records[0].stages["forward"] for one in (result, frozen))
    assert "product runs twice for batch statistics" in result.records[0].counts.tiling
    assert any(note.startswith("the products of conv1 run twice for their statistics") for note in result.notes)
    assert (twice.cycles.array, twice.cycles.fill_drain) == (2 * once.cycles.array, 2 * once.cycles.fill_drain)
    assert (twice.ops.macs_dense, twice.ops.macs_effective) == (2 * once.ops.macs_dense, 2 * once.ops.macs_effective)
    assert twice.sram_accesses.weight.reads == 2 * once.sram_accesses.weight.reads
    assert twice.cycles.lif == once.cycles.lif


@pytest.mark.parametrize("schedule", ["tick", "timestep"])
@pytest.mark.parametrize("bptt", ["stored", "reversed", "recomputed"])
def test_a_run_against_its_memory_balances(schedule: str, bptt: str) -> None:
    """Small buffers: everything overflows. Statistics of each timestep, no chunk smaller than the batch."""
    small = tuple(f"buffers.{name}.size_bytes=256" for name in BUFFERS)
    result = trained("timestep", small, schedule=schedule, bptt=bptt)
    frozen = trained("frozen", small, schedule=schedule, bptt=bptt)
    assert result.totals.cycles.total > frozen.totals.cycles.total
    assert result.totals.dram_bytes.total > frozen.totals.dram_bytes.total
    assert result.plan is not None
    assert all(group.images == 2 for group in result.plan.groups)


def test_a_reader_is_told_what_norms_wait_for() -> None:
    """One image is a batch, too; of a linear layer its statistics are of one value."""

    def said(statistics: NormStatistics, batch: int) -> list[str]:
        return list(norm_notes(network(statistics), batch))

    assert said("frozen", 2) == ["batch norms are frozen: a part of the weights, free, and not trained"]
    (of_a_batch,) = said("timestep", 4)
    assert of_a_batch.startswith("neurons behind 2 batch norms wait for statistics of all 4 images, each timestep: no")
    (of_all,) = said("all_timesteps", 1)
    assert "wait for statistics of one image's map, all timesteps together: no strips" in of_all
    layers = (
        "- {name: fc1, op: linear, out: 4, batch_norm: true}\n- {name: lif1, op: lif}\n- {name: fc, op: linear, out: 3}"
    )
    single = building.network(layers, encoding="rate", timesteps=3, shape="[2]")
    assert "statistics of one value say nothing: fc1 must have a larger batch" in list(norm_notes(single, 1))[1]
    assert len(list(norm_notes(single, 2))) == 1
    assert len(list(norm_notes(dataclasses.replace(single, norm_statistics="all_timesteps"), 1))) == 1
    assert any(note.startswith("neurons behind 2 batch norms") for note in trained().notes)


def test_a_reader_is_told_what_sums_of_statistics_would_take_by_themselves() -> None:
    """Every sum of each of two norms once, with as many units at a time; frozen there are none."""
    net = network("timestep")
    values = [net.layers[index].rounds * net.layers[index].pixels * net.layers[index].filters for index in (0, 1)]
    alone = sum(-(-3 * each // 7) for each in values)
    (note,) = statistics_note(net, 3, 7, 100 * alone)
    assert note.endswith(f"by themselves the sums would take {alone:,} cycles, 1.00% of the run's")
    assert note.brief == "batch statistics take no time of their own: at most 1.00% more cycles"
    (small,) = statistics_note(net, 3, 7, 100 * alone + 1)
    assert small == note
    assert not small.brief
    assert not list(statistics_note(network("frozen"), 3, 7, 100))
    assert sum("by themselves the sums would take" in note for note in trained().notes) == 1
