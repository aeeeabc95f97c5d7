"""Is what a run is said to be bound by, and relieved by, what its cycles and bytes say?"""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

import pytest

import lifsim
from lifsim.accounting.books import Cycles
from lifsim.accounting.counts import LayerCounts
from lifsim.config.arch import load_arch
from lifsim.hardware.sram_ports import PortStalls
from lifsim.model.arch import Arch
from lifsim.play.bound import advice, bound, bound_words, lif_remedies, relief, remedies, stalls
from lifsim.play.words import help_words


@pytest.fixture(scope="module")
def layer() -> LayerCounts:
    return lifsim.run(workload="lenet5_mnist").records[0].counts


def loaded(layer: LayerCounts, work: int, stall: int, weights: int, others: int) -> LayerCounts:
    cycles = Cycles(work + stall, work, 0, 0, stall, 0, 0, 0)
    moved = replace(
        layer.dram_bytes, weights=weights, spikes_in=others, spikes_out=0, residual=0, membrane_read=0,
        membrane_write=0, psum_read=0, psum_write=0,
    )  # fmt: skip
    return replace(layer, cycles=cycles, dram_bytes=moved)


def test_the_bound_is_what_takes_most_cycles() -> None:
    assert bound(Cycles(10, 3, 2, 1, 4, 0, 0, 0)) == "compute"
    assert bound(Cycles(10, 1, 2, 1, 4, 2, 0, 0)) == "weights"
    assert bound(Cycles(10, 1, 1, 5, 1, 1, 0, 1)) == "lif"
    assert bound(Cycles(10, 1, 0, 0, 0, 2, 3, 4)) == "writeback"


def test_an_array_at_work_is_told_with_how_much_of_it_is() -> None:
    assert bound_words(Cycles(10, 3, 2, 1, 4, 0, 0, 0), 0.064) == "array work, 6.4% of its PEs busy"
    assert bound_words(Cycles(10, 1, 2, 1, 4, 2, 0, 0), 0.5) == "waiting for weights"
    assert bound_words(Cycles(10, 1, 1, 5, 1, 1, 0, 1), 0.5) == "LIF units"
    assert bound_words(Cycles(10, 1, 0, 0, 0, 2, 3, 4), 0.5) == "waiting for writeback"


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


def test_stalls_are_told_by_what_they_wait_for_the_most_first() -> None:
    assert list(stalls(Cycles(20, 3, 2, 1, 4, 0, 9, 1)).items()) == [("membranes", 9), ("weights", 4), ("writeback", 1)]


@pytest.fixture(scope="module", params=[False, True], ids=["single", "double"])
def arch(request: pytest.FixtureRequest) -> Arch:
    names = ("weight", "spike_in", "membrane", "spike_out")
    flag = "true" if request.param else "false"
    return load_arch("sata128", [f"buffers.{name}.double_buffered={flag}" for name in names])


def advised(layer: LayerCounts, arch: Arch) -> list[str]:
    return advice([layer], layer.cycles, arch, Fraction(1)).split("; ")


def test_no_waits_need_no_relief(layer: LayerCounts, arch: Arch) -> None:
    assert advised(loaded(layer, 100, 0, 50, 0), arch) == ["the array never waits for memory"]


def test_bandwidth_reuse_and_earlier_loads_are_advised_in_figures(layer: LayerCounts, arch: Arch) -> None:
    """As above, 30 of 300 cycles could be hidden and the other 170 need 2.7 times the bandwidth or 4 images."""
    double = arch.buffers.weight.double_buffered
    assert advised(loaded(layer, work=100, stall=200, weights=250, others=20), arch) == [
        "66.7% of the cycles wait, 66.7% for weights",
        f"10.0% could hide under work ({'load in smaller tiles' if double else 'double-buffer weight'})",
        "2.7x the DRAM bandwidth or 4x the images on one fetch of the weights would keep the layers that wait for it "
        "at work",
    ]
    without = advised(loaded(layer, 100, 200, 150, 150), arch)[-1]
    assert without == "3x the DRAM bandwidth would keep the layers that wait for it at work"
    little = advised(loaded(layer, 100, 20, 0, 120), arch)[-1]
    assert little == "1.2x the DRAM bandwidth would keep the layers that wait for it at work"


def test_ports_are_advised_the_slowest_first(layer: LayerCounts, arch: Arch) -> None:
    """1000 cycles: 100 wait for spike_in's ports, 200 for membrane's, 50 for DRAM behind weight's, 150 could hide."""
    waits = replace(
        loaded(layer, work=500, stall=500, weights=10, others=0),
        port_stalls=PortStalls(spike_in=100, membrane=200),
        fill_stalls=PortStalls(weight=50),
    )
    more = "" if arch.buffers.weight.double_buffered else ", or double-buffer it"
    assert advised(waits, arch)[1:-1] == [
        "20.0% for the ports of membrane (wider ports or more banks)",
        "10.0% for the ports of spike_in (wider ports or more banks)",
        f"5.0% for DRAM behind the ports of weight, which are slower (wider ports or more banks{more})",
    ]
    assert advised(waits, arch)[-1].startswith("15.0% could hide under work (")


def test_one_wait_in_two_thousand_cycles_is_worth_a_word_and_less_is_not(layer: LayerCounts, arch: Arch) -> None:
    for work, said in ((1990, True), (1991, False)):
        waits = replace(loaded(layer, work, 10, 0, 0), port_stalls=PortStalls(psum=1), fill_stalls=PortStalls(weight=9))
        assert any("the ports of psum" in each for each in advised(waits, arch)) is said
        hidden = replace(loaded(layer, work, 10, 0, 0), port_stalls=PortStalls(psum=9))
        assert any("could hide" in each for each in advised(hidden, arch)) is said


@pytest.mark.parametrize("overlapped", [False, True])
def test_more_units_are_advised_where_the_array_waits_for_them(overlapped: bool) -> None:
    cycles = Cycles(2000, 1000, 300, 500, 200, 0, 0, 0)
    (remedy,) = lif_remedies(cycles, 16, 32, overlapped=overlapped)
    overlap = "" if overlapped else " or overlapped calls"
    assert remedy.share == 0.25
    assert remedy.brief == f"more LIF units (16 now){overlap}: 25.0% of the cycles"
    one_each = lif_remedies(cycles, 32, 32, overlapped=overlapped)
    assert [one.brief for one in one_each] == ([] if overlapped else ["overlapped calls: 25.0% of the cycles"])
    assert lif_remedies(Cycles(2001, 2000, 0, 1, 0, 0, 0, 0), 16, 32, overlapped=overlapped) == ()
    assert lif_remedies(Cycles(2000, 1999, 0, 1, 0, 0, 0, 0), 16, 32, overlapped=overlapped) != ()


def test_the_remedies_by_themselves_say_what_to_do_and_what_it_is_worth(layer: LayerCounts, arch: Arch) -> None:
    """300 cycles: 30 could hide, 170 need bandwidth; each remedy has the share that it could save."""
    double = arch.buffers.weight.double_buffered
    loads = loaded(layer, work=100, stall=200, weights=250, others=20)
    hide, bandwidth = remedies([loads], loads.cycles, arch, Fraction(1))
    assert hide.brief.startswith("load in smaller tiles: 10.0%" if double else "double-buffer weight: 10.0%")
    assert bandwidth.brief == "2.7x the DRAM bandwidth, or 4x the images on a fetch of weights"
    assert (hide.share, bandwidth.share) == (pytest.approx(0.1), pytest.approx(170 / 300))
    assert help_words([hide, bandwidth]) == bandwidth.brief
    assert help_words([]) == ""
