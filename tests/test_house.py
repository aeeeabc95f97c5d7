"""Is the house as its plan says: few rooms on few floors, nothing found out twice, and is every fold near?"""

from __future__ import annotations

import ast
import sys
from collections import Counter
from functools import cache
from pathlib import Path
from types import FrameType

import pytest

import lifsim
from lifsim.cli.main import main
from lifsim.graph.states import states_of
from lifsim.hardware.array import DATAFLOWS
from lifsim.hardware.array.dataflow import Folds
from lifsim.hardware.gemm import ArrayShape, Gemm
from lifsim.schedule.sizing import facts_of

PRODUCT = Path(lifsim.__file__).parent
ROOMS = {f"lifsim.simulate.{path.stem}": path for path in (PRODUCT / "simulate").rglob("*.py")}


def imported(path: Path) -> set[str]:
    """Modules of simulate/ that a module imports, for types only or not, wherever in its text."""
    nodes = [node for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.ImportFrom)]
    return {node.module for node in nodes if node.module in ROOMS and node.module != "lifsim.simulate"}


@cache
def floor(module: str) -> int:
    """Modules on the longest way of imports down from this one, itself included."""
    return 1 + max((floor(below) for below in imported(ROOMS[module])), default=0)


def test_simulate_has_few_rooms_on_few_floors() -> None:
    assert len(ROOMS) <= 14
    assert max(map(floor, ROOMS)) <= 8
    assert all(len(path.read_text().splitlines()) < 300 for path in ROOMS.values())


@pytest.mark.parametrize("schedule", ["tick", "timestep", "auto"])
@pytest.mark.parametrize("mode", ["inference", "training"])
def test_a_run_finds_each_thing_out_once(schedule: str, mode: str) -> None:
    """What planning knows of the network the plan keeps; states are checked with the inputs, and laid out once."""
    watched = {function.__code__: function.__name__ for function in (facts_of, states_of)}
    calls: Counter[str] = Counter()

    def count(frame: FrameType, event: str, _: object) -> None:
        if event == "call" and frame.f_code in watched:
            calls[watched[frame.f_code]] += 1

    before = sys.getprofile()
    sys.setprofile(count)
    try:
        memory = ("dram.model=bandwidth", "dram.bandwidth_bytes_per_s=1GB")
        lifsim.run("sata_training", "lenet5_mnist", schedule=schedule, mode=mode, overrides=memory)
    finally:
        sys.setprofile(before)
    assert calls["facts_of"] == 1
    assert calls["states_of"] <= 2


@pytest.mark.parametrize("dataflow", ["os", "ws", "is"])
@pytest.mark.parametrize("overlapped", ["true", "false"])
def test_a_fold_is_twelve_frames_from_the_command(
    dataflow: str, overlapped: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Frames of LIFSim between `lifsim run` and the equation of a fold, whoever asks for it."""
    member = type(DATAFLOWS[dataflow])
    equation, ways = member.folds, set()

    def folds(self: object, gemm: Gemm, shape: ArrayShape) -> Folds:
        frame, way = sys._getframe(1), []
        while frame is not None:
            if Path(frame.f_code.co_filename).is_relative_to(PRODUCT):
                way.append(frame.f_code.co_name)
            frame = frame.f_back
        ways.add(tuple(reversed(way)))
        return equation(self, gemm, shape)

    monkeypatch.setattr(member, "folds", folds)
    chosen = [f"array.dataflow={dataflow}", f"lif.overlapped={overlapped}", "dram.model=bandwidth"]
    settings = [text for each in (*chosen, "dram.bandwidth_bytes_per_s=1GB") for text in ("--set", each)]
    assert main(["run", "--workload", "lenet5_mnist", "--out", str(tmp_path / "run"), *settings]) == 0
    assert any("array_work" in way for way in ways)
    longest = max(ways, key=len)
    assert len(longest) <= 12, " > ".join(longest)
