"""Have the rows of all tables the figures of summary.json, by the keys that they name?"""

from __future__ import annotations

import pytest

import lifsim
from lifsim.accounting.price_list import PriceList
from lifsim.play.bound import STALLS, in_words
from lifsim.report.machine_table import figures
from lifsim.report.quantities import CAUSES, MAIN, quantities, text_of
from lifsim.simulate.result import Result


@pytest.fixture(scope="module", params=["inference", "training"])
def run(request: pytest.FixtureRequest) -> Result:
    return lifsim.run("sata_training", "lenet5_mnist", "channel2", mode=request.param, overrides=("dram.model=ideal",))


def test_every_row_is_the_figure_of_its_key(run: Result) -> None:
    rows = quantities(run)
    named = [row for row in rows if row.key]
    assert len(named) > 30
    assert [row.value for row in named] == [run.totals.figures[row.key] for row in named]
    assert len({(row.group, row.name) for row in rows}) == len(rows)
    assert len({row.key for row in named}) == len(named)


def test_rows_without_a_key_are_accesses_both_ways(run: Result) -> None:
    bare = [row for row in quantities(run) if not row.key]
    assert {row.group for row in bare} == {"accesses"}
    weight = next(row for row in bare if row.name == "weight")
    assert weight.value == sum(run.totals.figures[f"sram_accesses.weight.{way}"] for way in ("reads", "writes"))


def test_a_stall_has_one_word_wherever_it_is_named() -> None:
    """That of `bound`, in files and for people."""
    assert {name: CAUSES[field] for name, field in STALLS.items()} == {name: f"waiting for {name}" for name in STALLS}
    assert all(in_words(name) == f"waiting for {name}" for name in STALLS)


def test_the_main_rows_are_looked_at_first(run: Result) -> None:
    main = {row.key: row for row in quantities(run) if row.key in MAIN}
    assert ("lif_memory_bytes.backward" in main) == (run.options.mode == "training")
    assert main["energy_pj.total.idle"].label == "energy, total, idle"
    assert main["time_s"].label == "latency"


def test_the_overall_utilisation_is_of_all_cycles(run: Result) -> None:
    totals, pes = run.totals, run.arch.array.pes
    assert totals.cycles.lif > 0
    assert 0 < totals.pe_utilisation_overall < totals.pe_utilisation
    if run.options.mode == "inference":
        held = totals.ops.macs_dense / (pes * totals.cycles.total)
        assert totals.pe_utilisation_overall == pytest.approx(held, rel=1e-12)


@pytest.mark.parametrize(
    ("value", "unit", "said"),
    [
        (1234567, "", "1,234,567"),
        (0.775, "share", "77.5%"),
        (3 << 20, "B", "3 MiB"),
        (5.407e9, "pJ", "5.407 mJ"),
        (0.371, "pJ each", "0.371 pJ"),
        (0.95946, "mm2", "0.9595 mm2"),
        (0.0339, "s", "33.9 ms"),
    ],
)
def test_values_have_their_units(value: float, unit: str, said: str) -> None:
    assert text_of(value, unit) == said


def test_parts_of_cycles_and_of_the_area_are_told_in_words(run: Result) -> None:
    """None by the name of its field."""
    named = {row.key: row.name for row in quantities(run) if row.group == "cycles"}
    assert named["cycles.fill_drain"] == "array filling and draining"
    assert named["cycles.stall_weights"] == "waiting for weights"
    told = figures(PriceList(lifsim.load_arch("sata128")))
    assert "PE array 0.1424, LIF units 0.02368, membrane registers 0.004387, SRAM 0.789" in told["area"]
    assert told["DRAM peak"] == "6.4 GB/s"
