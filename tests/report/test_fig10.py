"""Does fig10 show what runs move under every kind of schedule, and does the winner win?"""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

import lifsim
from lifsim.cli.main import main
from lifsim.errors import InputError
from lifsim.report.figures import fig10
from lifsim.report.figures.drawn import Drawn
from lifsim.report.figures.sheet import Sheet
from lifsim.report.plot.drawing import Asked, drawn
from lifsim.report.schedule_kinds import KINDS, NAMED, words_of
from lifsim.schedule.plan import ScheduleOptions
from tests.report import measured

SMALL = {"networks": ["vgg9_cifar10"], "mini_batch": 2, "sharings": ["none", "layer", "channel2"]}
SIZES = "0,4KiB,64KiB"


@pytest.fixture(scope="module")
def numbers(tmp_path_factory: pytest.TempPathFactory) -> pd.DataFrame:
    out = tmp_path_factory.mktemp("fig10") / "fig10.svg"
    lifsim.plot.fig10(**SMALL, buffers=SIZES, out=out)
    return pd.read_csv(out.with_suffix(".csv"))


def test_its_bytes_are_those_of_runs(numbers: pd.DataFrame) -> None:
    ideal = ["dram.model=ideal"]
    legal = numbers[(numbers["panel"] == "machine") & (numbers["batch"] == 2) & numbers["total_bytes"].notna()]
    assert set(legal["kind"]) <= set(KINDS)
    for row in legal.itertuples():
        run = lifsim.run(
            workload=row.workload, sharing=row.sharing, schedule=row.schedule, batch=row.batch, overrides=ideal
        )
        assert run.totals.dram_bytes.total == row.total_bytes
        assert run.totals.dram_bytes.weights == row.weights_bytes


def test_a_map_is_planned_on_each_of_its_buffers(numbers: pd.DataFrame) -> None:
    mapped = numbers[(numbers["panel"] == "map") & (numbers["batch"] == 1) & (numbers["kind"] == "timestep")]
    assert sorted(set(mapped["membrane_buffer_bytes"])) == [0, 4096, 65536]
    for row in mapped.itertuples():
        overrides = ["dram.model=ideal", f"buffers.membrane.size_bytes={row.membrane_buffer_bytes}"]
        if row.membrane_buffer_bytes == 0:
            assert pd.isna(row.total_bytes)
            assert "membrane" in str(row.why_not) or "0 must be > 0" in str(row.why_not)
            continue
        run = lifsim.run(workload=row.workload, sharing=row.sharing, schedule="timestep", overrides=overrides)
        assert run.totals.dram_bytes.total == row.total_bytes


def test_the_winner_moves_the_fewest_and_auto_never_more(numbers: pd.DataFrame) -> None:
    for _, rows in numbers.groupby(["panel", "workload", "batch", "membrane_buffer_bytes"]):
        named = rows[rows["kind"].isin(NAMED)]
        assert set(rows.loc[rows["wins"], "total_bytes"]) == {named["total_bytes"].min()}
        for _, of_sharing in rows.groupby("sharing"):
            least = of_sharing.loc[of_sharing["kind"].isin(NAMED), "total_bytes"].min()
            auto = of_sharing.loc[of_sharing["kind"] == "auto", "total_bytes"]
            assert auto.isna().all() or (auto <= least).all()


def test_every_row_that_is_missing_says_why(numbers: pd.DataFrame) -> None:
    missing = numbers[numbers["total_bytes"].isna()]
    assert not missing.empty
    assert missing["why_not"].str.len().min() > 20
    assert numbers.loc[numbers["total_bytes"].notna(), "why_not"].isna().all()


