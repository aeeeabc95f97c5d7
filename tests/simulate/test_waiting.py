"""Whole runs of random networks: is a better memory ever slower, and does it add anything but waiting?"""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings

from tests.simulate.test_whole_run import BUFFERS, cases, simulated, spikes_of


def of_bandwidth(megabytes: int) -> list[str]:
    return ["dram.model=bandwidth", f"dram.bandwidth_bytes_per_s={megabytes}MB"]


@pytest.mark.slow
@settings(max_examples=40, deadline=None)
@given(cases())
def test_more_bandwidth_is_never_slower(case: dict[str, Any]) -> None:
    spikes = spikes_of(case)
    cycles = [simulated(case, spikes, *of_bandwidth(mega)).totals.cycles.total for mega in (50, 400, 3200, 25600)]
    assert cycles == sorted(cycles, reverse=True)


@pytest.mark.slow
@settings(max_examples=40, deadline=None)
@given(cases())
def test_no_run_is_faster_than_its_array_or_than_its_memory(case: dict[str, Any]) -> None:
    spikes = spikes_of(case)
    ideal = simulated(case, spikes, "dram.model=ideal").totals
    slow, cycle = (simulated(case, spikes, *memory).totals for memory in (of_bandwidth(400), ["dram.model=cycle"]))
    assert slow.dram_bytes == cycle.dram_bytes == ideal.dram_bytes
    assert slow.cycles.total >= max(ideal.cycles.total, slow.dram_bytes.total)  # a byte a cycle
    assert cycle.cycles.total >= ideal.cycles.total
    for timed in (slow, cycle):
        worked = ("array", "fill_drain", "lif")
        assert [getattr(timed.cycles, name) for name in worked] == [getattr(ideal.cycles, name) for name in worked]


@pytest.mark.slow
@settings(max_examples=40, deadline=None)
@given(cases())
def test_twice_the_banks_of_every_buffer_are_never_slower(case: dict[str, Any]) -> None:
    """Doubling them; docs/model.md, "Ports and banks of the buffers", knows of multiples only."""
    spikes = spikes_of(case)
    cycles = [
        simulated(
            case, spikes, *of_bandwidth(3200), *(f"buffers.{name}.banks={banks}" for name in BUFFERS)
        ).totals.cycles.total
        for banks in (1, 2, 4)
    ]
    assert cycles == sorted(cycles, reverse=True)


@pytest.mark.slow
@settings(max_examples=40, deadline=None)
@given(cases())
def test_a_larger_buffer_is_slower_by_less_than_the_time_of_its_tiles_at_most(case: dict[str, Any]) -> None:
    """The exception that docs/model.md explains: larger tiles are waited for longer at the start of each layer, and
    leave later at the end of the run, while nothing else can go on."""
    spikes, memory = spikes_of(case), of_bandwidth(400)
    before = simulated(case, spikes, *memory).totals.cycles.total
    for name in BUFFERS:
        size = 2 * case["bytes"][name]
        grown = simulated(case, spikes, *memory, f"buffers.{name}.size_bytes={size}").totals.cycles.total
        assert grown <= before + size * (len(case["layers"]) + 1)
