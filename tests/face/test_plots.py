"""Are the figures of `lifsim.plot` those of the command line?"""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest
from matplotlib.figure import Figure

import lifsim
from lifsim.cli.main import main
from lifsim.errors import InputError

IDEAL = ["dram.model=ideal"]


@pytest.fixture(autouse=True)
def own_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def _same_files(made: str, command: list[str]) -> None:
    """Figure and numbers to the byte."""
    assert main(["plot", *command, "--out", "command.svg", "--force"]) == 0
    for suffix in (".svg", ".csv"):
        assert Path(made).with_suffix(suffix).read_bytes() == Path("command").with_suffix(suffix).read_bytes()


def test_fig1_and_fig7_are_those_of_the_command() -> None:
    network = lifsim.load_workload("vgg9_cifar10")
    assert isinstance(lifsim.plot.fig1(network, batch=2, timesteps=3, out="own.svg"), Figure)
    _same_files("own.svg", ["fig1", "--workload", "vgg9_cifar10", "--batch", "2", "--timesteps", "3"])
    sharings = ["layer", lifsim.Sharing(channels=2)]
    lifsim.plot.fig7(workload="vgg9_cifar10", sharings=sharings, out="fig7.svg")
    _same_files("fig7.svg", ["fig7", "--workload", "vgg9_cifar10", "--sharing", "layer,channel2"])


@pytest.mark.slow
def test_fig9_draws_results_and_plans_networks() -> None:
    runs = [lifsim.run("sata128", "vgg9_cifar10", name, overrides=IDEAL) for name in ("none", "channel2", "channel4")]
    lifsim.plot.fig9(runs, networks=[lifsim.load_workload("vgg9_cifar10")], mini_batch=2, out="own.svg")
    numbers = pd.read_csv("own.csv")
    top = numbers[numbers["half"] == "top"]
    assert top["spike_mac_pj"].tolist() == [run.totals.energy_pj.compute.spike_mac.total for run in runs] * 2
    assert set(numbers["half"]) == {"top", "bottom"}
    part = ["--part", "bottom", "--networks", "vgg9_cifar10", "--mini-batch", "2"]
    lifsim.plot.fig9(part="bottom", networks=["vgg9_cifar10"], mini_batch=2, out="bottom.svg")
    _same_files("bottom.svg", ["fig9", *part])


def test_roofline_draws_the_run() -> None:
    lifsim.plot.roofline(lifsim.run("sata128", "lenet5_mnist"), out="own.svg")
    _same_files("own.svg", ["roofline", "--workload", "lenet5_mnist"])


def test_sweeps_are_drawn_from_memory_and_from_their_store() -> None:
    swept = lifsim.sweep(
        workload="lenet5_mnist", sharing=["none", "channel2"], overrides=IDEAL, vary={"array.rows": [4, 8]}, jobs=1,
        out="kept",
    )  # fmt: skip
    lifsim.plot.sweep(swept, x="array.rows", by="sharing", out="own.svg")
    _same_files("own.svg", ["sweep", "kept", "--x", "array.rows", "--by", "sharing"])
    lifsim.plot.sweep("kept", pareto=("cycles.total", "area_mm2"), out="own.svg", force=True)
    _same_files("own.svg", ["sweep", "kept", "--pareto", "cycles.total,area_mm2"])
    lifsim.plot.sweep(swept, heat=("array.rows", "sharing"), y="cycles.total", out="own.svg", force=True)
    _same_files("own.svg", ["sweep", "kept", "--heat", "array.rows,sharing", "--y", "cycles.total"])


def test_without_out_nothing_is_written(own_folder: Path) -> None:
    figure = lifsim.plot.fig1("vgg9_cifar10")
    assert figure.axes[0].get_ylabel() == "share of memory [%]"
    assert list(own_folder.iterdir()) == []


def test_what_cannot_be_written_or_drawn_is_refused_before_any_work(own_folder: Path) -> None:
    (own_folder / "there.png").touch()
    refused = [
        lambda: lifsim.plot.fig1("nonexistent", out="there.png"),
        lambda: lifsim.plot.fig1("nonexistent", out="figure.jpg"),
    ]
    for call, told in zip(refused, ("must not be overwritten", "must end in .png, .svg or .pdf"), strict=True):
        with pytest.raises(InputError, match=told):
            call()
    run = lifsim.run("sata128", "lenet5_mnist", overrides=IDEAL)
    for runs, options, told in (
        ([run], {"part": "bottom"}, "runs must stand with part top or all"),
        ([run], {"part": "top", "arch": "sata128"}, "runs must stand without arch and overrides"),
        ([], {"part": "middle"}, "part: 'middle' must be one of top, bottom, all"),
    ):
        with pytest.raises(InputError, match=told):
            lifsim.plot.fig9(runs, **options)  # type: ignore[arg-type]
    with pytest.raises(InputError, match="one of x, heat and pareto must be given, got none"):
        lifsim.plot.sweep("kept")
