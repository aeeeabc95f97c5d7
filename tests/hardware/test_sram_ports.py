"""Does the array wait for its buffers' ports as long as a walk over its folds says?"""

from __future__ import annotations

import itertools
import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lifsim.hardware.array import DATAFLOWS, SPARSITIES, ArrayShape, Gemm, Kept, Laid, dense_waits
from lifsim.hardware.input_reads import InputMap
from lifsim.hardware.sram_banks import Banks
from lifsim.hardware.sram_ports import Port, Ports
from tests.oracles import sram_banks as oracle

dataflows = st.sampled_from(["os", "ws", "is"])
shapes = st.builds(ArrayShape, rows=st.integers(1, 5), cols=st.integers(1, 5))
port = st.builds(Port, element_bits=st.sampled_from([1, 8, 16]), port_bits=st.sampled_from([1, 4, 8, 64]))
banks = st.builds(Banks, count=st.integers(1, 3), word_bits=st.sampled_from([1, 2, 8]))
some_ports = st.builds(Ports, weight=port, spike_in=banks, psum=port)


@st.composite
def layers(draw: st.DrawFn) -> tuple[InputMap, Gemm]:
    """A convolution without padding."""
    kernel, out = (draw(st.tuples(st.integers(1, 2), st.integers(1, 3))) for _ in range(2))
    height, width = (n + k - 1 for n, k in zip(out, kernel, strict=True))
    channels, groups, bits = draw(st.integers(1, 4)), draw(st.integers(1, 2)), draw(st.sampled_from([1, 3]))
    read = InputMap(channels, groups, height, width, *out, kernel, (1, 1), (0, 0), bits)
    return read, Gemm(read.pixels, channels * kernel[0] * kernel[1], draw(st.integers(1, 12)), groups)


def parts(total: int, size: int) -> list[int]:
    return [min(size, total - start) for start in range(0, total, size)]


def needs(element: Port, count: int) -> int:
    return math.ceil(count * element.element_bits / element.port_bits)


def walk(
    dataflow: str, read: InputMap, gemm: Gemm, shape: ArrayShape, rounds: int, tick_batched: bool, ports: Ports
) -> int:
    """Fold by fold: the cycles by which buffers are slower than what streams or loads meanwhile."""
    waits = 0
    for group in range(gemm.groups):
        down, across = {"ws": (gemm.reduction, gemm.filters), "is": (gemm.reduction, gemm.pixels)}.get(
            dataflow, (gemm.pixels, gemm.filters)
        )
        streams = 1 if dataflow == "ws" and tick_batched else rounds
        for _ in range(streams):
            for at, h in enumerate(parts(down, shape.rows)):
                for w in parts(across, shape.cols):
                    if dataflow == "os":
                        weights = needs(ports.weight, gemm.reduction * w)
                        inputs = oracle.planar_reads(read, ports.spike_in, shape.rows)[group][at]
                        waits += max(0, max(weights, inputs) - gemm.reduction)
                    elif dataflow == "ws":
                        repeats = rounds // streams
                        stream = gemm.pixels * repeats
                        waits += max(0, needs(ports.weight, h * w) - shape.rows)
                        inputs = repeats * oracle.channel_last_reads(read, ports.spike_in, shape.rows)[group][at]
                        waits += max(0, max(inputs, needs(ports.psum, stream * w)) - stream)
                    else:
                        slow = max(needs(ports.weight, gemm.filters * h), needs(ports.psum, gemm.filters * w))
                        waits += max(0, slow - gemm.filters)
            if dataflow == "is":  # every vector of a load takes a cycle, and what it takes beyond is waited for
                loads = oracle.planar_reads(read, ports.spike_in, shape.cols)[group]
                waits += sum(loads) - gemm.reduction * len(loads)
    return waits


@settings(max_examples=100, deadline=None)
@given(dataflows, layers(), shapes, st.integers(1, 3), st.booleans(), some_ports)
def test_equals_a_walk_over_the_folds(dataflow, layer, shape, rounds, tick_batched, ports) -> None:
    found = dense_waits(DATAFLOWS[dataflow], *layer, shape, rounds, ports, tick_batched=tick_batched)
    assert found.total == walk(dataflow, *layer, shape, rounds, tick_batched, ports)
    read, gemm = layer
    assert Laid(gemm, shape, DATAFLOWS[dataflow], tick_batched).waits(read, rounds, ports) == found


