"""Are the runs those that were asked for, each called by what is its own?"""

from __future__ import annotations

from typing import Any

import pytest

import lifsim
from lifsim.errors import InputError
from lifsim.report.compare.runs import find_run, labelled_apart
from lifsim.sweeps.combinations import MAX_RUNS, Asked, Wanted, combinations
from lifsim.sweeps.together import run_each

IDEAL = "dram.model=ideal"
LENET = {"workload": ["lenet5_mnist"]}


def labels(given: dict[str, Any], vary: dict[str, Any] | None = None, settings: tuple[str, ...] = ()) -> list[str]:
    return [one.label for one in combinations(Wanted(LENET | given, settings, vary or {}))]


def test_one_run_is_called_by_its_sharing() -> None:
    assert labels({}) == ["none"]
    assert labels({"sharing": ["C#2"]}) == ["channel2"]
    assert labels({"batch": [4]}) == ["none"]


def test_labels_tell_what_has_several_values_sharings_beside_each_other() -> None:
    given = {"sharing": ["none", "C#2"], "arch": ["sata128", "eyeriss_like"], "batch": [1, 4]}
    machines = [f"{sharing} on {arch}" for arch in ("sata128", "eyeriss_like") for sharing in ("none", "channel2")]
    first, second = machines[:2], machines[2:]
    assert labels(given) == [f"{one}, batch {batch}" for pair in (first, second) for batch in (1, 4) for one in pair]
    assert labels({"arch": ["sata128", "eyeriss_like"]}) == ["sata128", "eyeriss_like"]
    assert labels({"workload": ["lenet5_mnist", "vgg9_cifar10"], "sharing": ["none", "layer"]}) == [
        "lenet5_mnist none", "lenet5_mnist layer", "vgg9_cifar10 none", "vgg9_cifar10 layer",
    ]  # fmt: skip


def test_values_have_units_and_words() -> None:
    assert labels({}, {"buffers.membrane.size_bytes": "8KiB:32KiB:x2"}) == [
        f"membrane.size {size} KiB" for size in (8, 16, 32)
    ]
    assert labels({"schedule": ["tick", "auto"], "rates_scale": [0.5, 1]}) == [
        f"rates scale {scale}, {schedule}" for scale in (0.5, 1) for schedule in ("tick", "auto")
    ]


def test_every_value_goes_where_it_belongs() -> None:
    """Options, settings of all runs, keys that vary, a DRAM, an optimizer that only training has."""
    wanted = Wanted(
        LENET | {"dram": ["hbm2"], "mode": ["inference", "training"], "optimizer": ["adam"], "batch": [2]},
        ("array.rows=8", "layers.conv1.out=8"),
        {"array.cols": [4, 5]},
    )
    found = [one.inputs for one in combinations(wanted) if not isinstance(one.inputs, InputError)]
    assert [one.arch.array.cols for one in found] == [4, 5, 4, 5]
    assert [one.options.mode for one in found] == ["inference", "inference", "training", "training"]
    assert [one.arch.name for one in found] == ["sata_training"] * 4  # like beside like
    assert [one.arch.optimizer.name for one in found] == ["sgd"] * 2 + ["adam"] * 2
    assert {one.arch.array.rows for one in found} == {8}
    assert {one.network.layers[0].filters for one in found} == {8}
    assert {one.arch.dram.simulated.name for one in found} == {"HBM2, 8 Gb, eight channels of 128 bits"}
    assert {one.options.batch for one in found} == {2}


def test_settings_of_a_run_change_the_device_that_is_chosen() -> None:
    settings = ("dram.device.controller.read_queue=7",)
    (one,) = combinations(Wanted(LENET | {"dram": ["hbm2"]}, settings))
    assert not isinstance(one.inputs, InputError)
    assert one.inputs.arch.dram.simulated.controller.read_queue == 7


