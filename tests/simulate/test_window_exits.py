"""Is an image that exits between windows worked on to the end of its window, and no further; and is that said?"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

import lifsim
from lifsim.report.explain.layer import explain
from lifsim.schedule.waves.bands.bands import Banded
from lifsim.simulate.result import Result
from tests.report.test_explain import _check_layer
from tests.schedule.test_group_steps import COUNTED
from tests.simulate.answering import T, assert_same_work, written
from tests.simulate.test_exits import ENDLESS, SLOW

SMALL = ("buffers.membrane.size_bytes=200", "buffers.weight.size_bytes=300", "buffers.spike_out.size_bytes=600")
EXITS = "1:0.4,2:0.2,3:0.2,5:0.2"


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Networks of five timesteps: a classifier behind two convolutions, one convolution, two that may share; two of
    which pixels are whole bytes."""
    folder = tmp_path_factory.mktemp("nets")
    text = (
        written(folder)
        .read_text()
        .replace(f"timesteps: {T}", "timesteps: 5")
        .replace("0.2, 0.4, 0.1", "0.2, 0.4, 0.1, 0.3, 0.2")
    )
    head, _, spikes = text.partition("  - {name: conv2")
    middle, _, _ = spikes.partition("  - {name: pool")
    sources = spikes[spikes.index("spikes:") :]
    texts = {
        "fused": text,
        "window": head + sources.replace(", conv2: 0.3, fc: 0.2", ""),
        "skewed": head + "  - {name: conv2" + middle + sources.replace(", fc: 0.2", ""),
    }
    texts["banded"] = texts["skewed"].replace("out: 4", "out: 8")
    for name, written_out in texts.items():
        (folder / f"{name}.yaml").write_text(written_out)
    return {name: folder / f"{name}.yaml" for name in texts}


def run(files: dict[str, Path], kind: str, window: int | None, *overrides: str, **options: Any) -> Result:
    words = {("window", None): "tick", ("banded", window): "skewed"}
    how = ":".join(["conv1", words.get((kind, window), kind), *([] if window is None else [str(window)])])
    sharing = {"sharing": "layer"} if kind in ("skewed", "banded") else {}
    asked = {"batch": 5, "groups": [how], **sharing, **options}
    narrow = [room(kind, 5, options.get("chunk", 1))] if kind == "banded" else []
    result = lifsim.run(workload=files[kind], overrides=[*SLOW, *overrides, *narrow], **asked)
    banded = kind == "banded" and window != 1 and asked["groups"] == [how]
    assert result.plan is not None
    assert isinstance(result.plan.groups[0].waves, Banded) == banded
    return result


def room(kind: str, window: int, chunk: int) -> str:
    """Of the membrane buffer: skewed, two rows of 24 bytes a timestep of a window, as far as a map of 6 goes, must be
    there; of two timesteps some more stay, and some move. In bands there is none for two timesteps' rows of 48."""
    if kind == "banded":
        return f"buffers.membrane.size_bytes={chunk * 60}"
    size = chunk * min(2 * window, 6) * 24 + 10 if kind == "skewed" else 200
    return f"buffers.membrane.size_bytes={size}"


KINDS = pytest.mark.parametrize("kind", ["fused", "window", "skewed", "banded"])


@KINDS
@pytest.mark.parametrize("sparsity", ["gate", "skip", "ptb"])
def test_images_that_all_run_to_the_end_change_nothing(files: dict[str, Path], kind: str, sparsity: str) -> None:
    settings = (*SMALL, f"array.sparsity={sparsity}", "array.dataflow=os")
    early = run(files, kind, 2, *settings, exit_steps={5: 1})
    every = run(files, kind, 2, *settings)
    assert early.records == every.records
    assert early.totals == every.totals
    assert early.timeline is not None
    assert every.timeline is not None
    assert early.timeline.steps == every.timeline.steps


