"""Is the layer that SCALE-Sim is timed on the one that LIFSim counts, on the same array?"""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

from benchmarks import bench_scalesim
from benchmarks.bench_scalesim import COLS, INTERPRETER, LAYERS, PEER, ROWS, figures, inputs
from benchmarks.frame.paired import cost, lifsim
from benchmarks.frame.session import Session
from lifsim.report.validation.comparison import csv_rows

REFERENCE = Path(__file__).parents[1] / "reference" / "scalesim_vgg16_16x8.csv"


@pytest.mark.parametrize("dataflow", ["os", "ws", "is"])
@pytest.mark.parametrize("layer", LAYERS)
def test_both_count_the_same_cycles(layer: str, dataflow: str, tmp_path: Path) -> None:
    name = inputs(tmp_path, layer, dataflow)
    words = "--arch", f"{name}_arch.yaml", "--workload", f"{name}.yaml", "--set", "memory.model=ideal", "--out", "out"
    cost(lifsim(tmp_path, "run", *words))
    wanted = layer, dataflow, str(ROWS), str(COLS)
    keys = "layer", "dataflow", "array_rows", "array_cols"
    [told] = [row for row in csv_rows(REFERENCE) if tuple(row[key] for key in keys) == wanted]
    with (tmp_path / "out" / "layers.csv").open() as lines:
        [counted] = csv.DictReader(lines)
    assert int(counted["cycles.total"]) - 1 == int(told["total_cycles_reported"])


def test_it_is_measured_where_its_python_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program = tmp_path / "python"
    program.write_text('#!/bin/sh\necho "$@" >> words\n')
    program.chmod(0o700)
    monkeypatch.setenv(INTERPRETER, str(program))
    figure = next(figures(Session(1, tmp_path)))
    assert figure.ratio is not None
    words = (tmp_path / "words").read_text().split("\n")[0].split()
    assert words[:6] == ["-m", "scalesim.scale", "-c", "Conv1_os.cfg", "-t", "Conv1_os.csv"]


def test_without_it_the_peer_is_not_measured(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(INTERPRETER, raising=False)
    monkeypatch.setattr(bench_scalesim, "ROUNDS", 1)
    figure = next(figures(Session(1, tmp_path)))
    assert (figure.peer, figure.theirs) == (PEER, None)
    assert figure.ours.median > 0
