"""Are inferred shapes, steps and levels what a convolution or pooling counted window by window gives?"""

from __future__ import annotations

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lifsim.model.fitting import slide
from tests.oracles.windows import convolution_counts, positions
from tests.workload.building import faults_of, network

pairs = st.tuples(st.integers(1, 4), st.integers(1, 4))


@st.composite
def convolutions(draw: st.DrawFn) -> dict[str, object]:
    groups = draw(st.integers(1, 3))
    return {
        "shape": (groups * draw(st.integers(1, 3)), draw(st.integers(1, 9)), draw(st.integers(1, 9))),
        "out": groups * draw(st.integers(1, 3)),
        "kernel": draw(pairs),
        "stride": draw(pairs),
        "padding": draw(st.tuples(st.integers(0, 3), st.integers(0, 3))),
        "groups": groups,
    }


@settings(max_examples=60, deadline=None)
@given(convolutions())
def test_convolution_equals_windows_counted_one_by_one(conv):
    expected, macs, weights = convolution_counts(**conv)
    keys = {key: list(value) if isinstance(value, tuple) else value for key, value in conv.items() if key != "shape"}
    text = f"- {json.dumps({'name': 'conv', 'op': 'conv', **keys})}"
    shape = json.dumps(list(conv["shape"]))
    if 0 in expected:
        faults = faults_of(f"name: t\ntimesteps: 1\ninput: {{shape: {shape}}}\nlayers:\n{text}\n")
        assert len(faults) == 1
        assert "must fit into the padded map" in faults[0]
        return
    layer = network(text, shape=shape).layers[0]
    assert (layer.out_shape, layer.macs_per_round, layer.weights) == (expected, macs, weights)


@settings(max_examples=40, deadline=None)
@given(st.integers(1, 12), st.integers(1, 4), st.integers(1, 4), st.sampled_from(["max_pool", "avg_pool"]))
def test_pooling_drops_what_fills_no_window(size, kernel, stride, op):
    rows = positions(size, kernel, stride, 0)
    if not rows:
        return
    layers = f"""
        - {{name: conv, op: conv, out: 2, kernel: 1}}
        - {{name: lif, op: lif}}
        - {{name: pool, op: {op}, kernel: {kernel}, stride: {stride}}}
        - {{name: fc, op: linear, out: 3}}"""
    pool = network(layers, shape=f"[1, {size}, {size}]").node("pool").output
    assert pool.shape == (2, len(rows), len(rows))
    assert pool.levels == (1 if op == "max_pool" else kernel * kernel)


def test_same_padding_keeps_the_map_at_stride_one_and_halves_it_upwards_at_two():
    layers = """
        - {name: keeps, op: conv, out: 2, kernel: [5, 3], padding: same}
        - {name: halves, op: conv, out: 2, kernel: 3, stride: 2, padding: same}"""
    layer_keeps, layer_halves = network(layers, shape="[1, 7, 9]").layers
    assert layer_keeps.out_shape == (2, 7, 9)
    assert layer_halves.out_shape == (2, 4, 5)


def test_depthwise_keeps_the_channels_and_has_one_filter_each():
    layer = network("- {name: dw, op: conv, depthwise: true, kernel: 3, padding: 1}", shape="[6, 4, 4]").layers[0]
    assert (layer.groups, layer.out_shape, layer.weights) == (6, (6, 4, 4), 6 * 9)
    assert (layer.reduction, layer.group_filters) == (9, 1)


def test_direct_input_is_computed_once_until_the_first_lif():
    layers = """
        - {name: conv1, op: conv, out: 2, kernel: 1}
        - {name: conv2, op: conv, out: 2, kernel: 1}
        - {name: lif, op: lif}
        - {name: conv3, op: conv, out: 2, kernel: 1}
        - {name: mean, op: time_mean}
        - {name: fc, op: linear, out: 3}"""
    net = network(layers, timesteps=5)
    assert [layer.rounds for layer in net.layers] == [1, 1, 5, 1]
    assert [layer.multibit_input for layer in net.layers] == [True, True, False, True]
    assert net.node("lif").output.timesteps == 5


def test_event_input_is_spikes_at_every_timestep():
    net = network("- {name: conv1, op: conv, out: 2, kernel: 1}", encoding="event", timesteps=3)
    assert (net.layers[0].rounds, net.layers[0].multibit_input) == (3, False)


def test_levels_of_sums_and_averages_multiply_out():
    layers = """
        - {name: conv1, op: conv, out: 2, kernel: 1}
        - {name: lif1, op: lif}
        - {name: conv2, op: conv, out: 2, kernel: 1}
        - {name: lif2, op: lif}
        - {name: sum, op: add, inputs: [lif1, lif2]}
        - {name: average, op: avg_pool, output: [2, 4]}
        - {name: fc, op: linear, out: 3}"""
    net = network(layers)
    assert net.node("sum").output.levels == 2
    average = net.node("average").output
    assert (average.shape, average.levels, average.bits(8)) == ((2, 2, 4), 2 * 4 * 2, 5)


def test_in_shape_starts_a_chain_that_reads_spikes():
    layers = """
        - {name: a, op: conv, out: 2, kernel: 1}
        - {name: b, op: conv, out: 4, kernel: 3, in_shape: [7, 5, 5]}
        - {name: c, op: linear, out: 4, in_shape: [9]}"""
    a, b, c = network(layers, timesteps=3).layers
    assert (a.rounds, b.rounds, c.rounds) == (1, 3, 3)
    assert (b.in_shape, b.out_shape, b.multibit_input) == ((7, 5, 5), (4, 3, 3), False)
    assert [layer.outputs[0].name for layer in (a, b, c)] == ["a", "b", "c"]


@pytest.mark.parametrize(("kernel", "size"), [(127, 2048), (127, 4095), (4095, 4095)])
def test_the_largest_kernels_slide_over_the_largest_maps(kernel: int, size: int) -> None:
    padding = (kernel // 2, kernel // 2)
    assert slide((size, size), (kernel, kernel), (1, 1), padding) == (size, size)