@KINDS
@pytest.mark.parametrize("chunk", [1, 2, 5])
@pytest.mark.parametrize("dataflow", ["os", "ws", "is"])
def test_images_that_all_exit_together_are_those_of_a_shorter_network(
    files: dict[str, Path], kind: str, dataflow: str, chunk: int
) -> None:
    """Of three timesteps two windows of two are run: four timesteps; sums that spill are theirs, too."""
    settings = (
        *(size for size in ENDLESS if "psum" not in size),
        f"array.dataflow={dataflow}",
        "buffers.psum.size_bytes=16",
    )
    early = run(files, kind, 2, *settings, chunk=chunk, exit_steps={3: 1})
    shorter = run(files, kind, 2, *settings, "timesteps=4", "spikes.rates.conv1=[0.2, 0.4, 0.1, 0.3]", chunk=chunk)
    assert early.plan is not None
    assert early.plan.exits is not None
    assert set(early.plan.exits.steps) == {4}
    assert_same_work(early, shorter, 4)


@KINDS
def test_an_image_pays_its_window(files: dict[str, Path], kind: str) -> None:
    """All that exit within a window take what those that exit at its end do."""
    within, at_end = (run(files, kind, 2, *SMALL, exit_steps={step: 0.6, 5: 0.4}, seed=1) for step in (3, 4))
    assert (within.records, within.totals) == (at_end.records, at_end.totals)
    (said,) = (note for note in within.notes if "are run and paid for" in note)
    assert "3 timesteps beyond exits, 12.0% of all, are run and paid for" in said
    assert not any("are run and paid for" in note for note in at_end.notes)
    told = within.brief.figures["early exit"]
    assert told.startswith("12.0% of the timesteps are not run: 3, 2 of 5 images exit after 3, 5 of 5 timesteps")
    assert told.endswith("; 3 timesteps are run beyond exits, to ends of windows")


@KINDS
def test_windows_of_one_timestep_are_timestep_major(files: dict[str, Path], kind: str) -> None:
    one = run(files, kind, 1, *SMALL, exit_steps=EXITS, chunk=2)
    step = run(files, kind, None, *SMALL, exit_steps=EXITS, chunk=2, schedule="timestep", groups=None)
    assert one.records == step.records
    assert one.totals == step.totals


@KINDS
@pytest.mark.parametrize("window", [None, 5])
def test_from_a_window_of_all_timesteps_no_image_exits(files: dict[str, Path], kind: str, window: int | None) -> None:
    early, every = (run(files, kind, window, *SMALL, **given) for given in ({"exit_steps": EXITS}, {}))
    assert (early.records, early.totals) == (every.records, every.totals)
    (note,) = (note for note in early.notes if "exits early" in note)
    assert "all timesteps run together, and the first answer is there with the last" in note


@KINDS
@pytest.mark.parametrize("chunk", [1, 3, 5])
@pytest.mark.parametrize("window", [2, 3, 4])
def test_what_is_played_is_what_the_plan_moves(files: dict[str, Path], kind: str, chunk: int, window: int) -> None:
    result = run(files, kind, window, *SMALL, room(kind, window, chunk), exit_steps=EXITS, chunk=chunk)
    timeline = result.timeline
    assert timeline is not None
    for index, record in enumerate(result.records):
        mine = [visit for visit in timeline.steps.visits if visit.layer == index]
        moved = {name: sum(visit.moves.total(kind) for visit in mine) for kind, name in COUNTED.items()}
        assert moved | {"operand": 0} == vars(record.counts.dram_bytes)


@KINDS
@pytest.mark.parametrize("chunk", [1, 3])
def test_every_line_of_an_explanation_evaluates(files: dict[str, Path], kind: str, chunk: int) -> None:
    result = run(files, kind, 2, *SMALL, room(kind, 2, chunk), exit_steps=EXITS, chunk=chunk)
    for record in result.records:
        _check_layer(explain(result, record.counts.name), record.counts.cycles, record.counts.dram_bytes)
