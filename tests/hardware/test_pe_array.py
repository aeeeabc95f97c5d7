"""Do the closed forms equal a register-level array, and do rounds, groups and schedules compose?"""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lifsim.hardware.array import (
    DATAFLOWS,
    SPARSITIES,
    ArrayShape,
    Gemm,
    Kept,
    Laid,
    buffer_accesses,
    dense_cycles,
    output_blocks,
    pe_utilisation,
)
from lifsim.hardware.array.sparsity.skip import slowest_rows
from tests.hardware.skipping import skip_blocks, skip_cycles
from tests.oracles import systolic

MACHINES = {
    "os": systolic.output_stationary,
    "ws": systolic.weight_stationary,
    "is": systolic.input_stationary,
}

gemms = st.builds(Gemm, *[st.integers(1, 9)] * 3)
shapes = st.builds(ArrayShape, st.integers(1, 4), st.integers(1, 4))


def operands(gemm: Gemm, seed: int = 0):
    rng = np.random.default_rng(seed)
    A = rng.integers(-9, 10, (gemm.pixels, gemm.reduction))
    return A, rng.integers(-9, 10, (gemm.reduction, gemm.filters))


@pytest.mark.parametrize("dataflow", MACHINES)
@settings(max_examples=40, deadline=None)
@given(gemm=gemms, shape=shapes)
def test_one_run_equals_the_register_level_array(dataflow, gemm, shape):
    A, B = operands(gemm)
    product, count = MACHINES[dataflow](A, B, shape.rows, shape.cols)
    np.testing.assert_array_equal(product, A @ B)  # the array is one: it multiplies
    cycles = dense_cycles(DATAFLOWS[dataflow], gemm, shape, 1, tick_batched=True)
    assert (cycles.total, cycles.array, cycles.folds) == (count.cycles, count.streaming, count.folds)
    assert output_blocks(DATAFLOWS[dataflow], gemm, shape, 1, tick_batched=True).tolist() == [count.blocks]
    accesses = buffer_accesses(DATAFLOWS[dataflow], gemm, shape, 1, tick_batched=True)
    assert (accesses.inputs, accesses.weights, accesses.outputs) == (count.inputs, count.weights, count.outputs)
    assert accesses.psum_reads == count.psum_reads
    assert accesses.psum_writes == (0 if dataflow == "os" else count.outputs)


@settings(max_examples=30, deadline=None)
@given(gemm=gemms, shape=shapes, rounds=st.integers(1, 3))
def test_tick_batched_ws_streams_all_rounds_through_one_weight_load(gemm, shape, rounds):
    A, B = operands(gemm)
    product, count = systolic.weight_stationary(np.vstack([A] * rounds), B, shape.rows, shape.cols)
    np.testing.assert_array_equal(product, np.vstack([A @ B] * rounds))
    cycles = dense_cycles(DATAFLOWS["ws"], gemm, shape, rounds, tick_batched=True)
    assert (cycles.total, cycles.array, cycles.folds) == (count.cycles, count.streaming, count.folds)
    assert output_blocks(DATAFLOWS["ws"], gemm, shape, rounds, tick_batched=True).tolist() == [count.blocks]
    accesses = buffer_accesses(DATAFLOWS["ws"], gemm, shape, rounds, tick_batched=True)
    assert (accesses.inputs, accesses.weights, accesses.outputs) == (count.inputs, count.weights, count.outputs)
    assert (accesses.psum_reads, accesses.psum_writes) == (count.psum_reads, count.outputs)


def test_the_count_of_a_layer_by_hand():
    # 5 pixels on 2 rows: 3 row folds; 3 filters on 2 columns: 2 column folds; each 7 + 2 + 2 - 2 = 9 cycles.
    gemm, shape = Gemm(pixels=5, reduction=7, filters=3), ArrayShape(2, 2)
    cycles = dense_cycles(DATAFLOWS["os"], gemm, shape, 2, tick_batched=True)
    assert (cycles.array, cycles.fill_drain, cycles.folds) == (2 * 6 * 7, 2 * 6 * 2, 2 * 6)
    # ceil(7/2) * ceil(3/2) = 8 folds of 5 + 4 + 2 - 2 = 9, or of 14 when both rounds stream through one load.
    assert dense_cycles(DATAFLOWS["ws"], gemm, shape, 2, tick_batched=True).total == 8 * 14
    assert dense_cycles(DATAFLOWS["ws"], gemm, shape, 2, tick_batched=False).total == 2 * 8 * 9


