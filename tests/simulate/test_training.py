"""Does training multiply, keep and move what walking it element by element does?"""

from __future__ import annotations

import csv
import dataclasses
import math
from collections import Counter
from fractions import Fraction
from importlib.resources import files

import numpy as np
import pytest

import lifsim
from lifsim.accounting import ACCOUNTINGS, Setup
from lifsim.accounting.machine import Machine
from lifsim.accounting.records import as_tree
from lifsim.config.arch import load_arch
from lifsim.errors import InputError
from lifsim.graph.states import channels_by_layer, states_of
from lifsim.hardware.array import DATAFLOWS, ArrayShape, Gemm, dense_cycles, sparsity_of
from lifsim.hardware.lif_unit import lif_bank
from lifsim.keeping import KEEPINGS
from lifsim.keeping.undoing import undoable_calls
from lifsim.memo import Memo
from lifsim.model.network import Network
from lifsim.model.sharing import Sharing
from lifsim.schedule.plan import ScheduleOptions
from lifsim.simulate.inputs import load_inputs
from lifsim.simulate.options import Options
from lifsim.simulate.pipeline import run
from lifsim.simulate.result import Result
from lifsim.simulate.spikes import read_spikes
from lifsim.sweeps.beside import run_beside_baseline
from lifsim.trace.synthesise import synthesise
from tests.oracles import kept_membranes as kept
from tests.oracles import training as oracle
from tests.schedule.on_arch import plan_on
from tests.workload import building

LAYERS = """
- {name: conv1, op: conv, out: 4, kernel: 3, padding: 1, batch_norm: true}
- {name: lif1, op: lif}
- {name: conv2, op: conv, out: 4, kernel: 3, padding: 1}
- {name: lif2, op: lif}
- {name: conv3, op: conv, out: 8, kernel: 3, padding: 1, stride: 2, groups: 2}
- {name: shortcut, op: conv, input: lif1, out: 8, kernel: 1, stride: 2}
- {name: sum, op: add, inputs: [conv3, shortcut]}
- {name: lif3, op: lif}
- {name: fc, op: linear, out: 3}
"""
BUFFERS = ("weight", "spike_in", "spike_out", "membrane", "psum")
ENDLESS = (*(f"buffers.{name}.size_bytes=1GiB" for name in BUFFERS), "dram.model=ideal")


def _network(encoding: str = "rate", timesteps: int = 3) -> Network:
    """With frozen statistics: what batch norms move and ask of the array is tested by itself (test_norms)."""
    network = building.network(LAYERS, encoding=encoding, timesteps=timesteps, shape="[2, 6, 6]")
    rates = {layer.name: (0.3,) for layer in network.layers}
    spikes = dataclasses.replace(network.spikes, source="rates", rates=rates)
    return dataclasses.replace(network, spikes=spikes, norm_statistics="frozen")


def _run(network: Network, sharing: str = "none", overrides: tuple[str, ...] = ENDLESS, **options: object) -> Result:
    arch = load_arch("sata_training", overrides)
    return run(arch, network, Sharing.parse(sharing), Options(**{"mode": "training", "batch": 1, **options}))


@pytest.mark.parametrize("encoding", ["rate", "direct"])
def test_macs_of_all_stages_are_a_walk_over_every_product(encoding: str) -> None:
    network = _network(encoding)
    result = _run(network, seed=3)
    zeros = network.gradients
    with synthesise(network, 1, 3) as trace:
        for layer, spikes, record in zip(network.layers, trace.layers, result.records, strict=True):
            steps = [spikes.read(step, 0, 1)[0].reshape(layer.in_shape) for step in range(layer.rounds)]
            image = np.stack(steps)
            if layer.input.name == "input" and encoding == "direct":
                image = np.ones_like(image)
            every, ones, back = oracle.products(layer, image)
            stages = record.stages
            assert stages["forward"].ops.macs_dense == stages["weight_update"].ops.macs_dense == every
            assert stages["forward"].ops.macs_effective == stages["weight_update"].ops.macs_effective == ones
            backward = 0 if layer.input.name == "input" else round((1 - zeros.membrane_sparsity) * back)
            assert stages["backward"].ops.macs_effective == backward
            updates = layer.lif_elements * layer.timesteps
            assert stages["backward"].ops.pgu_updates == updates
            assert stages["backward"].ops.pgu_multiplications == round((1 - zeros.firing_sparsity) * updates)