@settings(max_examples=100, deadline=None)
@given(layers(), shapes, st.integers(1, 3), some_ports, st.data())
def test_skipping_leaves_no_time_to_hide_what_must_be_fetched(layer, shape, rounds, ports, data) -> None:
    """The cycles of a fold are those of its slowest row or of its slowest buffer, fold by fold."""
    read, gemm = layer
    seed = data.draw(st.integers(0, 1000))
    shape_of_ones = (rounds, gemm.groups, gemm.pixels)
    ones = np.random.default_rng(seed).integers(0, gemm.reduction + 1, shape_of_ones)
    found = SPARSITIES["skip"].waits(Kept(ones[None]), Laid(gemm, shape, DATAFLOWS["os"], True), read, ports)
    scanned = oracle.scanned_reads(read, ports.spike_in, shape.rows)
    waits = 0
    for timestep, group in itertools.product(range(rounds), range(gemm.groups)):
        for fold, start in enumerate(range(0, gemm.pixels, shape.rows)):
            rows = ones[timestep, group, start : start + shape.rows]
            for w in parts(gemm.filters, shape.cols):
                weights = needs(ports.weight, gemm.reduction * w)
                waits += max(0, max(weights, scanned[group][fold]) - int(rows.max()))
    assert found.total == waits


@settings(max_examples=100, deadline=None)
@given(dataflows, layers(), shapes, some_ports, st.sampled_from(["weight", "spike_in", "psum"]))
def test_twice_the_banks_never_wait_longer(dataflow, layer, shape, ports, name) -> None:
    few = getattr(ports, name)
    many = replace(few, count=2 * few.count) if name == "spike_in" else replace(few, port_bits=2 * few.port_bits)
    more = replace(ports, **{name: many})
    before, after = (
        dense_waits(DATAFLOWS[dataflow], *layer, shape, 2, each, tick_batched=True).total for each in (ports, more)
    )
    assert after <= before


@settings(max_examples=60, deadline=None)
@given(dataflows, st.booleans(), layers(), shapes, st.integers(1, 3), banks)
def test_words_that_are_read_are_counted_vector_by_vector(dataflow, skips, layer, shape, rounds, given_banks) -> None:
    """Filters that do not fit beside each other see the inputs again, but where the inputs stay in the array."""
    read, gemm = layer
    skips = skips and dataflow == "os"
    words = 0
    for group, _ in itertools.product(range(gemm.groups), range(rounds)):
        if skips:
            fold = sum(each.total() for each in oracle.scanned_words(read, given_banks, shape.rows)[group])
        elif dataflow == "ws":
            fold = sum(oracle.channel_last_reads(read, given_banks, shape.rows, oracle.vector_words)[group])
        else:
            lanes = shape.cols if dataflow == "is" else shape.rows
            fold = sum(oracle.planar_reads(read, given_banks, lanes, oracle.vector_words)[group])
        words += fold if dataflow == "is" else sum(fold for _ in parts(gemm.filters, shape.cols))
    kept = Kept(np.zeros((1, rounds, gemm.groups, gemm.pixels), np.int32))
    laid = Laid(gemm, shape, DATAFLOWS[dataflow], True)
    found = SPARSITIES["skip" if skips else "none"].input_words(kept, laid, read, given_banks)
    assert found == words


CONV = InputMap(64, 1, 32, 32, 32, 32, (3, 3), (1, 1), (1, 1), 1)
PRODUCTS = Gemm(1024, 576, 64)


def test_ports_as_wide_as_the_array_never_hold_it_up() -> None:
    """16 x 8 PEs: 16 inputs of 1 bit that may lie across two words, 8 weights of 8 bits, 8 psums of 16 bits a cycle."""
    ports = Ports(Port(8, 64), Banks(2, 16), Port(16, 128))
    for dataflow in ("os", "ws"):
        assert (
            dense_waits(DATAFLOWS[dataflow], CONV, PRODUCTS, ArrayShape(16, 8), 4, ports, tick_batched=True).total == 0
        )
    halved = replace(ports, weight=Port(8, 32))
    waits = dense_waits(DATAFLOWS["os"], CONV, PRODUCTS, ArrayShape(16, 8), 4, halved, tick_batched=True)
    assert (waits.weight, waits.spike_in, waits.psum) == (576 * 64 * 8 * 4, 0, 0)
    one_bank = dense_waits(
        DATAFLOWS["os"], CONV, PRODUCTS, ArrayShape(16, 8), 4, replace(ports, spike_in=Banks(1, 16)), tick_batched=True
    )
    assert (one_bank.weight, one_bank.spike_in) == (0, (4 * 2 + 60 * 3) * 64 * 8 * 4)


@pytest.mark.parametrize("dataflow", ["os", "ws"])
def test_who_holds_the_array_up_is_said(dataflow: str) -> None:
    slow_inputs = Ports(Port(8, 1024), Banks(1, 8), Port(16, 1024))
    waits = dense_waits(DATAFLOWS[dataflow], CONV, PRODUCTS, ArrayShape(16, 4), 1, slow_inputs, tick_batched=True)
    assert waits.spike_in == waits.total > 0
