"""Does a shared run say in which order its chains are worked off, and why a layer is not tick-batched?"""

from __future__ import annotations

import csv
import io
from pathlib import Path

import pytest

import lifsim
from lifsim.cli.main import main
from lifsim.report.explain.layer import explain
from lifsim.schedule.window import TICK, TIMESTEP
from lifsim.simulate.result import Result

IDEAL = "dram.model=ideal"


def chains(result: Result) -> list[str]:
    return [note for note in result.notes if note.startswith("chains of") or "not tick-batched" in note]


@pytest.mark.parametrize(
    ("arch", "workload", "sharing", "said"),
    [
        (
            "eyeriss_like",
            "vgg9_cifar10",
            "channel4",
            ["chains of channel4: 8 layers have them whole in a fold (12 filters of 14)"],
        ),
        ("sata128", "vgg9_cifar10", "channel4", ["chains of channel4: 8 layers have them whole in a fold;"]),
        ("sata128", "vgg9_cifar10", "none", []),
        (
            "sata128",
            "mobilenet_cifar10",
            "channel4",
            ["chains of channel4: 14 layers have them whole in a fold, folds of 13 layers alternate at every timestep"],
        ),
    ],
)
def test_how_layers_hold_their_chains_is_a_note(arch: str, workload: str, sharing: str, said: list[str]) -> None:
    notes = chains(lifsim.run(arch, workload, sharing, overrides=[IDEAL]))
    assert len(notes) == len(said)
    assert all(note.startswith(begin) for note, begin in zip(notes, said, strict=True))


def test_a_layer_that_neither_order_suits_takes_turns_and_says_why(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """16 filters of a chain on 8 columns: the first convolution, whose currents are replayed, cannot alternate. None
    alike runs as the shared one."""
    given = ("--workload", "vgg9_cifar10", "--sharing", "channel16-where-possible", "--set", IDEAL)
    assert main(["run", *given, "--full", "--out", str(tmp_path / "out")]) == 0
    out = capsys.readouterr().out
    assert "conv1 is not tick-batched" in out
    rows = list(csv.DictReader(io.StringIO((tmp_path / "out" / "layers.csv").read_text())))
    assert rows[0]["tiling"].startswith("conv1 timestep by timestep, 1 image at a time, not tick-batched: ")
    assert "folds alternate" in rows[1]["tiling"]
    found = lifsim.beside_none(lifsim.run("sata128", "vgg9_cifar10", "channel16-where-possible", overrides=[IDEAL]))
    assert found is not None
    shared, alike = found.shared.plan, found.alike.result.plan
    assert shared is not None
    assert alike is not None
    assert alike.begins == shared.begins
    assert [group.window for group in alike.groups][:2] == [TIMESTEP, TICK]


def test_no_membrane_buffer_leaves_such_a_layer_no_way() -> None:
    """The one way out is a membrane buffer: the fault says so, and why."""
    why = (
        r"membrane\.size_bytes: 0 must be > 0: 'conv1' must run timestep by timestep: no fold holds a whole chain, and"
    )
    with pytest.raises(lifsim.errors.InputError, match=why):
        lifsim.run(
            "sata128",
            "vgg9_cifar10",
            "channel16-where-possible",
            overrides=[IDEAL, "buffers.membrane.size_bytes=0"],
        )


def test_explain_says_which_columns_work_and_which_folds_take_turns() -> None:
    some = lifsim.run("eyeriss_like", "vgg9_cifar10", "channel4", overrides=[IDEAL])
    assert "whole chains of 4 filters fill 12 of these" in explain(some, "conv2").lines[0].why
    turns = lifsim.run("sata128", "mobilenet_cifar10", "channel4", overrides=[IDEAL])
    assert "take turns at every timestep" in explain(turns, "b1_depthwise").lines[0].why
    assert "folds of 4 groups alternate" in "".join(explain(turns, "b1_depthwise").head)


def test_layers_that_keep_their_own_have_no_chains() -> None:
    result = lifsim.run("eyeriss_like", "vgg9_cifar10", "channel16-where-possible", overrides=[IDEAL])
    assert result.plan is not None
    cuts = {traffic.layer: traffic.tiling.cut.chains for traffic in result.plan.layers}
    last = result.network.layers[-1].name
    assert result.network.layers[-1].lif is None
    assert cuts[last] is None