def test_all_stages_count_the_map_and_not_its_padding() -> None:
    """A map of 2 x 2, all ones, 4 channels to 8 filters, 3 x 3 with padding 1, three timesteps, no gradient zero: 16 of
    36 pairs of an output and a tap meet the map."""
    layers = """
- {name: conv1, op: conv, out: 4, kernel: 3, padding: 1}
- {name: lif1, op: lif}
- {name: conv2, op: conv, out: 8, kernel: 3, padding: 1}
- {name: lif2, op: lif}
"""
    net = building.network(layers, encoding="rate", timesteps=3, shape="[2, 2, 2]")
    net = dataclasses.replace(
        net,
        spikes=dataclasses.replace(net.spikes, source="rates", rates={layer.name: (1.0,) for layer in net.layers}),
        gradients=dataclasses.replace(net.gradients, membrane_sparsity=0.0),
    )
    stages = _run(net).records[1].stages
    assert [stages[name].ops.macs_effective for name in ("forward", "weight_update", "backward")] == [1536] * 3
    assert stages["forward"].ops.macs_dense == 3 * 4 * 9 * 4 * 8 == 3456


def kept_bits(network: Network, sharing: str, bits: int, bptt: str) -> int:
    """Of an image, call by call, 2 bits of which are forgotten; layers that share run timestep by timestep."""
    total = 0
    for state in states_of(network, Sharing.parse(sharing)):
        undone = undoable_calls(bits, 4.0)
        one = kept.Set(state.elements, 1, len(state.lifs), state.channels, network.timesteps, bits, undone, Fraction(2))
        ways = {
            "stored": kept.stored(one),
            "reversed": min(kept.copied(one), kept.remembered(one), key=Counter.total),
            "recomputed": kept.recomputed(one, timestep_major=len(state.lifs) > 1),
        }
        total += ways[bptt].total()
    return total


