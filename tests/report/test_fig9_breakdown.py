"""Does the upper half of fig9 show what sharing does beside what time-multiplexing does, and under both assumptions?"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

import lifsim
from lifsim.errors import InputError
from lifsim.report.figures import fig9_breakdown
from lifsim.report.plot.computation import breakdown_runs
from lifsim.report.summary import summary
from lifsim.simulate.api import read_inputs
from lifsim.simulate.options import examined_options
from lifsim.simulate.result import Result
from lifsim.units import format_si


@pytest.fixture(scope="module")
def runs() -> list[Result]:
    inputs = read_inputs("sata128", "vgg9_cifar10", "none", lambda: examined_options({}), ["dram.model=ideal"])
    return breakdown_runs(inputs)


def test_unshared_runs_on_as_few_units_stand_beside_the_shared_ones(runs: list[Result]) -> None:
    shown = [(str(run.sharing), run.totals.lif_units) for run in runs]
    assert shown == [("none", 128), ("none", 64), ("none", 32), ("channel2", 64), ("channel4", 32)]


def test_every_bar_is_the_energy_of_its_run_over_that_of_none(runs: list[Result]) -> None:
    frame = fig9_breakdown.table([summary(run) for run in runs])
    assert frame["idle_units"].tolist() == ["toggles"] * 5 + ["clock_gated"] * 5
    for idle, rows in frame.groupby("idle_units"):
        totals = []
        for run, (_, row) in zip(runs, rows.iterrows(), strict=True):
            energy = run.totals.energy_pj
            parts = vars(energy.compute) | {"lif": getattr(energy.lif_if, str(idle))}
            assert parts.pop("optimizer").total == 0  # inference changes no weights
            for part, spent in parts.items():
                assert row[f"{part}_pj"] == spent.total
                kinds = [row[f"{part}_{kind}_normalised"] for kind in ("work", "idle", "standing")]
                assert sum(kinds) == pytest.approx(row[f"{part}_normalised"])
            totals.append(sum(spent.total for spent in parts.values()))
        assert rows["total_normalised"].tolist() == pytest.approx([total / totals[0] for total in totals])


def test_toggling_units_make_the_saving_and_gated_ones_take_it_away(runs: list[Result]) -> None:
    frame = fig9_breakdown.table([summary(run) for run in runs]).set_index(["idle_units", "sharing", "lif_units"])
    total, unshared = frame["total_normalised"], runs[0].totals.cycles.total
    longer = {str(run.sharing): run.totals.cycles.total / unshared for run in runs}
    for units, sharing in ((64, "channel2"), (32, "channel4")):
        few, shared = total["toggles", "none", units], total["toggles", sharing, units]
        assert shared < few < 1
        assert 1 - few > 50 * (few - shared)  # nearly all of it is time-multiplexing
        # What is left is the clock, which runs while the array waits for its few LIF units.
        assert 1 - 1e-3 < total["clock_gated", sharing, units] < longer[sharing] < 1.005


def test_runs_of_other_machines_are_not_compared(runs: list[Result]) -> None:
    other = lifsim.run("sata128", "vgg9_cifar10", "channel2", overrides=["dram.model=ideal", "lif.latency_cycles=2"])
    with pytest.raises(InputError, match=r"must have the same arch_sha256 but for lif\.units"):
        fig9_breakdown.table([summary(runs[0]), summary(other)])
    with pytest.raises(InputError, match="must differ in sharing or LIF units, have none on 128 LIF units"):
        fig9_breakdown.table([summary(runs[0]), summary(replace(runs[0]))])


def test_it_is_drawn_with_a_panel_for_each_assumption(runs: list[Result], tmp_path: Path) -> None:
    figure = lifsim.plot.fig9(runs, part="top", out=tmp_path / "fig9.svg")
    titles = [axes.get_title() for axes in figure.get_axes()]
    none = runs[0].totals.energy_pj
    parts = none.compute.spike_mac.total + none.compute.spad.total + none.compute.membrane_registers.total
    gated = summary(runs[0])["energy_pj"]["lif_if"]["clock_gated"]["total"]
    ones = [format_si(1e-12 * (parts + lif), "J") for lif in (none.compute.lif.total, gated)]
    words = ["idle LIF units toggle", "idle LIF units are clock-gated"]
    assert titles == [f"{word} (1 is {one})" for word, one in zip(words, ones, strict=True)]
    labels = [label.get_text() for label in figure.get_axes()[0].get_xticklabels()]
    assert labels == [f"{run.sharing}\n{run.totals.lif_units} units" for run in runs]
    (legend,) = figure.subfigs[0].legends
    assert {text.get_text() for text in legend.get_texts()} == {*fig9_breakdown.PARTS.values(), *fig9_breakdown.HATCH}
