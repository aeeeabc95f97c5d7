"""Is what a run is said to be bound by, and relieved by, what its cycles and bytes say?"""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

import pytest

import lifsim
from lifsim.accounting.books import Cycles
from lifsim.accounting.counts import LayerCounts
from lifsim.simulate.bound import bound, relief


@pytest.fixture(scope="module")
def layer() -> LayerCounts:
    return lifsim.run(workload="lenet5_mnist").records[0].counts


def loaded(layer: LayerCounts, work: int, stall: int, weights: int, others: int) -> LayerCounts:
    cycles = Cycles(work + stall, work, 0, 0, stall, 0, 0, 0)
    moved = replace(
        layer.dram_bytes, weights=weights, spikes_in=others, spikes_out=0, residual=0, membrane_read=0,
        membrane_write=0, psum=0, total=weights + others,
    )  # fmt: skip
    return replace(layer, cycles=cycles, dram_bytes=moved)


def test_the_bound_is_what_takes_most_cycles() -> None:
    assert bound(Cycles(10, 3, 2, 1, 4, 0, 0, 0)) == "compute"
    assert bound(Cycles(10, 1, 2, 1, 4, 2, 0, 0)) == "weights"
    assert bound(Cycles(10, 1, 1, 5, 1, 1, 0, 1)) == "lif"
    assert bound(Cycles(10, 1, 0, 0, 0, 2, 3, 4)) == "writeback"


def test_stalls_that_the_bandwidth_could_hide_ask_for_earlier_loads(layer: LayerCounts) -> None:
    found = relief([loaded(layer, work=100, stall=40, weights=60, others=20)], Fraction(1))
    assert (found.waiting, found.overlappable, found.bandwidth, found.reuse) == (40, 40, 1.0, None)


def test_more_bytes_than_the_work_has_time_for_ask_for_bandwidth_or_reuse(layer: LayerCounts) -> None:
    """270 cycles of bytes on 100 of work; each further image brings 100 of work and 20 of bytes: 4 x 80 >= 250."""
    found = relief([loaded(layer, work=100, stall=200, weights=250, others=20)], Fraction(1))
    assert (found.waiting, found.overlappable, found.bandwidth, found.reuse) == (200, 30, 2.7, 4)
    assert relief([loaded(layer, 100, 200, 150, 120)], Fraction(1)).reuse is None


def test_layers_that_wait_are_not_relieved_by_those_that_do_not(layer: LayerCounts) -> None:
    slow, fast = loaded(layer, 100, 100, 200, 0), loaded(layer, 1000, 0, 10, 0)
    assert relief([slow, fast], Fraction(1)).bandwidth == 2.0
    assert relief([slow, fast], Fraction(2)).bandwidth == 1.0