@pytest.mark.parametrize("dataflow", MACHINES)
@given(gemm=gemms, shape=shapes, rounds=st.integers(1, 5))
def test_timestep_major_is_as_many_visits_of_one_round(dataflow, gemm, shape, rounds):
    assert (
        dense_cycles(DATAFLOWS[dataflow], gemm, shape, rounds, tick_batched=False)
        == dense_cycles(DATAFLOWS[dataflow], gemm, shape, 1, tick_batched=True) * rounds
    )
    one, many = (buffer_accesses(DATAFLOWS[dataflow], gemm, shape, n, tick_batched=False) for n in (1, rounds))
    assert vars(many) == {port: count * rounds for port, count in vars(one).items()}
    blocks = output_blocks(DATAFLOWS[dataflow], gemm, shape, rounds, tick_batched=False)
    np.testing.assert_array_equal(
        blocks, np.tile(output_blocks(DATAFLOWS[dataflow], gemm, shape, 1, tick_batched=True), (rounds, 1))
    )


@pytest.mark.parametrize("tick_batched", [True, False])
@pytest.mark.parametrize("dataflow", MACHINES)
@given(gemm=gemms, shape=shapes, rounds=st.integers(1, 5), groups=st.integers(1, 5))
def test_groups_run_one_after_the_other(dataflow, tick_batched, gemm, shape, rounds, groups):
    grouped = Gemm(gemm.pixels, gemm.reduction, gemm.filters, groups)
    one = dense_cycles(DATAFLOWS[dataflow], gemm, shape, rounds, tick_batched=tick_batched)
    assert dense_cycles(DATAFLOWS[dataflow], grouped, shape, rounds, tick_batched=tick_batched) == one * groups
    single, all_ = (
        buffer_accesses(DATAFLOWS[dataflow], g, shape, rounds, tick_batched=tick_batched) for g in (gemm, grouped)
    )
    assert vars(all_) == {port: count * groups for port, count in vars(single).items()}


@pytest.mark.parametrize("tick_batched", [True, False])
@pytest.mark.parametrize("dataflow", ["os", "ws", "is"])
@given(gemm=gemms, shape=shapes, rounds=st.integers(1, 5), groups=st.integers(1, 3))
def test_blocks_add_up_to_the_cycles(dataflow, tick_batched, gemm, shape, rounds, groups):
    grouped = Gemm(gemm.pixels, gemm.reduction, gemm.filters, groups)
    blocks = output_blocks(DATAFLOWS[dataflow], grouped, shape, rounds, tick_batched=tick_batched)
    assert blocks.sum() == dense_cycles(DATAFLOWS[dataflow], grouped, shape, rounds, tick_batched=tick_batched).total


@st.composite
def skip_cases(draw):
    groups, rounds = draw(st.integers(1, 3)), draw(st.integers(1, 3))
    gemm = Gemm(draw(st.integers(1, 9)), draw(st.integers(1, 9)), draw(st.integers(1, 6)), groups)
    rng = np.random.default_rng(draw(st.integers(0, 1000)))
    rate = draw(st.sampled_from([0.0, 0.1, 0.5, 1.0]))
    return gemm, draw(shapes), rng.random((rounds, groups, gemm.pixels, gemm.reduction)) < rate


