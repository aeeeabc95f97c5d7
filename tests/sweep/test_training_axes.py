"""Are mode, bptt and optimizer settings of a sweep like any other, and each row the training run that they ask for?"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

import lifsim
from lifsim.cli.main import main
from lifsim.errors import InputError
from lifsim.sweeps.plan import Plan, plan
from lifsim.sweeps.request import options_document, read_request

IDEAL = ("dram.model=ideal",)


def _plan(given: dict[str, Any] | None = None, *vary: str, overrides: tuple[str, ...] = ()) -> Plan:
    named = {"workload": ["lenet5_mnist"]} | (given or {})
    return plan(read_request(None, options_document(named, overrides, vary)))


def _axes(made: Plan) -> dict[str, list[object]]:
    return {
        axis.key: [axis.values[place] for place in range(axis.values.count)]
        for axis in made.job.space.axes
        if axis.key not in ("workload", "sharing")
    }


WANTED = {
    "mode": ["training"],
    "bptt": ["stored", "recomputed"],
    "optimizer.name": ["sgd", "adam"],
    "arch": ["sata_training"],
}


def test_an_option_a_vary_and_a_file_say_the_same(tmp_path: Path) -> None:
    file = tmp_path / "sweep.yaml"
    file.write_text("workload: lenet5_mnist\nmode: training\nbptt: [stored, recomputed]\noptimizer: [sgd, adam]\n")
    plans = [
        _plan({"mode": ["training"], "bptt": ["stored", "recomputed"], "optimizer": ["sgd", "adam"]}),
        _plan(None, "mode=training", "bptt=stored,recomputed", "optimizer=sgd,adam"),
        _plan(None, "mode=training", "bptt=stored,recomputed", "optimizer.name=sgd,adam"),
        plan(read_request(file, options_document({}, (), ()))),
    ]
    assert [_axes(made) for made in plans] == [WANTED] * 4


def test_rows_are_training_runs() -> None:
    swept = lifsim.sweep(
        workload="lenet5_mnist", mode="training", bptt=["stored", "recomputed"], optimizer=["sgd", "adam"], batch=2,
        overrides=IDEAL, jobs=1,
    )  # fmt: skip
    assert len({row["dram_bytes.total"] for row in swept.rows}) == len(swept.rows) == 4
    for row in swept.rows[::3]:
        run = lifsim.run(workload="lenet5_mnist", mode="training", bptt=row["bptt"], optimizer=row["optimizer.name"],
                         batch=2, overrides=IDEAL)  # fmt: skip
        assert {name: row[name] for name in run.totals.figures} == run.totals.figures


def test_modes_are_compared_on_one_machine() -> None:
    made = _plan(None, "mode=inference,training")
    assert _axes(made) == {"mode": ["inference", "training"], "arch": ["sata_training"]}
    assert _axes(_plan({"mode": ["inference"]}))["arch"] == ["sata128"]
    assert _axes(_plan({"mode": ["training"], "arch": ["sata128"]}))["arch"] == ["sata128"]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--bptt", "reversed"], "--bptt: 'reversed' must go with mode training, not inference"),
        (["--vary", "bptt=stored,reversed"], "--vary bptt: 'reversed' must go with mode training"),
        (["--optimizer", "adam"], "--optimizer: must go with mode training"),
        (["--vary", "optimizer=adam,sgd"], "--vary optimizer: must go with mode training"),
        (["--set", "optimizer.name=adam"], "--set optimizer.name: must go with mode training"),
        (["--mode", "training", "--vary", "optimizer=adm"], "'adm' must be one of adam, momentum, sgd; did you mean"),
        (["--mode", "training", "--vary", "bptt=stord"], "--vary bptt: 'stord' must be one of"),
        (["--mode", "trainign"], "--mode: 'trainign' must be one of inference, training"),
        (["--objective", "dram,cycles"], "--objective: 'cycles' must go with schedule auto"),
        (["--vary", "spikes=engine", "--vary", "rates_scale=2"], "--vary rates_scale: must be 1 where"),
        (["--chunk", "2"], "--chunk: 2 must go with schedule timestep or auto"),
        (["--vary", "images=digits,random"], "--vary images: 'random' must go with spikes engine"),
        (["--optimizer", "adam", "--vary", "optimizer=sgd"], "must be given once, as --optimizer or as --vary"),
        (["--vary", "optimizer=adam", "--vary", "optimizer.name=sgd"], "must be given once"),
    ],
)
def test_what_no_point_could_read_is_refused(
    options: list[str], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["sweep", "--workload", "lenet5_mnist", *options, "--dry-run"]) == 2
    assert message in capsys.readouterr().err


def test_a_cluster_has_its_own_processes(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    scheduler = "tcp://127.0.0.1:1"
    asked = ["sweep", "--workload", "lenet5_mnist", "--out", str(tmp_path / "s"), "--jobs", "2"]
    assert main([*asked, "--scheduler", scheduler]) == 2
    assert "--jobs: must stand without --scheduler" in capsys.readouterr().err
    with pytest.raises(InputError, match="jobs: must stand without scheduler"):
        lifsim.sweep(workload="lenet5_mnist", jobs=2, scheduler=scheduler)


@pytest.mark.parametrize(
    "vary",
    [
        ("mode=inference,training", "bptt=stored,reversed", "optimizer=sgd,adam"),
        ("schedule=tick,auto", "objective=dram,cycles"),
        ("chunk=1,2", "schedule=tick,timestep"),
        ("spikes=workload,engine", "images=random"),
    ],
)
def test_what_some_points_read_is_left_to_them(vary: tuple[str, ...]) -> None:
    assert len(_plan(None, *vary).points) > 1


def test_a_chunk_is_of_the_sharings_that_take_turns() -> None:
    assert len(_plan({"sharing": ["none", "channel2"], "chunk": [1, 2]}).points) == 4
    with pytest.raises(InputError, match="chunk: 2 must go with"):
        _plan({"sharing": ["none"], "chunk": [1, 2]})
