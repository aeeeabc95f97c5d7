"""Does a sweep carry the DRAM devices that it simulates, and know them by what they are?"""

from __future__ import annotations

import pickle
from pathlib import Path

import pytest

import lifsim
from lifsim.cli.main import main
from lifsim.config.resolve import find
from lifsim.errors import InputError
from lifsim.sweeps.evaluate import Evaluator
from lifsim.sweeps.outcome import Outcome
from lifsim.sweeps.plan import Job, plan
from lifsim.sweeps.request import options_document, read_request

CYCLE = "dram.model=cycle"


@pytest.fixture(autouse=True)
def own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    file = tmp_path / "own.yaml"
    file.write_text(find("dram", "ddr4_2400").read_text().replace("CL: 17", "CL: 29"))
    return file


def job(*vary: str, overrides: tuple[str, ...] = (CYCLE,)) -> Job:
    return plan(read_request(None, options_document({"workload": ["lenet5_mnist"]}, overrides, vary))).job


def outcomes(made: Job) -> list[Outcome]:
    evaluator = Evaluator(pickle.loads(pickle.dumps(made)))  # noqa: S301  (as a worker gets it)
    return [evaluator.outcome(point) for point in range(made.space.points)]


@pytest.mark.parametrize(
    ("vary", "settings", "points"),
    [
        ((), ("dram.device=own.yaml",), [["dram.device=own.yaml"]]),
        (
            ("dram.device=own.yaml,hbm2",),
            ("dram.device.timing.tRCD=20",),
            [[f"dram.device={name}", "dram.device.timing.tRCD=20"] for name in ("own.yaml", "hbm2")],
        ),
        (
            ("dram.device.controller.read_queue=1,32",),
            ("dram.device=own.yaml",),
            [["dram.device=own.yaml", f"dram.device.controller.read_queue={depth}"] for depth in (1, 32)],
        ),
    ],
)
def test_a_worker_without_the_file_runs_what_a_run_with_it_does(
    vary: tuple[str, ...], settings: tuple[str, ...], points: list[list[str]], own: Path
) -> None:
    made = job(*vary, overrides=(CYCLE, *settings))
    runs = [lifsim.run(workload="lenet5_mnist", overrides=[CYCLE, *of_point]) for of_point in points]
    own.unlink()
    assert [outcome.figures for outcome in outcomes(made)] == [run.totals.figures for run in runs]


@pytest.mark.parametrize("chosen", [("--set", "dram.device=own.yaml"), ("--vary", "dram.device=hbm2,own.yaml")])
def test_a_sweep_is_not_continued_with_another_device(
    chosen: tuple[str, str], own: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    command = ["sweep", "--workload", "lenet5_mnist", "--set", CYCLE, *chosen, "--out", "s"]
    assert main(command) == 0
    assert main(command) == 0
    own.write_text(own.read_text().replace("CL: 29", "CL: 28"))
    capsys.readouterr()
    assert main(command) == 2
    told = capsys.readouterr().err
    assert "holds another sweep" in told
    assert "DRAM own.yaml: does not say what it said when the sweep in the store began" in told


@pytest.mark.parametrize(
    ("vary", "message"),
    [
        ("dram.device=hbm2,hbm3", "--vary dram.device: 'hbm3' must be a file or a shipped DRAM"),
        ("dram.device.controller.read_queue=0,8", "--vary dram.device.controller.read_queue"),
        ("dram.device=own.yaml,hbm2", "own.yaml:2:1 dram.device.timing.CL: must be given"),
    ],
)
def test_a_device_that_cannot_be_is_refused_before_any_run(vary: str, message: str, own: Path) -> None:
    own.write_text("name: own\ntiming: {tRP: 4}\n")
    with pytest.raises(InputError) as refused:
        job(vary)
    assert message in "\n".join(map(str, refused.value.faults))


def test_a_file_of_a_memory_that_simulates_none_may_name_any_device(own: Path) -> None:
    machine = own.with_name("machine.yaml")
    machine.write_text(find("arch", "sata128").read_text().replace("device: lpddr3_1600_x32", "device: nowhere"))
    ideal = ("dram.model=ideal", "dram.energy_pj_per_bit=1.0", "dram.source=t")
    asked = options_document({"workload": ["lenet5_mnist"], "arch": [str(machine)]}, ideal, ())
    made = plan(read_request(None, asked)).job
    assert "nowhere" in made.archs[str(machine)].data["dram"]["device"]
    (outcome,) = outcomes(made)
    assert outcome.figures is not None


def test_an_axis_of_devices_that_no_memory_reads_is_refused() -> None:
    ideal = ("dram.model=ideal", "dram.latency_ns=3")
    with pytest.raises(InputError) as caught:
        job("dram.device=hbm2,ddr4_2400", overrides=ideal)
    assert [str(fault).partition(",")[0] for fault in caught.value.faults] == [
        "--set dram.latency_ns: must go with dram.model bandwidth",
        "--vary dram.device: must go with dram.model cycle",
    ]
    assert job("dram.device=hbm2,ddr4_2400", "dram.model=ideal,cycle", overrides=()).space.points == 4