@settings(max_examples=60, deadline=None)
@given(skip_cases())
def test_skip_equals_rows_that_walk_their_ones(case):
    gemm, shape, spikes = case
    _, B = operands(gemm)
    walks = [[systolic.skipping(group, B, shape.rows, shape.cols) for group in done] for done in spikes]
    for t, done in enumerate(walks):
        for g, (product, _) in enumerate(done):
            np.testing.assert_array_equal(product, spikes[t, g].astype(int) @ B)
    counts = [count for done in walks for _, count in done]
    ones = spikes.sum(axis=3)
    cycles = skip_cycles(ones, gemm, shape)
    assert cycles.total == sum(count.cycles for count in counts)
    assert cycles.array == sum(count.streaming for count in counts)
    assert cycles.folds == sum(count.folds for count in counts)
    in_visits = [[c for _, count in done for c in count.blocks] for done in walks]
    assert skip_blocks(ones, gemm, shape, tick_batched=False).tolist() == in_visits
    back_to_back = [
        c for g in range(gemm.groups) for fold in zip(*(done[g][1].blocks for done in walks), strict=True) for c in fold
    ]
    assert skip_blocks(ones, gemm, shape).tolist() == [back_to_back]
    assert sum(Kept(ones[None]).effective_macs(timestep, gemm) for timestep in range(len(ones))) == sum(
        np.count_nonzero(group) * gemm.filters for done in spikes for group in done
    )


@given(gemm=gemms, shape=shapes, rounds=st.integers(1, 4), tick_batched=st.booleans())
def test_skip_without_zeros_is_dense(gemm, shape, rounds, tick_batched):
    ones = np.full((rounds, 1, gemm.pixels), gemm.reduction)
    dense = dense_cycles(DATAFLOWS["os"], gemm, shape, rounds, tick_batched=tick_batched)
    assert skip_cycles(ones, gemm, shape, tick_batched) == dense
    blocks = skip_blocks(ones, gemm, shape, tick_batched)
    np.testing.assert_array_equal(
        blocks, output_blocks(DATAFLOWS["os"], gemm, shape, rounds, tick_batched=tick_batched)
    )


def test_narrow_counts_do_not_wrap():
    ones = np.full((1, 1, 300), 200, np.uint8)
    gemm = Gemm(pixels=300, reduction=200, filters=1)
    assert skip_cycles(ones, gemm, ArrayShape(1, 1)).array == Kept(ones[None]).effective_macs(0, gemm) == 60_000
    assert set(skip_blocks(ones, gemm, ArrayShape(40, 30)).flat) == {200 + 40 + 30 - 2}


@pytest.mark.parametrize(
    "ones",
    [
        np.zeros((1, 1, 3), int),
        np.zeros((1, 4), int),
        np.full((1, 1, 4), 6),
        np.full((1, 1, 4), -1),
    ],
)
def test_counts_that_do_not_fit_are_refused(ones):
    with pytest.raises(ValueError, match="must"):
        slowest_rows(ones, Laid(Gemm(4, 5, 1), ArrayShape(2, 2), DATAFLOWS["os"], True))


@pytest.mark.parametrize("dataflow", ["ws", "is"])
def test_only_rows_that_hold_a_pixel_can_skip(dataflow):
    assert f"not {dataflow}" in SPARSITIES["skip"].refusal(DATAFLOWS[dataflow])
    with pytest.raises(ValueError, match="holds no pixels"):
        DATAFLOWS[dataflow].row_waits(np.ones((1, 1)), np.ones((1, 1)), Gemm(4, 5, 1), ArrayShape(2, 2), None)


def test_an_empty_product_is_refused():
    with pytest.raises(ValueError, match="must have every dimension >= 1"):
        Gemm(0, 1, 1)
    with pytest.raises(ValueError, match="must have rows and cols >= 1"):
        ArrayShape(16, 0)


@pytest.mark.parametrize("dataflow", MACHINES)
@given(gemm=gemms, shape=shapes, rounds=st.integers(1, 4), tick_batched=st.booleans())
def test_utilisation_is_a_share(dataflow, gemm, shape, rounds, tick_batched):
    cycles = dense_cycles(DATAFLOWS[dataflow], gemm, shape, rounds, tick_batched=tick_batched).total
    assert 0 < pe_utilisation(gemm.macs * rounds, shape, cycles) <= 1
    assert pe_utilisation(0, shape, 0) == 0