@pytest.mark.parametrize("sharing", ["none", "layer", "channel2", "layer+channel2"])
@pytest.mark.parametrize("bptt", ["stored", "reversed", "recomputed"])
@pytest.mark.parametrize("batch", [1, 2])
def test_states_gradients_and_updates_are_moved_as_the_walk_does(sharing: str, bptt: str, batch: int) -> None:
    network = _network()
    result = _run(network, sharing, batch=batch, bptt=bptt)
    precision = result.arch.precision
    bits = {"membrane": precision.membrane_bits, "gradient": precision.of_gradients, "weight": precision.weight_bits}
    walked = oracle.moved_bits(network, bits, batch, kept_bits(network, sharing, bits["membrane"], bptt))
    moved = as_tree(result.totals.dram_bytes)
    names = ("states_write", "states_read", "gradients_write", "gradients_read", "weight_updates", "optimizer_state")
    assert {name: moved[name] for name in names} == {name: walked[name] // 8 for name in names}
    assert moved["total"] == sum(size for name, size in moved.items() if name != "total")


def test_a_tick_batched_forward_stage_writes_every_membrane_that_is_kept_and_reads_none() -> None:
    """Membranes live in the PEs: of the buffer the only accesses are what is kept for the way back."""
    result = _run(_network(), batch=2)
    for layer, record in zip(result.network.layers, result.records, strict=True):
        membrane = record.stages["forward"].sram_accesses.membrane
        assert (membrane.reads, membrane.writes) == (0, 2 * layer.lif_elements * layer.timesteps)


@pytest.mark.parametrize("encoding", ["rate", "direct"])
def test_array_cycles_are_those_of_the_three_products(encoding: str) -> None:
    result = _run(_network(encoding), batch=2)
    shape = ArrayShape(result.arch.array.rows, result.arch.array.cols)
    for layer, record in zip(result.network.layers, result.records, strict=True):
        C, H, W = layer.in_shape
        reduction = layer.group_filters * math.prod(layer.kernel)
        transposed = Gemm(H * W, reduction, C // layer.groups, layer.groups)
        update = oracle.update_folds(layer, shape.rows, shape.cols, layer.rounds, together=True)
        back = (
            dense_cycles(DATAFLOWS["os"], transposed, shape, layer.rounds, tick_batched=True).total
            if layer.input.name != "input"
            else 0
        )
        stages = record.stages
        assert stages["backward"].cycles.array + stages["backward"].cycles.fill_drain == 2 * back
        assert stages["weight_update"].cycles.total - stages["weight_update"].cycles.lif == 2 * update[1]
        assert stages["backward"].cycles.lif == stages["forward"].cycles.lif


def test_updates_add_timesteps_up_in_the_pes_where_they_run_together() -> None:
    """Tick-batched one fold takes all of them; timestep by timestep, in turn, each fills and drains the array."""
    network = _network()
    tick, timestep = (_run(network, schedule=schedule) for schedule in ("tick", "timestep"))
    array = tick.arch.array
    for layer, together, apart in zip(network.layers, tick.records, timestep.records, strict=True):
        for record, runs in ((together, True), (apart, False)):
            _, cycles = oracle.update_folds(layer, array.rows, array.cols, layer.rounds, together=runs)
            found = record.stages["weight_update"].cycles
            assert found.total - found.lif == cycles  # the LIF units' are those of the optimizer
        assert together.stages["weight_update"].ops == apart.stages["weight_update"].ops


def test_layers_name_the_orders_of_all_stages() -> None:
    """conv3, tick-batched in two groups, endless buffers: one tile each, updated when all images have gone back."""
    result = _run(_network(), batch=2, bptt="reversed")
    words = {row["layer"]: row["tiling"] for row in result.layer_rows}
    back, update = "backward: 1 x 6 rows, 1 x 2 channels", "update afterwards: 1 x 3 rows, 1 x 4 filters"
    assert words["conv3"].count(";") == 2
    assert f"; {back}, weights outer; {update}, sums outer" in words["conv3"]
    assert "backward" not in words["conv1"]


def test_the_forward_stage_is_inference_and_recomputation_repeats_it() -> None:
    network = _network()
    arch = load_arch("sata_training", ENDLESS)
    inference = run(arch, network, Sharing.parse("channel2"), Options())
    result = _run(network, "channel2", bptt="reversed")
    for before, after in zip(inference.records, result.records, strict=True):
        forward = after.stages["forward"]
        assert (forward.cycles, forward.ops) == (before.counts.cycles, before.counts.ops)
        assert forward.dram_bytes.weights == before.counts.dram_bytes.weights
        if "recompute" in after.stages:
            assert after.stages["recompute"].ops == before.counts.ops
            assert after.stages["recompute"].cycles == before.counts.cycles
    assert result.stages["recompute"].ops.lif_updates == inference.totals.ops.lif_updates
    assert set(_run(network, "channel2").stages) == {"forward", "backward", "weight_update"}


def test_reversed_keeps_a_state_for_four_calls_and_stored_every_call() -> None:
    """At 16 bits; eight calls on half as many membranes."""
    network = _network(timesteps=4)
    stored, reverse = (_run(network, "channel2", bptt=bptt) for bptt in ("stored", "reversed"))
    calls = sum(lif.output.elements for lif in network.lifs)
    assert stored.totals.lif_memory_bytes.backward == stored.totals.dram_bytes.states_write == 2 * 4 * calls
    assert reverse.totals.lif_memory_bytes.backward == reverse.totals.dram_bytes.states_write == 2 * 2 * calls // 2


def component(kernel: str, column: str) -> float:
    """Of 16 bits, as SATA_Sim's synthesis has it."""
    text = (files("lifsim") / "hardware" / "tables" / "sata_components.csv").read_text()
    rows = csv.DictReader(line for line in text.splitlines() if not line.startswith("#"))
    return next(float(row[column]) for row in rows if (row["component"], row["width_bits"]) == (kernel, "16"))


SLOPE = ["subtractor", "multiplier", "multiplier", "adder", *["subtractor", *["register"] * 3] * 16]
"""What 1 / (1 + (pi d)^2) at d = u' - theta takes, with 16 bits."""


@pytest.mark.parametrize(("sharing", "units"), [("none", 128), ("channel4", 32)])
def test_every_lif_unit_has_a_gradient_unit_beside_it_whose_area_counts(sharing: str, units: int) -> None:
    """A comparator, two subtractors, an adder, a register; beside them a multiplier and two adders, and for the slope
    two multipliers, a subtractor, an adder, and a divider of 16 rows of a subtractor and three registers."""
    result = _run(_network(), sharing)
    lif = ["comparator", "subtractor", "subtractor", "adder", "register"]
    pgu = ["multiplier", "adder", "adder", *SLOPE]
    area_um2 = {
        tag: sum(component(kernel, "area_um2") for kernel in kernels) for tag, kernels in (("lif", lif), ("pgu", pgu))
    }
    assert result.totals.area.lif == pytest.approx(units * (area_um2["lif"] + area_um2["pgu"]) / 1e6)


def test_gradient_units_pay_by_gradient_and_by_multiplication_of_each() -> None:
    """Adders and the slope for all gradients, the multiplier for those with a firing gradient; gated, so that nothing
    else draws."""
    result = _run(_network(), batch=2)
    kernels = ("multiplier", "adder", "subtractor", "register")
    pj = {kernel: component(kernel, "dynamic_power_mw") * 2.5 for kernel in kernels}  # 400 MHz
    for record in result.records:
        stage = record.stages["backward"]
        gradients, multiplied = stage.ops.pgu_updates, stage.ops.pgu_multiplications
        each = 2 * pj["adder"] + sum(pj[kernel] for kernel in SLOPE)
        drawn = gradients * each + multiplied * pj["multiplier"]
        assert stage.energy_pj.compute.lif.operation == pytest.approx(drawn)


def test_gradient_units_are_shared_and_paid_in_training_only() -> None:
    none, shared = _run(_network()), _run(_network(), "channel2")
    units = lif_bank(none.arch.lif, none.arch.array.pes, 2).units
    assert shared.totals.lif_units == units == none.totals.lif_units // 2
    assert shared.totals.area.lif == pytest.approx(none.totals.area.lif / 2)
    inference = lifsim.run(arch="sata_training", workload="lenet5_mnist").totals.energy_pj.compute.lif
    trained = lifsim.run(arch="sata_training", workload="lenet5_mnist", mode="training", batch=1)
    assert trained.stages["forward"].energy_pj.compute.lif.operation == inference.operation
    forward = trained.stages["forward"].energy_pj.compute.lif
    assert forward.toggling == inference.toggling
    assert forward.idle > inference.idle  # the forward pass of training stores states, for whose room it waits
    assert trained.stages["backward"].energy_pj.compute.lif.operation > 0


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"mode": "train"}, "mode: 'train' must be one of"),
        ({"bptt": "reversed"}, "bptt: 'reversed' must go with mode training"),
        ({"mode": "training", "arch": "sata128"}, "components: must have at least one of tag pgu"),
        ({"mode": "training", "arch": "sata128_satasim", "workload": "satasim_bntt"}, "accounting satasim"),
        (
            {"mode": "training", "bptt": "reversed", "arch": "sata_training", "overrides": ("neuron.reset=hard",)},
            "lif13: hard reset forgets the membrane",
        ),
    ],
)
def test_what_cannot_be_trained_is_refused(arguments: dict[str, object], message: str) -> None:
    with pytest.raises(InputError, match=message):
        lifsim.run(**arguments)


