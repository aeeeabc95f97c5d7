"""Can a record whose books do not balance exist?"""

from __future__ import annotations

import pytest

from lifsim.accounting.books import (
    BooksError,
    Cycles,
    DramEnergy,
    Energy,
    LogicEnergy,
    Operations,
    added,
    as_row,
    as_tree,
)

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


def test_an_energy_column_of_its_own_name_holds_the_total() -> None:
    spent = Energy.of(1.0, 2.0, 4.0)
    assert as_row(spent, "sram") == {"sram.work": 1.0, "sram.idle": 2.0, "sram.standing": 4.0, "sram": 7.0}
    assert as_tree(spent) == {"work": 1.0, "idle": 2.0, "standing": 4.0, "total": 7.0}
    assert as_row({"energy_pj": {"sram": spent}}) == as_row(spent, "energy_pj.sram")
    assert as_row(CYCLES, "cycles")["cycles.total"] == 10
