"""Does the picture of an order of work show what the plan does, when it does it?"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from matplotlib.collections import PolyCollection
from matplotlib.figure import Figure

import lifsim
from lifsim.cli.main import main
from lifsim.errors import InputError
from lifsim.report.figures import schedule_work
from lifsim.report.figures.schedule_work import PIECES, Part
from tests.report import measured

STRIPS = {"workload": "vgg9_cifar10", "sharing": "layer"}


@pytest.fixture(scope="module")
def strips() -> lifsim.Result:
    return lifsim.run(**STRIPS)


def work(result: lifsim.Result, over: schedule_work.Over = "cycles") -> pd.DataFrame:
    assert result.plan is not None
    return schedule_work.work_table(result, result.plan, over)


def rows_of(frame: pd.DataFrame) -> Iterator[tuple[str, int, int, int]]:
    """(layer, timestep, image, row) of each."""
    columns = ("layer", "timestep", "first_image", "last_image", "first_row", "last_row")
    for layer, timestep, first, last, top, bottom in zip(*(frame[name] for name in columns), strict=True):
        for image in range(first, last + 1):
            for row in range(top, bottom + 1):
                yield layer, timestep, image, row


@pytest.mark.parametrize("options", [
    STRIPS, {"workload": "lenet5_mnist", "batch": 2}, {"workload": "vgg9_cifar10", "schedule": "window:3"},
    {"workload": "lenet5_mnist", "schedule": "timestep", "batch": 3, "chunk": 2},
])  # fmt: skip
def test_every_row_of_every_timestep_is_worked_on_once(options: dict[str, object]) -> None:
    result = lifsim.run(**options, overrides=["dram.model=ideal"])  # type: ignore[arg-type]
    frame = work(result)
    found = list(rows_of(frame))
    batch, steps = result.options.batch or 1, range(1, result.network.timesteps + 1)
    heights = [1 if len(layer.out_shape) == 1 else layer.out_shape[1] for layer in result.network.layers]
    everything = {
        (layer.name, step, image, row)
        for layer, rows in zip(result.network.layers, heights, strict=True)
        for step in (steps if layer.lif or layer.rounds > 1 else steps[-1:])  # behind a mean over time
        for image in range(1, batch + 1)
        for row in range(1, rows + 1)
    }
    assert len(found) == len(set(found))
    assert set(found) == everything
    assert (frame["last_row"] <= frame["rows"]).all()


@pytest.mark.parametrize("memory", ["ideal", "cycle"])
def test_work_lasts_as_long_as_the_run(memory: str) -> None:
    """From the first cycle that is not waited to the last; one visit behind the other."""
    result = lifsim.run("sata128", "lenet5_mnist", overrides=[f"dram.model={memory}"], schedule="timestep")
    frame = work(result).drop_duplicates("begin_cycles")
    assert (frame["begin_cycles"].to_numpy()[1:] >= frame["end_cycles"].to_numpy()[:-1]).all()
    assert (frame["end_cycles"] > frame["begin_cycles"]).all()
    if memory == "ideal":
        assert int((frame["end_cycles"] - frame["begin_cycles"]).sum()) == result.totals.cycles.total
    else:
        assert result.timeline is not None
        assert frame["end_cycles"].max() == result.timeline.timing.end[-1]
    assert work(result, "visits")["end_visits"].max() == len(work(result))


def test_what_is_joined_covers_as_much_and_is_no_wider_than_a_dot(strips: lifsim.Result) -> None:
    frame = work(strips)
    pieces = schedule_work.joined(frame, "cycles")
    assert len(pieces) < len(frame)
    assert set(rows_of(pieces)) == set(rows_of(frame))
    width = (frame["end_cycles"].max() - frame["begin_cycles"].min()) / PIECES
    alone = set(zip(frame["layer"], frame["timestep"], frame["begin_cycles"], frame["end_cycles"], strict=True))
    for piece in pieces.itertuples():
        is_alone = (piece.layer, piece.timestep, piece.begin_cycles, piece.end_cycles) in alone
        assert is_alone or piece.end_cycles - piece.begin_cycles <= width
    for name in ("weights_bytes", "membranes_bytes", "spikes_bytes"):
        assert pieces[name].max() == frame[name].max()


def test_layers_and_an_image_alone_are_drawn(strips: lifsim.Result) -> None:
    names = [layer.name for layer in strips.network.layers]
    some = schedule_work.part_of(work(strips), names, Part(1, 2))
    assert list(dict.fromkeys(some["layer"])) == names[1:3]
    batch = lifsim.run(workload="lenet5_mnist", batch=5, schedule="timestep", chunk=2, overrides=["dram.model=ideal"])
    frame = schedule_work.part_of(work(batch), names, Part(0, 4, 2))
    assert set(frame["first_image"]) == {3}
    assert set(frame["last_image"]) == {4}


def test_the_picture_has_the_pieces_of_its_table(strips: lifsim.Result, tmp_path: Path) -> None:
    figure = lifsim.plot.schedule(strips, layers="conv1:conv3", out=tmp_path / "order.png")
    table = pd.read_csv(tmp_path / "order.csv")
    order, *held = figure.axes
    (collection,) = [one for one in order.collections if isinstance(one, PolyCollection)]
    corners = [path.get_extents() for path in collection.get_paths()]
    assert len(corners) == len(table)
    place = {name: number for number, name in enumerate(("conv1", "conv2", "conv3"))}
    for box, piece in zip(corners, table.itertuples(), strict=True):
        top = place[piece.layer] + 0.86 * (piece.timestep - 1) / 4
        assert top - 1e-9 <= box.y0 <= top + 0.86 / 4 * (piece.first_row - 1) / piece.rows + 1e-9
        assert top + 0.86 / 4 * piece.last_row / piece.rows - 1e-9 <= box.y1 <= top + 0.86 / 4 + 1e-9
        assert box.x1 >= piece.end_cycles
    shades = np.unique(collection.get_facecolors(), axis=0)
    assert len(shades) == 4
    assert [axes.get_title(loc="left") for axes in held] == [
        "weights on chip", "membranes in their buffer", "spikes in the output buffer",
    ]  # fmt: skip
    for axes, name in zip(held, ("weights", "membranes", "spikes"), strict=True):
        assert axes.get_ylim()[1] == table[f"{name}_room_bytes"].iloc[0]


def test_a_border_says_what_waits_in_dram() -> None:
    result = lifsim.run(workload="lenet5_mnist", overrides=["dram.model=ideal"])
    figure = lifsim.plot.schedule(result)
    said = [text.get_text() for text in figure.axes[0].texts if text.get_visible()]
    assert result.plan is not None
    outputs = [layer.dram.spikes_out for layer in result.plan.layers][:-1]
    assert said == [lifsim.units.format_bytes(size) for size in outputs]


@pytest.mark.parametrize("options", [
    {"size": "2.6x5in", "layers": "conv1"}, {"size": "40x40in"}, {"style": "slides"}, {"over": "visits"},
])  # fmt: skip
def test_it_is_legible_at_any_size(strips: lifsim.Result, options: dict[str, str]) -> None:
    figure = lifsim.plot.schedule(strips, **options)  # type: ignore[arg-type]
    _legible(figure)


def _legible(figure: Figure) -> None:
    assert measured.overlapping(figure) == []
    assert measured.cut(figure) == []
    assert measured.keys(figure, "vgg9_cifar10", "vgg16_cifar10") == []


@pytest.mark.slow
def test_a_hundred_layers_and_many_timesteps_are_legible() -> None:
    result = lifsim.run(
        workload="mobilenet_cifar10", schedule="timestep", overrides=["dram.model=ideal", "timesteps=40"]
    )
    figure = lifsim.plot.schedule(result, size="7x6in")
    assert measured.overlapping(figure) == []
    assert measured.cut(figure) == []
    (legend,) = figure.legends
    assert [text.get_text() for text in legend.get_texts()] == ["timestep 1", "timestep 20", "timestep 40"]


@pytest.mark.parametrize(("options", "told"), [
    ({"layers": "conv3:conv1"}, "layers: 'conv3:conv1' must be FIRST:LAST in the network's order"),
    ({"layers": "conv1:cony2"}, "layers: 'cony2' must be a layer, or FIRST:LAST; did you mean 'conv2'"),
    ({"layers": "a:b:c"}, "layers: 'a:b:c' must be a layer, or FIRST:LAST"),
    ({"image": 0}, "image: 0 must lie in 1..1, the batch"),
    ({"over": "cycle"}, "over: 'cycle' must be one of cycles, visits; did you mean 'cycles'"),
])  # fmt: skip
def test_what_there_is_not_is_refused(strips: lifsim.Result, options: dict[str, object], told: str) -> None:
    with pytest.raises(InputError) as refused:
        lifsim.plot.schedule(strips, **options)  # type: ignore[arg-type]
    assert told in str(refused.value)


@pytest.mark.parametrize("command", [
    ["--arch", "sata128_satasim", "--workload", "satasim_bntt"],
    ["--workload", "lenet5_mnist", "--image", "one"],
])  # fmt: skip
def test_the_command_refuses_before_it_runs(
    command: list[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("lifsim.simulate.pipeline.run", _never)
    assert main(["plot", "schedule", *command]) == 2
    err = capsys.readouterr().err
    assert "must be" in err or "must lie" in err
    assert list(tmp_path.iterdir()) == []


def _never(*_: object, **__: object) -> None:
    raise AssertionError("work before the options are known to be right")
