"""Does the weight update move and compute what walking it weight by weight does, once a batch?"""

from __future__ import annotations

import csv
from collections import Counter
from dataclasses import replace
from importlib.resources import files
from pathlib import Path

import numpy as np
import pytest

import lifsim
from lifsim.cli.main import main
from lifsim.config.arch import load_arch
from lifsim.engine.training.optimiser import Adam, Optimiser, Sgd
from lifsim.errors import InputError
from lifsim.model.sharing import Sharing
from lifsim.optimizers import OPTIMIZERS
from lifsim.simulate.options import Options
from lifsim.simulate.pipeline import run
from lifsim.simulate.result import Result
from lifsim.training.optimizer import UpdateBytes
from tests.oracles import optimizer as oracle
from tests.workload import building

LAYERS = """
- {name: conv1, op: conv, out: 4, kernel: 3, padding: 1}
- {name: lif1, op: lif}
- {name: conv2, op: conv, out: 6, kernel: 3, groups: 2}
- {name: lif2, op: lif}
- {name: fc, op: linear, out: 3}
"""
ENGINE = {"sgd": Sgd(momentum=0.0), "momentum": Sgd(momentum=0.9), "adam": Adam()}
MACHINES = [
    (name, f"precision.weight_bits={weight}", f"optimizer.state_bits={state}", f"optimizer.master_weights={masters}")
    for name in oracle.STEPS
    for weight, state, masters in ((16, 32, "false"), (5, 16, "true"), (3, 11, "false"))
]


def trained(*overrides: str, batch: int = 2, bits: str = "precision.psum_bits=16") -> Result:
    network = building.network(LAYERS, encoding="rate", timesteps=2, shape="[2, 5, 5]")
    rates = {layer.name: (0.3,) for layer in network.layers}
    network = replace(network, spikes=replace(network.spikes, source="rates", rates=rates))
    arch = load_arch("sata_training", ("dram.model=ideal", bits, *overrides))
    return run(arch, network, Sharing(), Options(mode="training", batch=batch))


@pytest.mark.parametrize("machine", MACHINES)
@pytest.mark.parametrize("batch", [1, 3])
def test_what_changes_weights_moves_once_a_batch(machine: tuple[str, ...], batch: int) -> None:
    name, *keys = machine
    result = trained(f"optimizer.name={name}", *keys, batch=batch)
    part, weight_bits = result.arch.optimizer, result.arch.precision.weight_bits
    for layer, record in zip(result.network.layers, result.records, strict=True):
        bits = {"weight": weight_bits, "state": part.state_bits}
        walked = oracle.moved_bytes(layer.filters, layer.reduction, name, bits, masters=part.master_weights)
        moved = record.stages["weight_update"].dram_bytes
        assert moved.optimizer_state == walked["state"]
        assert moved.weight_updates == walked["read"] + walked["written"] - walked["state"]
        others = moved.spikes_in + moved.gradients_read
        assert (moved.reads - others, moved.writes) == (walked["read"], walked["written"])
        assert moved.total == sum(size for tensor, size in moved.shown().items() if tensor != "total")
        idle = [
            stage.dram_bytes.shown() for stage_name, stage in record.stages.items() if stage_name != "weight_update"
        ]
        assert all(tensors["optimizer_state"] == tensors["weight_updates"] == 0 for tensors in idle)


@pytest.mark.parametrize("name", oracle.STEPS)
def test_the_operations_of_an_update_are_those_that_the_engine_needs_to_train(name: str) -> None:
    """The walk changes weights as the engine does, and does what the optimizer says of itself."""
    rng, engine = np.random.default_rng(4), ENGINE[name]
    weights, memory = {"w": rng.normal(size=5)}, dict[str, np.ndarray]()
    walked, kept = weights["w"].tolist(), [dict.fromkeys(oracle.KEPT[name], 0.0) for _ in range(5)]
    done: Counter[str] = Counter()
    for step in range(1, 4):
        gradient = rng.normal(size=5)
        weights, memory = engine.step(weights, {"w": gradient}, memory, 0.1)
        do = oracle.Arithmetic()
        for index, g in enumerate(gradient.tolist()):
            walked[index] = oracle.STEPS[name](do, walked[index], g, kept[index], oracle.Rates(0.1, step))
        done = do.done
    np.testing.assert_allclose(walked, weights["w"], rtol=1e-6)
    optimizer = OPTIMIZERS[name]
    assert done["product"] == 5 * optimizer.multiply_adds
    assert done["quotient"] + done["root"] == 5 * optimizer.divisions
    assert len(oracle.KEPT[name]) == optimizer.state_values
    assert isinstance(engine, Optimiser)


