"""How many LIF units are left, how long does the array wait for them, what do they move?"""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lifsim.hardware.array import DATAFLOWS, ArrayShape, Gemm, output_blocks
from lifsim.hardware.lif_unit import lif_bank, lif_cycles, lif_passes, membrane_accesses, pass_outputs
from lifsim.model.arch import LifUnits
from tests.oracles.lif_queue import ready_passes, visit_cycles

SHAPE = ArrayShape(16, 8)


@pytest.mark.parametrize(
    ("units", "groups", "left", "chain"),
    [
        (None, 1, 128, 1),
        (None, 2, 64, 2),
        (None, 4, 32, 4),
        (32, 1, 32, 4),
        (32, 2, 16, 8),
        (None, 3, 43, 3),
        (1, 4, 1, 128),
    ],
)
def test_channel_sharing_divides_the_units_and_lengthens_the_chain(units, groups, left, chain):
    bank = lif_bank(LifUnits(units=units, latency_cycles=5, initiation_interval_cycles=3), SHAPE.pes, groups)
    assert (bank.units, bank.chain, bank.pass_cycles) == (left, chain, 5 + 3 * (chain - 1))


def test_units_without_latency_cost_no_cycle():
    bank = lif_bank(LifUnits(latency_cycles=0, initiation_interval_cycles=0), SHAPE.pes, 4)
    blocks = output_blocks(DATAFLOWS["os"], Gemm(64, 9, 16), SHAPE, 4, tick_batched=True)
    assert bank.pass_cycles == 0
    for overlapped in (True, False):
        assert lif_cycles(bank.pass_cycles, 8, 4, blocks, tick_batched=True, overlapped=overlapped) == 0


def test_passes_cover_the_map_that_the_units_see():
    assert lif_passes(pixels=1024, filters=64, groups=1, shape=SHAPE) == 64 * 8
    assert lif_passes(pixels=1, filters=10, groups=1, shape=SHAPE) == 2
    assert lif_passes(pixels=256, filters=1, groups=32, shape=SHAPE) == 16 * 32  # depthwise


@given(st.integers(1, 40), st.integers(1, 20), st.integers(1, 3), st.integers(1, 7), st.integers(1, 7))
def test_passes_serve_every_output_once_and_no_more_than_the_array_holds(pixels, filters, groups, rows, cols):
    shape = ArrayShape(rows, cols)
    outputs = pass_outputs(pixels, filters, groups, shape)
    assert outputs.size == lif_passes(pixels, filters, groups, shape)
    assert (outputs.sum(), outputs.max() <= shape.pes) == (pixels * filters * groups, True)


@given(st.integers(0, 9), st.integers(0, 9), st.integers(1, 5), st.booleans())
def test_every_pass_is_waited_for_without_overlap(pass_cycles, passes, steps, tick_batched):
    blocks = np.array([[7, 9, 4]], np.int64)
    assert (
        lif_cycles(pass_cycles, passes, steps, blocks, tick_batched=tick_batched, overlapped=False)
        == pass_cycles * passes * steps
    )


def waited(blocks: list[list[int]], passes: list[int], steps: int, tick_batched: bool) -> int:
    """passes: cycles of each pass of a timestep, in order; tick-batched, each is repeated for every timestep."""
    total = 0
    for visit in blocks:
        due = [cycles for cycles in passes for _ in range(steps if tick_batched else 1)]
        work = []
        for count in ready_passes(len(due), len(visit)):
            work.append(sum(due[:count]))
            del due[:count]
        total += visit_cycles(visit, work) - sum(visit)
    return total + (0 if tick_batched else (steps - len(blocks)) * sum(passes))


@st.composite
def queues(draw):
    tick_batched, steps = draw(st.booleans()), draw(st.integers(1, 4))
    visits = 1 if tick_batched else draw(st.sampled_from([1, steps]))
    count = draw(st.integers(1, 7))
    visit = st.lists(st.integers(1, 12), min_size=count, max_size=count)
    blocks = draw(st.lists(visit, min_size=visits, max_size=visits))
    return blocks, draw(st.integers(0, 9)), draw(st.integers(0, 9)), steps, tick_batched


