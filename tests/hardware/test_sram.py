"""Does a buffer cost what CACTI says, and something sensible between and beyond CACTI's sizes?"""

from __future__ import annotations

import warnings
from collections.abc import Callable
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lifsim.accounting.satasim.prices import satasim_sram_cost
from lifsim.errors import InputError
from lifsim.hardware.sram import NO_SRAM, SramCost, sram_cost
from lifsim.hardware.tables import rows
from lifsim.model.buffers import Buffer


def test_every_row_of_the_cacti_table_is_met_exactly() -> None:
    for row in rows("cacti7_sram.csv"):
        port_bits, banks = int(row["block_bytes"]) * 8, int(row["banks"])
        buffer = Buffer(size_bytes=int(row["size_bytes"]), banks=banks, port_bits=port_bits)
        cost = sram_cost(buffer, int(row["tech_nm"]))
        leakage_mw = float(row["leakage_mw_per_bank"]) + float(row["gate_leakage_mw_per_bank"])
        assert cost.read_pj == pytest.approx(float(row["read_energy_nj"]) * 1e3)
        assert cost.write_pj == pytest.approx(float(row["write_energy_nj"]) * 1e3)
        assert cost.leakage_mw == pytest.approx(leakage_mw * banks)
        assert cost.area_mm2 == pytest.approx(float(row["area_mm2"]))


def test_between_two_sizes_lies_the_straight_line_in_log_log() -> None:
    low, mid, high = (sram_cost(Buffer(size_bytes=s, port_bits=64), 32) for s in (32768, 46341, 65536))
    assert mid.read_pj == pytest.approx((low.read_pj * high.read_pj) ** 0.5, rel=1e-5)
    assert mid.area_mm2 == pytest.approx((low.area_mm2 * high.area_mm2) ** 0.5, rel=1e-5)


@given(size=st.integers(1, 1 << 30), tech=st.sampled_from([22, 28, 32, 45, 65]), banks=st.sampled_from([1, 2, 4]))
def test_any_size_has_finite_positive_costs(size: int, tech: int, banks: int) -> None:
    cost = sram_cost(Buffer(size_bytes=size, banks=banks, port_bits=128), tech)
    assert 0 < cost.read_pj < 1e6
    assert 0 < cost.leakage_mw < 1e7
    assert 0 < cost.area_mm2 < 1e5


def shipped_rows() -> dict[tuple[int, int, int], dict[int, tuple[float, ...]]]:
    """(technology, port bits, banks) -> size -> read pJ, write pJ, mm2, mW of both leakages, as the table has them."""
    curves: dict[tuple[int, int, int], dict[int, tuple[float, ...]]] = {}
    for row in rows("cacti7_sram.csv"):
        banks = int(row["banks"])
        pj = (float(row[f"{way}_energy_nj"]) * 1e3 for way in ("read", "write"))
        leakages_mw = (banks * float(row[f"{kind}leakage_mw_per_bank"]) for kind in ("", "gate_"))
        curve = curves.setdefault((int(row["tech_nm"]), int(row["block_bytes"]) * 8, banks), {})
        curve[int(row["size_bytes"])] = (*pj, float(row["area_mm2"]), *leakages_mw)
    return curves


@pytest.mark.parametrize("end", ["low", "high"])
@pytest.mark.parametrize(("factor", "power"), [(4, 1.0), (2, 0.5)])
def test_beyond_an_end_of_the_table_its_last_factor_of_four_goes_on(end: str, factor: int, power: float) -> None:
    """From f(4s) to f(s) and on to f(s/4): the same ratio again, and its square root half way."""
    curves = shipped_rows()
    assert len(curves) > 30
    for (technology, port_bits, banks), curve in curves.items():
        last = min(curve) if end == "low" else max(curve)
        inner = last * 4 if end == "low" else last // 4
        size = last // factor if end == "low" else last * factor
        read, write, area, *leakages = (f * (f / g) ** power for f, g in zip(curve[last], curve[inner], strict=True))
        cost = sram_cost(Buffer(size_bytes=size, banks=banks, port_bits=port_bits), technology)
        found = (cost.read_pj, cost.write_pj, cost.area_mm2, cost.leakage_mw)
        assert found == pytest.approx((read, write, area, sum(leakages)), rel=1e-9), (technology, port_bits, banks)


def test_a_buffer_below_and_one_above_the_table_by_hand() -> None:
    """22 nm, 32 bits, one bank: 1 KiB reads 0.302483 pJ, 4 KiB 0.772996 pJ."""
    small = sram_cost(Buffer(size_bytes=256, banks=1, port_bits=32), 22)
    assert small.read_pj == pytest.approx(0.302483**2 / 0.772996)
    assert small.area_mm2 == pytest.approx(0.00209359**2 / 0.0067857)
    assert small.leakage_mw == pytest.approx(0.635764**2 / 2.30212 + 0.00156824**2 / 0.00463855)


def test_beyond_the_table_costs_go_on_growing() -> None:
    sizes = [4 << 20, 8 << 20, 16 << 20, 64 << 20]
    costs = [sram_cost(Buffer(size_bytes=s, banks=2, port_bits=64), 32) for s in sizes]
    assert all(a.area_mm2 < b.area_mm2 and a.leakage_mw < b.leakage_mw for a, b in pairwise(costs))


def test_a_buffer_of_zero_bytes_is_not_built() -> None:
    assert sram_cost(Buffer(size_bytes=0), 32) == NO_SRAM


def test_given_costs_win_over_the_table() -> None:
    given_costs = Buffer(size_bytes=1024, read_pj=1, write_pj=2, leakage_mw=3, area_mm2=4, source="measured")
    cost = sram_cost(given_costs, 32)
    assert (cost.read_pj, cost.write_pj, cost.leakage_mw, cost.area_mm2) == (1, 2, 3, 4)


def test_all_that_the_table_cannot_price_is_named_at_once() -> None:
    with pytest.raises(InputError) as error:
        sram_cost(Buffer(size_bytes=1024, port_bits=48, banks=3), 32, "weight")
    assert [f.path for f in error.value.faults] == ["buffers.weight.port_bits", "buffers.weight.banks"]
    assert "48 must be one of 32, 64, 128, 256, 512" in str(error.value)


@pytest.mark.parametrize("price", [sram_cost, satasim_sram_cost])
def test_a_buffer_of_no_bytes_costs_nothing(price: Callable[..., SramCost]) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")  # nothing is extrapolated down to a size of 0
        assert price(Buffer(size_bytes=0), 65) == SramCost(0.0, 0.0, 0.0, 0.0)
