"""Does the array wait for its buffers' ports as long as a walk over its folds says?"""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lifsim.hardware.pe_array import ArrayShape, Gemm, slowest_rows
from lifsim.hardware.sram_ports import Port, Ports, dense_stalls, skip_stalls

dataflows = st.sampled_from(["os", "ws", "is", "sata"])
sizes = st.integers(1, 12)
gemms = st.builds(Gemm, pixels=sizes, reduction=sizes, filters=sizes, groups=st.integers(1, 2))
shapes = st.builds(ArrayShape, rows=st.integers(1, 5), cols=st.integers(1, 5))
port = st.builds(Port, element_bits=st.sampled_from([1, 8, 16]), port_bits=st.sampled_from([1, 4, 8, 64]))
some_ports = st.builds(Ports, weight=port, spike_in=port, psum=port)


def parts(total: int, size: int) -> list[int]:
    return [min(size, total - start) for start in range(0, total, size)]


def needs(element: Port, count: int) -> int:
    return math.ceil(count * element.element_bits / element.port_bits)


def walk(dataflow: str, gemm: Gemm, shape: ArrayShape, runs: int, tick_batched: bool, ports: Ports) -> int:
    """Fold by fold: the cycles by which ports are slower than what streams or loads meanwhile."""
    waits = 0
    for _ in range(gemm.groups):
        down, across = {"ws": (gemm.reduction, gemm.filters), "is": (gemm.reduction, gemm.pixels)}.get(
            dataflow, (gemm.pixels, gemm.filters)
        )
        passes = 1 if dataflow == "ws" and tick_batched else runs
        for _ in range(passes):
            for h in parts(down, shape.rows):
                for w in parts(across, shape.cols):
                    if dataflow in ("os", "sata"):
                        weights = needs(ports.weight, gemm.reduction * w) if dataflow == "os" else 0
                        inputs = needs(ports.spike_in, gemm.reduction * h)
                        waits += max(0, max(weights, inputs) - gemm.reduction)
                    elif dataflow == "ws":
                        stream = gemm.pixels * runs // passes
                        waits += max(0, needs(ports.weight, h * w) - shape.rows)
                        slow = max(needs(ports.spike_in, stream * h), needs(ports.psum, stream * w))
                        waits += max(0, slow - stream)
                    else:
                        waits += max(0, needs(ports.spike_in, h * w) - shape.rows)
                        slow = max(needs(ports.weight, gemm.filters * h), needs(ports.psum, gemm.filters * w))
                        waits += max(0, slow - gemm.filters)
        if dataflow == "sata":
            for _ in range(1 if tick_batched else runs):
                for h in parts(gemm.reduction, shape.rows):
                    for w in parts(gemm.filters, shape.cols):
                        waits += max(0, needs(ports.weight, h * w) - shape.rows)
    return waits


@settings(max_examples=200, deadline=None)
@given(dataflows, gemms, shapes, st.integers(1, 3), st.booleans(), some_ports)
def test_equals_a_walk_over_the_folds(dataflow, gemm, shape, runs, tick_batched, ports) -> None:
    found = dense_stalls(dataflow, gemm, shape, runs, tick_batched, ports)
    assert found.total == walk(dataflow, gemm, shape, runs, tick_batched, ports)


@settings(max_examples=100, deadline=None)
@given(st.sampled_from(["os", "sata"]), gemms, shapes, st.integers(1, 3), some_ports, st.data())
def test_skipping_leaves_no_time_to_hide_what_must_be_fetched(dataflow, gemm, shape, runs, ports, data) -> None:
    """The cycles of a fold are those of its slowest row or of its slowest port, fold by fold."""
    seed = data.draw(st.integers(0, 1000))
    shape_of_ones = (runs, gemm.groups, gemm.pixels)
    ones = np.random.default_rng(seed).integers(0, gemm.reduction + 1, shape_of_ones)
    found = skip_stalls(slowest_rows(ones, gemm, shape, dataflow), dataflow, gemm, shape, True, ports)
    waits = 0
    for of_group in ones.reshape(-1, gemm.pixels):
        for start in range(0, gemm.pixels, shape.rows):
            rows = of_group[start : start + shape.rows]
            for w in parts(gemm.filters, shape.cols):
                weights = needs(ports.weight, gemm.reduction * w) if dataflow == "os" else 0
                slow = max(weights, needs(ports.spike_in, gemm.reduction * len(rows)))
                waits += max(0, slow - int(rows.max()))
    if dataflow == "sata":
        waits += (
            sum(
                max(0, needs(ports.weight, h * w) - shape.rows)
                for h in parts(gemm.reduction, shape.rows)
                for w in parts(gemm.filters, shape.cols)
            )
            * gemm.groups
        )
    assert found.total == waits


@settings(max_examples=100, deadline=None)
@given(dataflows, gemms, shapes, some_ports, st.sampled_from(["weight", "spike_in", "psum"]))
def test_more_banks_never_wait_longer(dataflow, gemm, shape, ports, name) -> None:
    narrow = getattr(ports, name)
    wide = replace(ports, **{name: replace(narrow, port_bits=2 * narrow.port_bits)})
    before, after = (dense_stalls(dataflow, gemm, shape, 2, True, each).total for each in (ports, wide))
    assert after <= before


def test_ports_as_wide_as_the_array_never_hold_it_up() -> None:
    """16 x 8 PEs: 16 inputs of 1 bit, 8 weights of 8 bits, 8 psums of 16 bits a cycle."""
    ports = Ports(Port(8, 64), Port(1, 16), Port(16, 128))
    for dataflow in ("os", "ws"):
        assert dense_stalls(dataflow, Gemm(1024, 576, 64), ArrayShape(16, 8), 4, True, ports).total == 0
    halved = Ports(Port(8, 32), Port(1, 16), Port(16, 128))
    waits = dense_stalls("os", Gemm(1024, 576, 64), ArrayShape(16, 8), 4, True, halved)
    assert (waits.weights, waits.spikes, waits.psums) == (576 * 64 * 8 * 4, 0, 0)


@pytest.mark.parametrize("dataflow", ["os", "ws"])
def test_who_holds_the_array_up_is_said(dataflow: str) -> None:
    slow_inputs = Ports(Port(8, 1024), Port(8, 8), Port(16, 1024))
    waits = dense_stalls(dataflow, Gemm(32, 32, 8), ArrayShape(4, 4), 1, True, slow_inputs)
    assert waits.spikes == waits.total > 0