@pytest.mark.parametrize(
    ("given", "vary", "told"),
    [
        ({"sharing": ["none", "chanel2", "laier"]}, {}, ["'chanel2' must be", "'laier' must be"]),
        ({"arch": ["sata129"], "batch": [0], "schedule": ["tock"]}, {}, ["'sata129'", "0 must be >= 1", "'tock' must"]),
        ({}, {"array.rows": [8, 0]}, ["--vary array.rows", "0 must be >= 1"]),
        ({}, {"array.rowz": [8]}, ["--vary array.rowz", "did you mean 'rows'"]),
        ({}, {"foo.bar": [8]}, ["--vary foo.bar", "must be a key of the architecture or the workload"]),
        ({"batch": [1, 2]}, {"batch": "3,4"}, ["batch: must be given once, as --batch or as --vary"]),
        ({}, {"batch": "1:1000"}, [f"more than {MAX_RUNS} runs must be a sweep's: lifsim sweep"]),
        ({"batch": list(range(1, 151))}, {"array.rows": "1:100000"}, [f"more than {MAX_RUNS} runs must be"]),
        ({"optimizer": ["adam"]}, {}, ["optimizer.name: must go with mode training, not inference"]),
        ({"objective": ["dram", "cycles"]}, {}, ["'cycles' must go with schedule auto"]),
        ({"chunk": [1]}, {}, ["1 must go with schedule timestep or auto"]),
        ({}, {"array.rows": ""}, ["array.rows: must have at least one value"]),
        ({"sharing": []}, {}, ["sharing: must have at least one value"]),
    ],
)
def test_what_is_wrong_by_itself_is_told_before_any_run(given: Any, vary: Any, told: list[str]) -> None:
    with pytest.raises(InputError) as raised:
        combinations(Wanted(LENET | given, (), vary))
    faults = str(raised.value)
    assert all(one in faults for one in told), faults
    assert len(faults.splitlines()) == len(set(faults.splitlines()))


def test_values_that_do_not_go_together_are_faults_of_their_run_alone() -> None:
    given = {"objective": ["dram", "cycles"], "schedule": ["tick", "auto"], "mode": ["inference", "training"]}
    asked = combinations(Wanted(LENET | given | {"bptt": ["stored", "reversed"], "batch": [1]}, (IDEAL,)))
    refused = {one.label: str(one.inputs) for one in asked if isinstance(one.inputs, InputError)}
    assert len(asked) == 16
    assert all(("cycles" in label and "tick" in label) or "inference, reversed" in label for label in refused)
    assert "'cycles' must go with schedule auto" in refused["tick, objective cycles, training, stored"]
    assert "'reversed' must go with mode training" in refused["auto, objective dram, inference, reversed"]
    assert len(refused) == 7


def test_a_chunk_goes_with_the_sharings_under_which_layers_take_turns() -> None:
    asked = combinations(Wanted({"workload": ["vgg9_cifar10"], "sharing": ["none", "layer"], "chunk": [1]}))
    none, layer = (one.inputs for one in asked)
    assert "1 must go with schedule timestep or auto" in str(none)
    assert not isinstance(layer, InputError)


def test_each_run_is_the_one_that_would_be_made_alone() -> None:
    """On spikes that are read once where they are the same."""
    given = {"sharing": ["none", "channel2", "channel4"], "arch": ["sata128", "sata128_skip"], "seed": [0, 5]}
    asked = combinations(Wanted(LENET | given, (IDEAL,)))
    for one, found in zip(asked, run_each(asked), strict=True):
        inputs = one.inputs
        if isinstance(inputs, InputError):
            assert one.label.startswith("channel4 on ")
            assert found is inputs
            assert "must divide the 6 channels of lif1" in str(found)
        else:
            alone = lifsim.run(inputs.arch, inputs.network, inputs.sharing, options=inputs.options)
            assert found == alone, one.label