def test_why_there_are_no_windows_names_none_of_them(numbers: pd.DataFrame) -> None:
    """Nobody asked for windows of two or three timesteps."""
    missing = numbers[numbers["total_bytes"].isna() & (numbers["kind"] == "windows")]
    told = dict(zip(missing["sharing"], missing["why_not"], strict=True))
    assert told["layer"].startswith("windows: must be tick, timestep, skewed or auto: ")
    assert told["none"].startswith("windows: 0 must be > 0 where layers run in windows, as ")
    assert not missing["why_not"].str.contains(r"window:|\d timesteps").any()


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_has_schedules_that_options_know(kind: str) -> None:
    assert words_of("windows", 5) == ["window:2", "window:3", "window:4"]
    for word in words_of(kind, 5):
        assert ScheduleOptions(word).schedule == word


@pytest.mark.parametrize("style", ["paper", "slides"])
@pytest.mark.parametrize("columns", [3, 8])
def test_it_is_legible(numbers: pd.DataFrame, columns: int, style: str) -> None:
    """With as many buffers as there may be, and long names, too."""
    frame = numbers.copy()
    if columns > 3:
        wide = frame[(frame["panel"] == "map") & (frame["membrane_buffer_bytes"] == 65536)]
        more = [wide.assign(membrane_buffer_bytes=(1 << 17) << step) for step in range(columns - 3)]
        frame = pd.concat([frame, *more], ignore_index=True)
        frame["workload"] = "a_network_of_a_name_that_is_as_long_as_fifty_characters"
        frame["sharing"] = frame["sharing"].replace("channel2", "layer+channel128, where possible")

    def draw(sheet: Sheet) -> Drawn:
        return Drawn(fig10.drawn(frame, "vgg9_cifar10 on sata128, T = 4", sheet), frame)

    figure = drawn(draw, Asked(None, style=style).page())
    assert measured.overlapping(figure) == []
    assert measured.cut(figure) == []
    assert measured.keys(figure, "vgg9_cifar10", "a_networ", "haracters") == []


def test_its_title_says_what_it_is_of() -> None:
    small = {"networks": ["lenet5_mnist"], "mini_batch": 2, "sharings": ["none"], "buffers": "1KiB"}
    figure = lifsim.plot.fig10(**small)
    (title,) = [part.get_suptitle() for part in figure.subfigs if part.get_suptitle()]
    assert title == "lenet5_mnist on sata128, T = 32, batch 1 and 2"
    assert fig10.named(["vgg16_efficientlif_cifar10"]) == ["EfficientLIF-Net's VGG-16"]


@pytest.mark.parametrize(("options", "told"), [
    ({"buffers": "some"}, "buffers: 'some' must be a size, such as 32KiB"),
    ({"buffers": "1:99"}, "buffers: '1:99' must be at most 8 sizes, not 99"),
    ({"buffers": "8KiB:1KiB:x2"}, "buffers: '8KiB:1KiB:x2' is empty"),
    ({"sharings": ["lair"]}, "'lair' must be"),
    ({"sharings": []}, "sharings: must be at least one"),
    ({"mini_batch": 0}, "batch: 0 must be >= 1"),
    ({"networks": ["lenet5_mnist"], "sharings": ["channel4"]}, "lenet5_mnist"),
])  # fmt: skip
def test_what_cannot_be_is_refused_before_anything_is_planned(
    options: dict[str, object], told: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("lifsim.report.schedule_kinds.plan", _never)
    with pytest.raises(InputError) as refused:
        lifsim.plot.fig10(**{**SMALL, **options})  # type: ignore[arg-type]
    assert told in str(refused.value)


def _never(*_: object, **__: object) -> None:
    raise AssertionError("planned before the inputs are known to be right")


def test_the_command_draws_the_same(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    small = ["--networks", "lenet5_mnist", "--mini-batch", "2", "--sharing", "none,channel2", "--buffers", "1KiB"]
    assert main(["plot", "fig10", *small, "--out", "command.svg"]) == 0
    lifsim.plot.fig10(
        networks=["lenet5_mnist"], mini_batch=2, sharings=["none", "channel2"], buffers="1KiB", out="own.svg"
    )
    for suffix in (".svg", ".csv"):
        assert Path("own").with_suffix(suffix).read_bytes() == Path("command").with_suffix(suffix).read_bytes()
