"""Can a record whose books do not balance exist?"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal

import pytest

from lifsim import run
from lifsim.accounting.books import BooksError, Cycles, Operations
from lifsim.accounting.energy import DramEnergy, Energy, LogicEnergy
from lifsim.accounting.records import added, as_row, as_tree
from lifsim.schedule.traffic import DramBytes
from lifsim.training.traffic import StageBytes

CYCLES = Cycles(10, 4, 3, 2, 1, 0, 0, 0)


@pytest.mark.parametrize("part", [-1, 1.0, 0.5, float("nan")])
def test_cycles_are_whole_and_not_negative(part: float) -> None:
    with pytest.raises(BooksError, match="must be whole and not negative"):
        Cycles(4 + part, 4, part, 0, 0, 0, 0, 0)  # type: ignore[arg-type]


def test_a_total_that_is_not_the_sum_of_its_parts_is_refused() -> None:
    with pytest.raises(BooksError):
        Cycles(11, 4, 3, 2, 1, 0, 0, 0)
    with pytest.raises(BooksError):  # a count of 1e16 is off by one
        Cycles(10**16 + 1, 10**16, 0, 0, 0, 0, 0, 0)
    with pytest.raises(BooksError):
        Energy(1.0, 1.0, 1.0, 4.0)
    with pytest.raises(BooksError):
        LogicEnergy(1.0, 1.0, 3.0, 0.0, 0.0, 3.0)
    with pytest.raises(BooksError):
        LogicEnergy(1.0, 1.0, 2.0, 4.0, 8.0, total=10.0)
    with pytest.raises(BooksError):
        DramEnergy(1.0, 1.0, 1.0, 1.0, 2.0, 2.0, work=5.0, idle=0.0, standing=4.0, total=9.0)
    with pytest.raises(BooksError):
        DramEnergy(1.0, 1.0, 1.0, 1.0, 2.0, 2.0, work=4.0, idle=0.0, standing=5.0, total=9.0)
    with pytest.raises(BooksError):
        DramEnergy(1.0, 1.0, 1.0, 1.0, 2.0, 2.0, work=4.0, idle=1.0, standing=4.0, total=9.0)
    with pytest.raises(BooksError):
        Operations(macs_dense=1, macs_effective=2, macs_executed=2, macs_multibit=0, lif_updates=0)
    with pytest.raises(BooksError):
        Operations(macs_dense=2, macs_effective=3, macs_executed=2, macs_multibit=0, lif_updates=0)


def test_energies_are_sums_to_rounding_where_one_of_them_is_a_whole_number() -> None:
    """0.1 + 0.2 + 0.3 is 0.6 in the exact sum, and the next float in a sum from left to right."""
    DramEnergy(0.1, 0.2, 0.3, 0, 0, 0, work=0.6, idle=0, standing=0, total=0.6)


def test_records_add_field_by_field() -> None:
    assert added([CYCLES, CYCLES, CYCLES]).total == 30
    assert added([Energy.of(1.0, 2.0, 8.0), Energy.of(3.0, 4.0, 16.0)]) == Energy.of(4.0, 6.0, 24.0)


@dataclass(frozen=True)
class _Nested:
    """A record of records, one of which has a single number."""

    energy: Energy
    bytes: DramBytes
    one: _Single


@dataclass(frozen=True)
class _Single:
    number: float


def test_records_in_records_add_up_as_what_they_are() -> None:
    """A field may hold records of a kind that has more fields than the kind that the field names."""
    records = [
        _Nested(Energy.of(part, 0.5, 0.25), StageBytes(weights=1, states_read=2), _Single(part))
        for part in (0.1, 0.2, 0.3)
    ]
    summed = added(records)
    assert summed == _Nested(
        Energy(0.1 + 0.2 + 0.3, 1.5, 0.75, (0.1 + 0.75) + (0.2 + 0.75) + (0.3 + 0.75)),
        StageBytes(weights=3, states_read=6),
        _Single(0.1 + 0.2 + 0.3),
    )
    assert added([3, 4]) == 7
    assert as_tree({"one": summed.one, "word": "x"}) == {"one": {"number": summed.one.number}, "word": "x"}
    assert as_row(summed)["bytes.states_read"] == 6


def _flat(tree: Mapping[str, Any], prefix: str) -> Iterator[tuple[str, Any]]:
    """Nested data in one level of dotted names, an energy's own name holding its total."""
    for name, value in tree.items():
        key = prefix if name == "total" and "standing" in tree else f"{prefix}.{name}".removeprefix(".")
        yield from _flat(value, key) if isinstance(value, Mapping) else [(key, value)]


@pytest.mark.parametrize("mode", ["inference", "training"])
def test_figures_are_the_tree_in_one_level(mode: Literal["inference", "training"]) -> None:
    """Names, order and numbers."""
    overrides = ("dram.model=cycle", "dram.device=lpddr3_1600_x32")
    totals = run("sata_training", "lenet5_mnist", mode=mode, overrides=overrides).totals
    assert list(totals.figures.items()) == list(_flat(totals.tree(), ""))
    assert {"cycles.total", "energy_pj.sram", "register_accesses.membrane.reads", "dram.reads"} < set(totals.figures)


def test_an_energy_column_of_its_own_name_holds_the_total() -> None:
    spent = Energy.of(1.0, 2.0, 4.0)
    assert as_row(spent, "sram") == {"sram.work": 1.0, "sram.idle": 2.0, "sram.standing": 4.0, "sram": 7.0}
    assert as_tree(spent) == {"work": 1.0, "idle": 2.0, "standing": 4.0, "total": 7.0}
    assert as_row({"energy_pj": {"sram": spent}}) == as_row(spent, "energy_pj.sram")
    assert as_row(CYCLES, "cycles")["cycles.total"] == 10
