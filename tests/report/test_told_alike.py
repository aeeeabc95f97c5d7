"""Do the first screen, all figures, layers.csv, explain and the charts of a report say the same of random runs?"""

from __future__ import annotations

import random
import re
from collections.abc import Iterator

import pytest

import lifsim
from lifsim.accounting import ACCOUNTINGS
from lifsim.errors import InputError
from lifsim.report.around import Surroundings
from lifsim.report.console import print_result
from lifsim.report.explain.layer import explain
from lifsim.report.figures.roofline import table as roofline_table
from lifsim.report.html.chart import Chart
from lifsim.report.html.charts import CHARTS
from lifsim.report.html.told import Told
from lifsim.report.summary import Around
from lifsim.simulate.inputs import load_inputs
from lifsim.simulate.result import Result
from lifsim.sweeps.beside import run_beside_baseline
from lifsim.units import format_bytes, format_si

WORKLOADS = ("digits_cnn", "har_watch", "har_fcn", "lenet5_mnist")
ARCHS = ("sata128", "sata128_skip", "eyeriss_like", "tpu_like_small", "spinalflow_like_skip", "sata128_satasim")
SHARINGS = ("none", "layer", "channel2", "layer+channel2")
SCHEDULES = ("tick", "timestep", "window:2", "fused", "skewed", "auto")
SETTINGS = {
    "buffers.weight.size_bytes": ("8KiB", "64MiB"),
    "buffers.membrane.size_bytes": ("0", "1KiB", "64MiB"),
    "buffers.psum.size_bytes": ("0", "1MiB"),
    "buffers.weight.double_buffered": ("true",),
    "array.rows": ("1", "7"),
    "lif.units": ("1", "17", "5000"),
    "lif.overlapped": ("true",),
    "dram.device": ("ddr4_2400", "hbm2"),
    "dram.model": ("ideal",),
}
SUMMED = ("cycles.", "ops.", "dram_bytes.", "sram_accesses.", "energy_pj.")
LEGAL = 200


def drawn(rng: random.Random) -> tuple[str, dict[str, object], str, list[str]]:
    """Architecture, options, sharing and settings; perhaps not legal together."""
    options: dict[str, object] = {"rate": rng.choice(["0", "1", "0.1", "0.37"]), "batch": rng.choice([1, 1, 2])}
    if rng.random() < 0.25:
        arch = "sata_training"
        options |= {"mode": "training", "bptt": rng.choice(["stored", "recomputed", "reversed"])}
        options |= {"schedule": rng.choice(["tick", "timestep"])}
    else:
        arch = rng.choice(ARCHS)
        options |= {"schedule": "tick" if arch == "sata128_satasim" else rng.choice(SCHEDULES)}
    chosen = [f"{key}={rng.choice(values)}" for key, values in SETTINGS.items() if rng.random() < 0.12]
    return arch, options, rng.choice(SHARINGS), [f"timesteps={rng.choice([1, 2, 3])}", *chosen]


def legal(seed: int) -> tuple[Result, Around]:
    """The first run that nobody refuses."""
    rng = random.Random(seed)  # noqa: S311 (no secret)
    while True:
        arch, options, sharing, settings = drawn(rng)
        try:
            asked = load_inputs(arch, rng.choice(WORKLOADS), sharing, options, settings, where_possible=True)
            others = Surroundings(asked, lambda *_: None)
            result, comparison = run_beside_baseline(asked, parts=others.parts, seen=others.seen)
            return result, others.around(result, comparison)
        except InputError:
            continue


def labelled(screen: str, label: str) -> str:
    found = re.search(rf"^{label} +(.*)$", screen, re.MULTILINE)
    assert found is not None, label
    return found[1]


def causes(full: str) -> Iterator[int]:
    """The numbers of the rows of cycles but for their total."""
    rows = full.split("├")[0].splitlines()[2:]
    for row in rows:
        cells = [cell.strip() for cell in re.split("[│┃]", row)][1:-1]
        if len(cells) > 2 and re.fullmatch("[0-9,]+", cells[2]) and cells[1] != "total":
            yield int(cells[2].replace(",", ""))


# Twelve in CI; all of them take half an hour.
@pytest.mark.parametrize("seed", [pytest.param(seed, marks=[pytest.mark.slow] * (seed >= 12)) for seed in range(LEGAL)])
def test_all_that_is_told_of_a_run_is_the_same(
    seed: int, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "200")
    result, around = legal(seed)
    totals, figures = result.totals, result.totals.figures
    for column in result.layer_rows[0]:
        if column.startswith(SUMMED) and (total := figures.get(column, figures.get(f"{column}.total"))) is not None:
            assert sum(row[column] for row in result.layer_rows) == pytest.approx(total, rel=1e-9), column

    print_result(result, around)
    screen = capsys.readouterr().out
    assert labelled(screen, "cycles") == f"{totals.cycles.total:,}, {format_si(totals.time_s, 's')}"
    assert labelled(screen, "energy").startswith(f"{format_si(totals.energy_pj.total.total * 1e-12, 'J')}: ")
    moved = labelled(screen, "DRAM")
    assert moved.startswith(format_bytes(totals.dram_bytes.total))
    assert sum(map(float, re.findall("([0-9.]+)%", moved))) == pytest.approx(100, abs=0.4)
    busy = [float(share) for share in re.findall(r"([0-9.]+)% (?:busy|overall)", labelled(screen, "PEs"))]
    assert busy[1] <= busy[0] <= 100
    assert not re.search(r"[-+]0\.0 %|\bnan\b|\binf\b|None", screen)

    print_result(result, around, full=True, layers=True)
    full = capsys.readouterr().out
    assert sum(causes(full[full.index("┏") :])) == totals.cycles.total
    assert re.split(" {2,}", full.rstrip().splitlines()[-1])[1] == f"{totals.cycles.total:,}"

    frame = roofline_table(result)
    assert (frame["macs_per_s"] <= frame["attainable_macs_per_s"] * (1 + 1e-9)).all()
    for record in result.records if ACCOUNTINGS[result.arch.accounting].scheduled else ():
        lines = {line.quantity: line.value for line in explain(result, record.counts.name).lines}
        assert lines["cycles"] == record.counts.cycles.total
        assert lines["DRAM"] == record.counts.dram_bytes.total
    sums = {"cycles": totals.cycles.total, "dram": totals.dram_bytes.total}
    for chart in (draw(Told.of_result("run", result, around)) for draw in CHARTS):
        if isinstance(chart, Chart) and chart.key in sums:
            assert sum(row[-1] for row in chart.table.rows) == sums[chart.key]
            assert all(sum(row[1:-1]) == row[-1] for row in chart.table.rows)


def test_legal_runs_are_of_many_kinds() -> None:
    assert lifsim.load_arch("sata128_satasim").accounting != lifsim.load_arch("sata128").accounting
    asked = [drawn(random.Random(seed)) for seed in range(LEGAL)]  # noqa: S311 (no secret)
    assert {arch for arch, *_ in asked} == {*ARCHS, "sata_training"}
    assert {str(options["schedule"]) for _, options, *_ in asked} == set(SCHEDULES)
