"""Does a buffer cost what CACTI says, and something sensible between and beyond CACTI's sizes?"""

from __future__ import annotations

import csv
import warnings
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lifsim.config.arch import Buffer
from lifsim.errors import InputError
from lifsim.hardware.sram import NO_SRAM, SramCost, satasim_sram_cost, sram_cost


def test_every_row_of_the_cacti_table_is_met_exactly(reference: Path) -> None:
    for name in ("sram_cacti7.csv", "sram_cacti7_28nm.csv"):
        for row in csv.DictReader((reference / name).open()):
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