@pytest.mark.parametrize("bptt", ["stored", "reversed"])
def test_the_layer_table_has_every_stage_and_nothing_where_a_layer_has_none(bptt: str) -> None:
    result = _run(_network(), bptt=bptt)
    assert ("stages.recompute.cycles" in result.layer_rows[0]) == (bptt == "reversed")
    for row, record in zip(result.layer_rows, result.records, strict=True):
        of_stages = {name: value for name, value in row.items() if name.startswith("stages.")}
        stages = {name.split(".")[1] for name in of_stages}
        assert {"forward", "backward", "weight_update"} <= stages
        assert len(of_stages) == 4 * len(stages)
        for stage in stages:
            found = record.stages.get(stage)
            expected = (
                (0, 0, 0, 0.0)
                if found is None
                else (
                    found.cycles.total,
                    found.ops.macs_effective,
                    found.dram_bytes.total,
                    pytest.approx(found.energy_pj.total.total),
                )
            )
            columns = ("cycles", "macs_effective", "dram_bytes", "energy_pj")
            assert tuple(of_stages[f"stages.{stage}.{column}"] for column in columns) == expected
        assert sum(of_stages[f"stages.{stage}.cycles"] for stage in stages) == row["cycles.total"] > 0
        assert sum(of_stages[f"stages.{stage}.dram_bytes"] for stage in stages) == row["dram_bytes.total"] > 0


