"""Are objects as good as names, and is what is wrong told whole?"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

import lifsim
from lifsim.errors import InputError
from lifsim.trace.synthesise import synthesise
from lifsim.trace.writer import save

IDEAL = "dram.model=ideal"


def _totals(result: lifsim.Result) -> dict[str, Any]:
    return result.totals.figures


def test_objects_names_and_paths_run_alike() -> None:
    arch, network = lifsim.load_arch("sata128", [IDEAL]), lifsim.load_workload("lenet5_mnist")
    named = lifsim.run("sata128", "lenet5_mnist", "channel2", overrides=[IDEAL])
    shipped = Path(lifsim.__file__).parents[1] / "workloads" / "lenet5_mnist.yaml"
    of_path = lifsim.run("sata128", shipped, "channel2", overrides=IDEAL)
    of_objects = lifsim.run(arch, network, lifsim.Sharing(channels=2))
    assert of_objects.arch is arch
    assert of_objects.network is network
    assert named == of_path == of_objects


def test_overrides_change_objects_as_they_change_files() -> None:
    arch, network = lifsim.load_arch("sata128"), lifsim.load_workload("lenet5_mnist")
    settings = ["array.rows=4", IDEAL, "layers.conv1.out=8"]
    assert _totals(lifsim.run(arch, network, overrides=settings)) == _totals(
        lifsim.run("sata128", "lenet5_mnist", overrides=settings)
    )
    assert arch.array.rows == 16


def test_a_changed_network_finds_its_trace_from_any_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "there").mkdir()
    save(synthesise(lifsim.load_workload("lenet5_mnist"), 1, 0), tmp_path / "there" / "spikes.npz")
    (tmp_path / "there" / "own.yaml").write_text(
        "extends: lenet5_mnist\nset:\n  spikes: {source: trace, trace: spikes.npz, provenance: sample}\n"
    )
    monkeypatch.chdir(tmp_path)
    network = lifsim.load_workload("there/own.yaml")
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    result = lifsim.run("sata128", network, overrides=[IDEAL, "input.bits=7"])
    assert result.spikes.kind == "trace"
    assert result.network.input_bits == 7


def test_options_are_an_object_or_names_and_names_are_stronger() -> None:
    options = lifsim.Options(schedule="timestep", batch=2)
    given = lifsim.run("sata128", "lenet5_mnist", options=options, batch=3, overrides=[IDEAL])
    named = lifsim.run("sata128", "lenet5_mnist", schedule="timestep", batch=3, overrides=[IDEAL])
    assert given == named
    assert given.options.batch == 3


def test_training_runs_on_the_machine_that_can() -> None:
    assert lifsim.run(workload="lenet5_mnist", mode="training", batch=1).arch.name == "sata_training"
    options = lifsim.Options(mode="training", batch=1)
    assert lifsim.run(workload="lenet5_mnist", options=options).arch.name == "sata_training"


def test_every_fault_of_every_argument_is_told() -> None:
    with pytest.raises(InputError) as error:
        lifsim.run(5, "lenet", "lay3", schedule="tock", batch=0, overrides=["arrray.rows=3"])  # type: ignore[arg-type]
    told = str(error.value)
    for part in ("arch: 5 must be a name", "'lenet' must be", "'lay3' must be", "'tock' must be one of tick, timestep",
                 "batch: 0 must be >= 1", "'arrray' must be a key"):  # fmt: skip
        assert part in told


@pytest.mark.parametrize(
    ("argument", "told"),
    [
        ({"trace": 5}, "trace: 5 must be"),
        ({"weights": 5, "spikes": "engine"}, "weights: 5 must be text"),
        ({"overrides": 5}, "overrides: 5 must be texts"),
        ({"overrides": {"array.rows": 5}}, "overrides: a mapping must be texts"),
        ({"overrides": ["array.rows=5", 5]}, "overrides: 5 must be a text"),
        ({"overrides": "array.rows"}, "must have the form key.path=value"),
        ({"workload": None}, "workload: null must be a name"),
        ({"sharing": 4}, "sharing: 4 must be none, layer"),
    ],
)
def test_what_is_of_another_type_is_told_and_no_traceback(argument: dict[str, Any], told: str) -> None:
    with pytest.raises(InputError) as error:
        lifsim.run(**{"workload": "lenet5_mnist"} | argument)
    assert told in str(error.value)


def test_options_are_valid_once_made() -> None:
    with pytest.raises(InputError) as error:
        lifsim.Options(schedule="tock", batch=0, sed=1)  # type: ignore[arg-type, call-arg]
    assert [fault.path for fault in error.value.faults] == ["batch", "schedule", "sed"]
    assert "did you mean 'seed'" in str(error.value)
    with pytest.raises(InputError, match="'reversed' must go with mode training"):
        lifsim.Options(bptt="reversed")
    with pytest.raises(InputError, match="options: 'x' must be an Options"):
        lifsim.run(options="x")  # type: ignore[arg-type]


def test_an_architecture_without_prices_is_refused_however_it_comes() -> None:
    arch = lifsim.load_arch("sata128")
    strange = arch.components[0].model_copy(update={"kernel": "unheard_of"})
    changed = arch.model_copy(update={"components": (strange, *arch.components[1:])})
    for given in ({"arch": changed}, {"arch": changed, "overrides": [IDEAL]}):
        with pytest.raises(InputError, match="unheard_of"):
            lifsim.run(workload="lenet5_mnist", **given)  # type: ignore[arg-type]
    with pytest.raises(InputError, match="unheard_of"):
        lifsim.load_arch("sata128", [f"components.{arch.components[0].name}.kernel=unheard_of"])