@settings(max_examples=200, deadline=None)
@given(queues(), st.data())
def test_passes_of_unequal_length_keep_the_units_as_long_as_each_takes(queue, data):
    blocks, _, passes, steps, tick_batched = queue
    each = data.draw(st.lists(st.integers(0, 9), min_size=passes, max_size=passes))
    for overlapped in (True, False):
        found = lif_cycles(
            np.array(each, np.int64), passes, steps, np.array(blocks), tick_batched=tick_batched, overlapped=overlapped
        )
        assert found == (waited(blocks, each, steps, tick_batched) if overlapped else steps * sum(each))


@settings(max_examples=200, deadline=None)
@given(queues())
def test_overlapped_units_equal_two_psum_banks_cycle_by_cycle(queue):
    blocks, pass_cycles, passes, steps, tick_batched = queue
    fast = lif_cycles(pass_cycles, passes, steps, np.array(blocks), tick_batched=tick_batched, overlapped=True)
    assert fast == waited(blocks, [pass_cycles] * passes, steps, tick_batched)
    assert fast <= lif_cycles(pass_cycles, passes, steps, np.array(blocks), tick_batched=tick_batched, overlapped=False)


def test_overlap_by_hand():
    gemm, shape = Gemm(pixels=4, reduction=3, filters=2), ArrayShape(2, 2)  # two os folds of 3 + 2 + 2 - 2 = 5 cycles
    passes = lif_passes(4, 2, 1, shape)
    os = output_blocks(DATAFLOWS["os"], gemm, shape, 3, tick_batched=True)
    assert lif_cycles(5, passes, 3, os, tick_batched=True, overlapped=True) == 5  # hidden but for the last
    assert (
        lif_cycles(7, passes, 3, os, tick_batched=True, overlapped=True) == 5 * 2 + 7
    )  # six passes, each 2 longer than a fold
    replay = output_blocks(DATAFLOWS["os"], gemm, shape, 1, tick_batched=True)
    assert (
        lif_cycles(5, passes, 3, replay, tick_batched=True, overlapped=True) == (15 - 5) + 15
    )  # three timesteps behind one fold
    assert (
        lif_cycles(5, passes, 3, replay, tick_batched=False, overlapped=True) == 5 + 2 * 2 * 5
    )  # timestep-major: two timesteps of LIFs alone
    ws = output_blocks(
        DATAFLOWS["ws"], gemm, shape, 3, tick_batched=True
    )  # one column fold: nothing left to hide under
    assert (
        lif_cycles(5, passes, 3, ws, tick_batched=True, overlapped=True)
        == lif_cycles(5, passes, 3, ws, tick_batched=True, overlapped=False)
        == 30
    )


def test_more_visits_than_timesteps_are_refused():
    with pytest.raises(ValueError, match="visits must lie in"):
        lif_cycles(1, 1, 1, np.ones((2, 3), np.int64), tick_batched=False, overlapped=True)


def literal_membrane_accesses(elements: int, timesteps: int, channel_groups: int, zero: bool) -> tuple[int, int]:
    reads = writes = 0
    known = set() if zero else set(range(elements // channel_groups))
    for _ in range(timesteps):
        in_unit: set[int] = set()
        for neuron in range(elements):  # group 0 first: neuron n uses membrane n mod (elements / N)
            membrane = neuron % (elements // channel_groups)
            if membrane not in in_unit:
                reads += membrane in known
                in_unit.add(membrane)
        writes += len(in_unit)
        known |= in_unit
    return reads, writes


@given(st.integers(1, 6), st.integers(1, 5), st.integers(1, 4), st.booleans())
def test_a_chain_reads_and_writes_its_membranes_once(state, timesteps, groups, zero):
    expected = literal_membrane_accesses(state * groups, timesteps, groups, zero)
    assert membrane_accesses(state * groups, timesteps, groups, starts_from_zero=zero) == expected


def test_groups_that_do_not_divide_are_refused():
    with pytest.raises(ValueError, match="must divide"):
        membrane_accesses(10, 4, 3)


def test_passes_go_through_the_pixels_of_some_filters_group_by_group() -> None:
    """5 pixels by 2 rows are 2 + 2 + 1, 3 filters by 2 columns 2 + 1."""
    assert pass_outputs(5, 3, 2, ArrayShape(2, 2)).tolist() == [4, 4, 2, 2, 2, 1] * 2
