"""Is row-stationary Eyeriss's mapping, and does it do every product once?"""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import lifsim
from lifsim.hardware.array import DATAFLOWS, ArrayShape, Gemm, dense_cycles
from lifsim.hardware.array.dataflow.row_stationary import mapping_of
from lifsim.hardware.gemm import Window
from lifsim.hardware.input_reads import EvenReads
from lifsim.hardware.sram_banks import Banks
from lifsim.hardware.sram_ports import Port, Ports, PortStalls
from tests.oracles import row_stationary as oracle

ROW_STATIONARY = DATAFLOWS["row_stationary"]
EYERISS = ArrayShape(12, 14)

ALEXNET = {  # E, R, channels and filters of a group, groups, stride; active PEs of JSSC 2017, table V
    "CONV1": (55, 11, 3, 96, 1, 4, 154),
    "CONV2": (27, 5, 48, 128, 2, 1, 135),
    "CONV3": (13, 3, 256, 384, 1, 1, 156),
    "CONV4": (13, 3, 192, 192, 2, 1, 156),
    "CONV5": (13, 3, 192, 128, 2, 1, 156),
}


def conv(out: int, kernel: int, channels: int, filters: int, groups: int = 1, stride: int = 1) -> Gemm:
    window = Window(out, (kernel, kernel), (stride, stride))
    return Gemm(out * out, channels * kernel * kernel, filters, groups, window)


@pytest.mark.parametrize("layer", ALEXNET)
def test_as_many_pes_work_as_eyeriss_published(layer: str) -> None:
    *shape, active = ALEXNET[layer]
    gemm = conv(*shape)
    cycles = dense_cycles(ROW_STATIONARY, gemm, EYERISS, 1, tick_batched=True)
    # The published count is that of whole strips; CONV1's 55 rows are three of 14 and one of 13. CONV2's are 14 and 13,
    # side by side in the array.
    missing_rows = 1 if layer == "CONV1" else 0
    assert gemm.macs * (gemm.window.out_rows + missing_rows) == active * cycles.array * gemm.window.out_rows


@st.composite
def convolutions(draw: st.DrawFn) -> tuple[np.ndarray, np.ndarray, tuple[int, int], ArrayShape]:
    kernel = draw(st.tuples(st.integers(1, 3), st.integers(1, 3)))
    stride = draw(st.tuples(st.integers(1, 2), st.integers(1, 2)))
    out = draw(st.tuples(st.integers(1, 5), st.integers(1, 4)))
    channels, filters = draw(st.integers(1, 9)), draw(st.integers(1, 5))
    rng = np.random.default_rng(draw(st.integers(0, 1000)))
    size = [(n - 1) * s + k for n, s, k in zip(out, stride, kernel, strict=True)]
    image = rng.integers(0, 2, (channels, *size))
    weights = rng.integers(-5, 6, (filters, channels, *kernel))
    return image, weights, stride, ArrayShape(draw(st.integers(1, 6)), draw(st.integers(1, 6)))


