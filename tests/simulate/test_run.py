"""Does a run say what the hardware does, and does LIF sharing change what it should and nothing else?"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from numpy.lib.stride_tricks import sliding_window_view

import lifsim
from lifsim.config.given_rates import WAYS_TO_SPIKES
from lifsim.config.workload import load_workload
from lifsim.errors import InputError
from lifsim.simulate.result import Result
from lifsim.trace.synthesise import synthesise
from lifsim.trace.writer import save


@pytest.fixture(scope="module")
def unshared() -> Result:
    return lifsim.run()


@pytest.mark.parametrize("n", [2, 4])
def test_channel_sharing_divides_the_lif_units_and_touches_nothing_else_of_computation(
    unshared: Result, n: int
) -> None:
    shared = lifsim.run(sharing=f"channel{n}")
    ours, theirs = shared.totals.energy_pj.compute, unshared.totals.energy_pj.compute
    longer = shared.totals.cycles.total / unshared.totals.cycles.total  # the clock runs in the cycles of the chain, too
    assert ours.lif.ungated == pytest.approx(longer * theirs.lif.ungated / n, rel=1e-12)
    assert ours.lif.standing == pytest.approx(longer * theirs.lif.standing / n, rel=1e-12)
    assert ours.lif.work == theirs.lif.work
    for part in ("spike_mac", "spad"):
        assert getattr(ours, part).work == getattr(theirs, part).work
        assert getattr(ours, part).ungated == pytest.approx(longer * getattr(theirs, part).ungated, rel=1e-12)
    assert shared.totals.area.lif == pytest.approx(unshared.totals.area.lif / n)
    assert shared.totals.ops == unshared.totals.ops


@pytest.mark.parametrize("n", [2, 4])
@pytest.mark.parametrize("schedule", ["tick", "timestep"])
def test_as_few_units_without_sharing_cost_the_same_cycles_and_logic_but_not_registers(n: int, schedule: str) -> None:
    """Time-multiplexing needs no sharing: what sharing saves of computation is registers, and their accesses."""
    shared = lifsim.run(workload="vgg9_cifar10", sharing=f"channel{n}", schedule=schedule).totals
    few = lifsim.run(workload="vgg9_cifar10", schedule=schedule, overrides=[f"lif.units={128 // n}"]).totals
    if schedule == "tick":
        assert shared.cycles == few.cycles
        assert shared.energy_pj.compute.lif == few.energy_pj.compute.lif
        assert shared.energy_pj.compute.membrane_registers.work > 0
    assert shared.energy_pj.compute.lif.work == few.energy_pj.compute.lif.work
    assert shared.area.lif == few.area.lif
    assert shared.lif_units == few.lif_units
    ours, theirs = shared.energy_pj.compute.membrane_registers, few.energy_pj.compute.membrane_registers
    assert n * ours.work == pytest.approx(theirs.work)
    assert n * ours.standing / shared.time_s == pytest.approx(theirs.standing / few.time_s)
    assert n * shared.area.membrane_registers == pytest.approx(few.area.membrane_registers)


@pytest.mark.parametrize("n", [2, 4])
def test_channel_sharing_costs_the_serial_chain(unshared: Result, n: int) -> None:
    shared = lifsim.run(sharing=f"channel{n}")
    ii = unshared.arch.lif.initiation_interval_cycles
    latency = unshared.arch.lif.latency_cycles
    passes = unshared.totals.cycles.lif // latency
    assert shared.totals.cycles.lif == passes * (latency + ii * (n - 1))
    assert shared.totals.cycles.array == unshared.totals.cycles.array
    assert shared.totals.cycles.fill_drain == unshared.totals.cycles.fill_drain


@pytest.mark.parametrize("name", ["lenet5_mnist", "vgg16_cifar10"])
def test_effective_macs_are_a_direct_count_over_im2col(spike_trace: Callable[[str], Path], name: str) -> None:
    path = spike_trace(name)
    result = lifsim.run(workload=name, trace=path)
    counted = 0
    with np.load(path) as trace:
        for layer, name in zip(result.network.layers, trace.files, strict=True):
            spikes = trace[name].astype(np.int64)[: layer.rounds]
            if spikes.ndim == 2:
                spikes = spikes[:, :, None, None]
            (ph, pw), (sh, sw) = layer.padding, layer.stride
            padded = np.pad(spikes, ((0, 0), (0, 0), (ph, ph), (pw, pw)))
            columns = sliding_window_view(padded, layer.kernel, axis=(2, 3))[:, :, ::sh, ::sw]
            counted += int(columns.sum()) * layer.filters
    assert result.totals.ops.macs_effective == counted


def test_the_totals_are_the_sums_of_the_layer_table(unshared: Result) -> None:
    table = unshared.layers
    totals = unshared.totals
    assert len(table) == len(unshared.network.layers)
    assert table["cycles.total"].sum() == totals.cycles.total
    assert table["dram_bytes.total"].sum() == totals.dram_bytes.total
    assert table["energy_pj.total"].sum() == pytest.approx(totals.energy_pj.total.total)
    steps = unshared.timesteps.groupby("layer")["macs_effective"].sum()
    assert steps.to_dict() == table.set_index("layer")["ops.macs_effective"].to_dict()


def test_the_image_is_convolved_once_and_its_multiplications_are_paid_as_such(unshared: Result) -> None:
    first, second = unshared.records[0].counts, unshared.records[1].counts
    assert len(first.timesteps) == 1
    assert len(second.timesteps) == unshared.network.timesteps
    assert first.ops.macs_multibit == first.ops.macs_executed > 0
    assert second.ops.macs_multibit == 0
    assert first.ops.lif_updates == unshared.network.timesteps * unshared.network.layers[0].lif_elements


def test_the_same_seed_gives_the_same_run_and_another_seed_another() -> None:
    first, again, other = (lifsim.run(seed=seed).totals.ops.macs_effective for seed in (1, 1, 2))
    assert first == again != other


def test_skip_is_never_slower_than_dense_and_gate_burns_less_than_none() -> None:
    runs = {
        sparsity: lifsim.run(overrides=["array.dataflow=os", f"array.sparsity={sparsity}"]).totals
        for sparsity in ("none", "gate", "skip")
    }
    assert runs["none"].cycles == runs["gate"].cycles
    assert runs["skip"].cycles.total < runs["gate"].cycles.total
    spike_mac = {sparsity: totals.energy_pj.compute.spike_mac.operation for sparsity, totals in runs.items()}
    assert spike_mac["gate"] == spike_mac["skip"] < spike_mac["none"]


def test_a_single_pe_works_through_every_mac() -> None:
    overrides = ["array.rows=1", "array.cols=1", "array.dataflow=os"]
    totals = lifsim.run(workload="lenet5_mnist", overrides=overrides).totals
    assert totals.cycles.array == totals.ops.macs_dense
    assert totals.cycles.fill_drain == 0
    assert totals.pe_utilisation == 1


def test_one_timestep_is_one_run_of_every_layer() -> None:
    result = lifsim.run(workload="resnet19_cifar10", overrides=["timesteps=1"])
    assert result.totals.ops.macs_dense == sum(layer.macs_per_round for layer in result.network.layers)
    assert result.totals.ops.lif_updates == sum(layer.lif_elements for layer in result.network.layers)
    assert result.totals.membrane_registers.reads == 0


def test_two_images_take_twice_the_time_and_less_than_twice_the_weights() -> None:
    one, two = (lifsim.run(batch=batch, overrides=["dram.model=ideal"]).totals for batch in (1, 2))
    assert two.cycles.total == 2 * one.cycles.total
    assert two.ops.lif_updates == 2 * one.ops.lif_updates
    assert one.dram_bytes.weights <= two.dram_bytes.weights < 2 * one.dram_bytes.weights


def test_a_workload_may_name_its_trace_beside_itself(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    network = load_workload("lenet5_mnist")
    with synthesise(network, batch=2, seed=3) as drawn:
        save(drawn, tmp_path / "spikes.npz", overwrite=False)
    workload = tmp_path / "own.yaml"
    workload.write_text("name: own\nextends: lenet5_mnist\nspikes: {source: trace, trace: spikes.npz}\n")
    monkeypatch.chdir("/")
    named = lifsim.run(workload=str(workload))
    given = lifsim.run(workload="lenet5_mnist", trace=tmp_path / "spikes.npz")
    drawn_again = lifsim.run(workload="lenet5_mnist", batch=2, seed=3)
    assert named.totals == given.totals == drawn_again.totals
    assert named.options.trace == tmp_path / "spikes.npz"
    assert not named.spikes.measured
    assert "the spikes of the trace were drawn at random" in named.notes[0]


def test_the_engine_fires_other_spikes_under_every_sharing() -> None:
    sharings = ("none", "channel2", "channel2")
    none, shared, again = (lifsim.run(workload="lenet5_mnist", sharing=s, spikes="engine") for s in sharings)
    assert none.totals.ops.macs_effective != shared.totals.ops.macs_effective
    assert shared.totals == again.totals
    assert shared.spikes.recorded_under == "channel2"
    assert not shared.spikes.measured
    with pytest.raises(InputError, match="must not be given with spikes: engine"):
        lifsim.run(spikes="engine", trace="some.npz")
    with pytest.raises(InputError, match=r"must be random, a data set or an \.npz file; did you mean"):
        lifsim.run(workload="lenet5_mnist", spikes="engine", images="digit")


def test_all_that_is_wrong_with_the_inputs_is_told_at_once() -> None:
    with pytest.raises(InputError) as error:
        lifsim.run(sharing="chanel4", overrides=["array.rows=0", "timesteps=0", "bufers.weight=1"])
    text = str(error.value)
    for part in ("chanel4", "array.rows: 0 must be >= 1", "timesteps: 0 must be >= 1", "did you mean 'buffers'"):
        assert part in text


def test_channels_that_n_does_not_divide_are_refused_by_name() -> None:
    with pytest.raises(InputError, match="channel3 must divide the 64 channels of lif1"):
        lifsim.run(sharing="channel3")


def of_energy(note: str) -> bool:
    """Whether a note tells what energy is lost without work."""
    return "buffer holds nothing" in note or note.startswith("idle LIF units toggle")


def test_what_the_spikes_are_is_said(spike_trace: Callable[[str], Path]) -> None:
    trace = spike_trace("lenet5_mnist")
    assert lifsim.run(workload="lenet5_mnist").notes[0].startswith("spikes are random at measured rates: ")
    assert lifsim.run(workload="alexnet_cifar10").notes[0].startswith("spikes are random at assumed, not measured")
    said = lifsim.run(workload="lenet5_mnist", trace=trace).notes
    assert [note for note in said if not of_energy(note)] == []
    alone, three = (lifsim.run(workload="lenet5_mnist", trace=trace, batch=b, sharing="channel2") for b in (1, 3))
    assert three.totals.ops.macs_effective == 3 * alone.totals.ops.macs_effective
    one_for_all, sharing, chains = (note for note in three.notes if not of_energy(note))
    assert one_for_all == "the trace holds one image, whose spikes stand for all 3"
    assert sharing.startswith("the trace was recorded under sharing none; a network trained under channel2 fires other")
    assert chains.startswith("chains of channel2: 4 layers have them whole in a fold; ")


def test_a_network_without_spikes_says_how_to_get_them() -> None:
    with pytest.raises(InputError) as refused:
        lifsim.run(workload="har_fcn")
    told = str(refused.value)
    assert told == f"spikes: must have a source: har_fcn states no rates; {WAYS_TO_SPIKES}"
    for way_out in ("--trace FILE", "--rate 0.15", "spikes.rates", "--spikes engine --weights FILE, of lifsim train"):
        assert way_out in told


@pytest.mark.parametrize("sparsity", ["gate", "skip"])
def test_each_timestep_uses_the_array_as_much_as_its_own_products_need(sparsity: str) -> None:
    overrides = ["array.dataflow=os", f"array.sparsity={sparsity}"]
    result = lifsim.run(workload="lenet5_mnist", batch=2, overrides=overrides)
    for layer, record in zip(result.network.layers, result.records, strict=True):
        steps = record.counts.timesteps
        assert [step.timestep for step in steps] == list(range(layer.rounds))
        for step in steps:
            products = step.macs_effective if sparsity == "skip" else 2 * layer.pixels * layer.filters * layer.reduction
            pe_cycles = result.arch.array.pes * (step.array_cycles + step.fill_drain_cycles)
            assert step.pe_utilisation == pytest.approx(products / pe_cycles)
        assert sum(step.macs_effective for step in steps) == record.counts.ops.macs_effective


def test_the_source_of_spikes_is_what_the_trace_says_or_its_name(tmp_path: Path) -> None:
    network = load_workload("lenet5_mnist")
    with synthesise(network, batch=1, seed=3) as drawn:
        save(drawn, tmp_path / "told.npz", overwrite=False)
        save(replace(drawn, provenance=""), tmp_path / "untold.npz", overwrite=False)
    told, untold = (lifsim.run(workload="lenet5_mnist", trace=tmp_path / f"{n}.npz") for n in ("told", "untold"))
    assert told.spikes.source.startswith("synthetic: independent Bernoulli draws; rates: ")
    assert untold.spikes.source == "untold.npz"