def test_spikes_are_read_once_for_runs_that_hear_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    from lifsim.sweeps import together

    read, heard = together.read_spikes, list[Any]()
    monkeypatch.setattr(together, "read_spikes", lambda *given: (heard.append(given[2].seed), read(*given))[1])
    given = {"sharing": ["none", "channel2", "layer"], "schedule": ["tick", "auto"], "seed": [0, 1]}
    asked = combinations(Wanted(LENET | given, (IDEAL,)))
    assert len([*run_each(asked)]) == 12
    assert sorted(heard) == [0, 1]


@pytest.mark.slow
def test_the_engine_fires_for_each_sharing(monkeypatch: pytest.MonkeyPatch) -> None:
    from lifsim.sweeps import together

    read, heard = together.read_spikes, list[str]()
    monkeypatch.setattr(together, "read_spikes", lambda *given: (heard.append(str(given[1])), read(*given))[1])
    few = ("timesteps=2", "spikes.rates={conv2: 0.2, fc1: 0.2, fc2: 0.2, fc3: 0.2}", IDEAL)
    asked = combinations(Wanted(LENET | {"sharing": ["none", "channel2"], "spikes": ["engine"]}, few))
    one, other = run_each(asked)
    assert heard == ["none", "channel2"]
    assert isinstance(one, lifsim.Result)
    assert isinstance(other, lifsim.Result)
    assert one.totals.ops.macs_effective != other.totals.ops.macs_effective


def test_it_is_told_which_run_it_is_and_how_long_the_others_take(monkeypatch: pytest.MonkeyPatch) -> None:
    from lifsim.sweeps import together

    hours = iter(range(0, 100_000, 3600))
    monkeypatch.setattr(together.time, "monotonic", lambda: float(next(hours)))
    told = list[str]()
    asked = combinations(Wanted(LENET | {"sharing": ["none", "channel4", "layer"]}, (IDEAL,)))
    assert len([*run_each(asked, lambda work, _done, _total: told.append(work))]) == 3
    heads = list(dict.fromkeys(work.partition(":")[0] for work in told))
    assert heads == [
        "run 1 of 3, none",
        "run 2 of 3, channel4, about 7,200 s left",
        "run 3 of 3, layer, about 3,600 s left",
    ]
    assert "run 1 of 3, none: spikes" in told


def test_a_name_cannot_move_the_cursor_of_who_watches() -> None:
    told = list[str]()
    asked = [Asked("a\x1b[2J", InputError("must not be"))]
    assert len([*run_each(asked, lambda work, _done, _total: told.append(work))]) == 1
    assert told == ["run 1 of 1, a\\x1b[2J"]


def test_equal_labels_have_numbers() -> None:
    assert labelled_apart(["a", "b", "a", "a (2)", "a"]) == ["a", "b", "a (2)", "a (2) (2)", "a (3)"]


LABELS = ["none on sata128", "channel2 on sata128", "none on eyeriss_like", "channel2 on eyeriss_like", "7", "batch 1"]


@pytest.mark.parametrize(
    ("text", "index"),
    [("channel2 on SATA128", 1), ("2", 1), (2, 1), ("7", 4), ("6", 5), ("batch", 5), ("channel2 on e", 3), (" 1 ", 0)],
)
def test_a_run_is_found_by_label_or_number_or_what_it_alone_holds(text: str | int, index: int) -> None:
    assert find_run(text, LABELS) == index


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("none", "'none' must find one run only, finds none on sata128; none on eyeriss_like"),
        ("0", "0 must be the number of a run, 1 to 6"),
        ("99", "99 must be the number of a run, 1 to 6"),
        ("chanel2 on sata128", "did you mean 'channel2 on sata128'"),
        ("", "'' must be the label or the number of a run"),
        ("9" * 5000, "must be the label or the number of a run"),
        ("\x1b[2J", r"'\x1b[2J' must be the label"),
    ],
)
def test_what_finds_none_or_several_is_told(text: str, told: str) -> None:
    with pytest.raises(InputError) as raised:
        find_run(text, LABELS)
    assert told in str(raised.value)