@settings(max_examples=60, deadline=None)
@given(convolutions())
def test_folds_equal_a_walk_over_the_pes(case) -> None:
    image, weights, stride, shape = case
    filters, channels, R, S = weights.shape
    E, F = ((n - k) // s + 1 for n, k, s in zip(image.shape[1:], (R, S), stride, strict=True))
    gemm = Gemm(E * F, channels * R * S, filters, 1, Window(E, (R, S), stride))
    mapping = mapping_of(gemm, shape)
    shares = mapping.strips, mapping.filters, mapping.channels, mapping.in_turn
    out, cycles, folds = oracle.walk(image, weights, stride, shape.rows, mapping.strip_rows, shares)
    expected = np.zeros_like(out)
    for m, e, f in itertools.product(range(filters), range(E), range(F)):
        window = image[:, e * stride[0] : e * stride[0] + R, f * stride[1] : f * stride[1] + S]
        expected[m, e, f] = (window * weights[m]).sum()
    np.testing.assert_array_equal(out, expected)
    counted = dense_cycles(ROW_STATIONARY, gemm, shape, 1, tick_batched=True)
    assert counted.folds == folds
    # A last fold of fewer channels ends earlier than a full one, for which every fold is taken.
    assert cycles <= counted.array < cycles + folds * S * F * mapping.in_turn
    sets = shape.rows // min(R, shape.rows) * (shape.cols // mapping.strip_rows)
    assert mapping.strips * mapping.filters * mapping.channels <= sets


@settings(max_examples=60, deadline=None)
@given(convolutions())
def test_inputs_and_weights_are_read_as_often_as_strips_and_filters_ask(case) -> None:
    image, weights, stride, shape = case
    filters, channels, R, S = weights.shape
    E, F = ((n - k) // s + 1 for n, k, s in zip(image.shape[1:], (R, S), stride, strict=True))
    gemm = Gemm(E * F, channels * R * S, filters, 1, Window(E, (R, S), stride))
    mapping, operands = mapping_of(gemm, shape), ROW_STATIONARY.operands(gemm, shape)
    read = loaded = 0
    for e0 in range(0, E, mapping.strip_rows):
        last = min(e0 + mapping.strip_rows, E) - 1
        rows = last * stride[0] + R - e0 * stride[0]
        for _ in range(0, filters, mapping.filters * mapping.sharing):
            read += rows * ((F - 1) * stride[1] + S) * channels
    for _ in range(0, E, mapping.strip_rows * mapping.strips):
        loaded += weights.size
    assert (operands.inputs, operands.weights) == (read, loaded)


@pytest.mark.parametrize(
    ("columns", "channels", "filters", "in_turn", "passes"),
    [
        (1, 12, 1, 12, 1),  # 12 inputs,
        (1, 13, 1, 7, 1),  # of 13 channels half of them
        (3, 4, 1, 4, 1),
        (3, 5, 1, 3, 1),
        (1, 1, 24, 1, 1),  # 24 psums
        (1, 1, 25, 1, 2),
        (14, 1, 16, 1, 1),  # 224 weights
        (14, 1, 17, 1, 2),
    ],
)
def test_a_pe_has_in_turn_what_its_registers_hold(
    columns: int, channels: int, filters: int, in_turn: int, passes: int
) -> None:
    """One PE, a kernel of one row: the channels that it takes in turn, and how often the inputs pass it."""
    gemm, shape = Gemm(4, columns * channels, filters, 1, Window(2, (1, columns), (1, 1))), ArrayShape(1, 1)
    assert mapping_of(gemm, shape).in_turn == in_turn
    assert ROW_STATIONARY.input_repeats(gemm, shape) == passes


def test_each_group_reads_the_words_of_its_strips_once() -> None:
    """Two strips of 2 of the 4 output rows: each needs 4 rows of 6 pixels, of 2 channels; 96 elements of 4 bits."""
    gemm = conv(4, 3, 2, 2, groups=2)
    reads = ROW_STATIONARY.input_reads(EvenReads(gemm, 4), gemm, Banks(2, 32), ArrayShape(3, 2))
    assert reads.words.tolist() == [[12], [12]]
    assert reads.waits.tolist() == [[0], [0]]


def test_a_whole_run_balances_and_explains_itself() -> None:
    result = lifsim.run("eyeriss_like", "lenet5_mnist", overrides=("array.dataflow=row_stationary",))
    assert result.totals.cycles.array > 0
    gemms = ROW_STATIONARY.words(conv(13, 3, 256, 384), EYERISS)
    assert gemms.count == "ceil(13/(13*1))*ceil(384/1)*ceil(256/(4*4))"


def test_filters_that_share_inputs_are_finished_together_and_their_channels_arrive_together() -> None:
    """CONV3 on Eyeriss: 4 sets of channels side by side, 4 channels a PE in turn; 18 filters share a PE's inputs, for
    18 * 3 * 4 weights are what its 224 registers hold. 15 rows of 15 inputs of 16 channels come while the 3 * 13 * 4
    products of each of the 18 filters are summed."""
    gemm = conv(*ALEXNET["CONV3"][:-1])
    found = ROW_STATIONARY.finishes(gemm, EYERISS)
    assert (found.pixels, found.filters) == (13 * 13, 18)
    slow = Ports(Port(8, 1 << 20), Banks(1, 8), Port(16, 1 << 20))
    stalls = ROW_STATIONARY.waits(EvenReads(gemm, 8), gemm, EYERISS, 1, slow)
    turns = -(-384 * (256 // 16) // 18)  # 384 filters, 16 parts of the channels, 18 in a turn
    assert stalls == PortStalls(spike_in=(16 * 15 * 15 - 3 * 13 * 4 * 18) * turns)