@pytest.mark.parametrize("name", oracle.STEPS)
def test_the_unit_takes_its_cycles_and_its_energy(name: str) -> None:
    """A lane multiplies with 32 bits and adds; it divides in 32 rows of a subtractor and three registers."""
    result = trained(f"optimizer.name={name}", "optimizer.lanes=3")
    optimizer, products, quotients = OPTIMIZERS[name], 0, 0
    power = {kernel: component(kernel, "dynamic_power_mw") * 2.5 for kernel in ("multiplier", "adder", "register")}
    power["subtractor"] = component("subtractor", "dynamic_power_mw") * 2.5
    for layer, record in zip(result.network.layers, result.records, strict=True):
        stage = record.stages["weight_update"]
        each = layer.weights * optimizer.multiply_adds, layer.weights * optimizer.divisions
        assert (stage.ops.optimizer_multiply_adds, stage.ops.optimizer_divisions) == each
        assert stage.cycles.lif == -(-max(each) // 3)
        drawn = each[0] * (power["multiplier"] + power["adder"])
        drawn += each[1] * 32 * (power["subtractor"] + 3 * power["register"])
        assert stage.energy_pj.compute.optimizer.work == pytest.approx(drawn)
        assert record.stages["forward"].energy_pj.compute.optimizer.work == 0
        assert record.stages["forward"].energy_pj.compute.optimizer.standing > 0
        products, quotients = products + each[0], quotients + each[1]
    totals = result.totals
    assert (totals.ops.optimizer_multiply_adds, totals.ops.optimizer_divisions) == (products, quotients)
    area_um2 = component("multiplier", "area_um2") + component("adder", "area_um2")
    area_um2 += 32 * (component("subtractor", "area_um2") + 3 * component("register", "area_um2"))
    assert totals.area.optimizer == pytest.approx(3 * area_um2 / 1e6)


def component(kernel: str, column: str) -> float:
    """Of 32 bits, as SATA_Sim's synthesis has it."""
    text = (files("lifsim") / "hardware" / "tables" / "sata_components.csv").read_text()
    rows = csv.DictReader(line for line in text.splitlines() if not line.startswith("#"))
    return next(float(row[column]) for row in rows if (row["component"], row["width_bits"]) == (kernel, "32"))


def test_what_is_kept_passes_the_weight_buffer_in_and_out() -> None:
    """Each value is filled and read, changed and drained: 2 of 32 bits, of 16-bit sums 8 accesses each way a weight."""
    plain, adam = trained(), trained("optimizer.name=adam")
    for layer, ours, theirs in zip(plain.network.layers, plain.records, adam.records, strict=True):
        before, after = (one.stages["weight_update"].sram_accesses.weight for one in (ours, theirs))
        assert (after.reads - before.reads, after.writes - before.writes) == (8 * layer.weights, 8 * layer.weights)


def test_inference_does_not_know_of_it() -> None:
    """Its unit is off, and only takes room."""
    found = [
        lifsim.run(load_arch("sata_training", ("dram.model=ideal", f"optimizer.name={name}")), "lenet5_mnist").totals
        for name in ("sgd", "adam")
    ]
    assert found[0] == found[1]
    assert found[0].energy_pj.compute.optimizer.total == 0 < found[0].area.optimizer


def test_a_vgg16_moves_59_to_294_megabytes() -> None:
    """14.7 million weights of 16 bits; kept values and master weights of 32."""
    network, arch = lifsim.load_workload("vgg16_cifar10"), lifsim.load_arch("sata_training")

    def megabytes(**part: object) -> float:
        chosen = arch.optimizer.model_copy(update=part)
        each = [UpdateBytes.of(layer, 16, chosen) for layer in network.layers]
        return round(sum(one.weights_read + one.weights_written + 2 * one.state for one in each) / 1e6, 1)

    assert sum(layer.weights for layer in network.layers) == 14_715_584
    assert megabytes(name="sgd") == 58.9  # 2 x 2 bytes a weight
    assert megabytes(name="momentum") == 176.6  # and 2 x 4
    assert megabytes(name="adam") == 294.3  # and 2 x 8, 235.4 by themselves
    assert megabytes(name="adam", master_weights=True) == 382.6  # 2 x 12, and 2 written


def test_a_training_batch_has_16_images_unless_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert [Options(mode="training").batch_of(held) for held in (1, 3, 16, 40)] == [16, 3, 16, 16]
    assert [Options().batch_of(held) for held in (1, 3, 40)] == [1, 3, 40]
    assert Options(mode="training", batch=2).batch_of(40) == 2
    ideal = {"mode": "training", "overrides": ("dram.model=ideal",)}
    assert lifsim.run(workload="lenet5_mnist", **ideal).options.batch == 16
    monkeypatch.chdir(tmp_path)
    assert main(["trace", "make", "--workload", "lenet5_mnist", "--batch", "3", "--out", "three.npz"]) == 0
    assert lifsim.run(workload="lenet5_mnist", trace="three.npz", **ideal).options.batch == 3
    assert lifsim.run(workload="lenet5_mnist", spikes="engine", **ideal).options.batch == 16


def test_notes_say_what_an_optimizer_moves_and_whether_its_work_is_priced() -> None:
    said = trained(batch=3).notes
    assert any("once a batch, of 3 here (--batch), by sgd: " in note and " by adam" in note for note in said)
    assert not any("not priced" in note for note in said)


@pytest.mark.parametrize(("tag", "word"), [("optimizer", "work"), ("optimizer_divider", "divisions")])
def test_work_without_a_component_is_said_not_to_be_priced(tag: str, word: str) -> None:
    arch = load_arch("sata_training", ("dram.model=ideal", "optimizer.name=adam"))
    others = tuple(part for part in arch.components if part.tag != tag)
    network = lifsim.load_workload("lenet5_mnist")
    notes = run(arch.model_copy(update={"components": others}), network, Sharing(), Options(mode="training")).notes
    assert any(f"the optimizer's {word}" in note and "not priced" in note for note in notes)


def test_nonsense_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["run", "--optimizer", "adam", "--batch", "0"]) == 2
    err = capsys.readouterr().err
    assert "--set optimizer.name: must go with mode training" in err
    assert "batch: 0" in err
    assert main(["run", "--mode", "training", "--optimizer", "adm"]) == 2
    assert "did you mean 'adam'?" in capsys.readouterr().err
    with pytest.raises(InputError, match=r"optimizer\.master_weights: true must go with weight_bits < 32, not 32"):
        load_arch(
            "sata_training", ("optimizer.master_weights=true", "precision.weight_bits=32", "precision.psum_bits=32")
        )