def test_runs_without_sharing_beside_a_run_keep_membranes_as_it_does() -> None:
    options = {"mode": "training", "bptt": "reversed", "batch": 1}
    inputs = load_inputs("sata_training", "lenet5_mnist", "channel2", options, ["dram.model=ideal"])
    shared, beside = run_beside_baseline(inputs)
    assert beside is not None
    runs = [shared, *(baseline.result for baseline in beside.baselines)]
    assert [str(each.sharing) for each in runs] == ["channel2", "none", "none"]
    assert [each.options.bptt for each in runs] == ["reversed"] * 3
    alone, none = run_beside_baseline(dataclasses.replace(inputs, sharing=Sharing()))
    assert none is None
    assert (str(alone.sharing), alone.options.bptt) == ("none", "reversed")


def test_the_array_is_used_as_much_as_the_products_of_all_stages_need() -> None:
    result = _run(_network(), batch=2)
    pes = result.arch.array.rows * result.arch.array.cols
    for layer, record in zip(result.network.layers, result.records, strict=True):
        C, H, W = layer.in_shape
        back = H * W * layer.group_filters * math.prod(layer.kernel) * C if layer.input.name != "input" else 0
        products = layer.rounds * 2 * (2 * layer.filters * layer.pixels * layer.reduction + back)
        running = record.counts.cycles.array + record.counts.cycles.fill_drain
        assert record.counts.pe_utilisation == pytest.approx(products / (pes * running))


def test_gradients_have_one_width_wherever_they_pass() -> None:
    bits = ("precision.weight_bits=5", "precision.psum_bits=24", "precision.membrane_bits=12")
    overrides = (*ENDLESS, *bits, "precision.gradient_bits=20")
    arch = load_arch("sata_training", overrides)
    network, sharing, options = _network(), Sharing(), Options(mode="training", bptt="reversed", batch=1)
    bank = lif_bank(arch.lif, arch.array.pes, sharing.channels)
    spikes = read_spikes(network, sharing, options, sparsity_of(arch.array))
    setup = Setup(
        network,
        channels_by_layer(network, states_of(network, sharing)),
        Machine.of(arch),
        bank,
        spikes.batch,
        spikes.kept,
        Memo(),
    )
    schedule = plan_on(network, sharing, arch, ScheduleOptions("tick", 1, 1))
    for stages in ACCOUNTINGS["lifsim"].count_training(setup, schedule, KEEPINGS["reversed"]):
        bits = {stage: counts.bits for stage, counts in stages.items()}
        assert (bits["forward"].weight, bits["forward"].spike_in) == (5, 1)
        assert bits.get("recompute", bits["forward"]) == bits["forward"]
        of_gradients = dataclasses.replace(bits["forward"], spike_in=20, spike_out=20, membrane=20)
        assert bits["backward"] == of_gradients
        assert bits["weight_update"] == dataclasses.replace(of_gradients, weight=20, spike_in=1)


@pytest.mark.parametrize("schedule", ["tick", "timestep"])
@pytest.mark.parametrize("bptt", ["stored", "reversed", "recomputed"])
def test_kept_membranes_pass_their_buffer_once(schedule: str, bptt: str) -> None:
    """Of every call where they are stored; undone, of the last of three; where they run forward again of all
    timesteps but the last one, if others run between them: 16 bits each."""
    network, arch = _network(), load_arch("sata_training", ENDLESS)
    before = run(arch, network, Sharing(), Options(schedule=schedule, batch=2)).records
    after = _run(network, schedule=schedule, bptt=bptt, batch=2).records
    for layer, inference, trained in zip(network.layers, before, after, strict=True):
        states = {"stored": 3, "reversed": 1, "recomputed": 2 if schedule == "timestep" else 0}
        kept = 2 * layer.lif_elements * states[bptt]
        was, found = inference.counts.sram_accesses, trained.stages["forward"].sram_accesses
        assert (found.membrane.reads, found.membrane.writes) == (was.membrane.reads, was.membrane.writes + kept)
        filled = (was.membrane_fill.reads + kept, was.membrane_fill.writes)
        assert (found.membrane_fill.reads, found.membrane_fill.writes) == filled
