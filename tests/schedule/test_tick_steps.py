"""Do the steps of a tick-batched layer move exactly the bytes that its schedule counts?"""

from __future__ import annotations

import dataclasses
import math
from fractions import Fraction

import numpy as np
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

from lifsim.hardware.pipeline.kinds import Kind
from lifsim.model.arch import Arch
from lifsim.model.network import Layer, Tensor
from lifsim.schedule.tensors.moves import shares
from tests.schedule import build
from tests.schedule.on_arch import traffic_on, visit_on
from tests.schedule.test_tick import archs, layers


@settings(max_examples=150, deadline=None)
@given(layers(), archs(), st.integers(1, 3), st.booleans())
def test_bytes_of_the_steps_are_the_bytes_of_the_schedule(layer: Layer, arch: Arch, batch: int, adds: bool) -> None:
    if adds:
        other = Tensor("other", layer.outputs[0].shape, layer.timesteps, 1)
        layer = dataclasses.replace(layer, residuals=(other,))
    network = build.network_of(layer)
    traffic = traffic_on(network, layer, arch, batch)
    visit = visit_on(network, layer, arch, batch, traffic)
    moved = {kind: visit.moves.total(kind) for kind in Kind}
    assert moved == {
        Kind.WEIGHTS: traffic.dram.weights,
        Kind.SPIKES_IN: traffic.dram.spikes_in,
        Kind.MEMBRANE_READ: 0,
        Kind.RESIDUAL: traffic.dram.residual,
        Kind.PSUM_READ: traffic.dram.psum_read,
        Kind.PSUM_WRITE: traffic.dram.psum_write,
        Kind.SPIKES_OUT: traffic.dram.spikes_out,
        Kind.MEMBRANE_WRITE: 0,
    }
    assert visit.outputs.sum() == batch * layer.pixels * layer.filters
    assert (visit.moves.bytes > 0).all()


@settings(max_examples=100, deadline=None)
@given(layers(), archs())
def test_every_address_of_the_weights_and_outputs_is_touched(layer: Layer, arch: Arch) -> None:
    network = build.network_of(layer)
    traffic = traffic_on(network, layer, arch, 2)
    moves = visit_on(network, layer, arch, 2, traffic).moves
    for kind, size in ((Kind.WEIGHTS, traffic.dram.weights), (Kind.SPIKES_OUT, traffic.dram.spikes_out)):
        touched = np.zeros(size, np.int64)
        for move in np.flatnonzero(moves.kind == kind):
            for extent in range(moves.extents[move]):
                begin = moves.offset[move] + extent * moves.pitch[move]
                touched[begin : begin + moves.extent_bytes[move]] += 1
        if kind == Kind.SPIKES_OUT:
            assert (touched == 1).all()
        else:
            stored = layer.filters * -(-layer.reduction * arch.precision.weight_bits // 8)
            assert (touched[:stored] > 0).all()
            assert touched.sum() == size


@settings(max_examples=60, deadline=None)
@given(layers(), archs(), st.integers(1, 2))
def test_input_is_read_where_it_lies(layer: Layer, arch: Arch, batch: int) -> None:
    """Image by image, each from its first row on. Left out: groups, whose rows are rounded each by itself."""
    assume(layer.groups == 1 and layer.kind == "conv")
    network = build.network_of(layer)
    visit = visit_on(network, layer, arch, batch, traffic_on(network, layer, arch, batch))
    along = 2 if layer.in_shape[1] == 1 else 1
    row_bits = layer.in_shape[0] * layer.in_shape[3 - along] * layer.rounds * layer.input.bits(network.input_bits)
    image_bytes = layer.in_shape[along] * -(-row_bits // 8)
    moves = visit.moves
    mine = np.flatnonzero(moves.kind == Kind.SPIKES_IN)
    begin = moves.offset[mine]
    end = begin + (moves.extents[mine] - 1) * moves.pitch[mine] + moves.extent_bytes[mine]
    assert begin.min() == 0
    assert set(range(0, batch * image_bytes, image_bytes)) <= set(begin.tolist())
    assert end.max() <= batch * image_bytes
    assert (begin // image_bytes == (end - 1) // image_bytes).all()


@given(st.integers(0, 10**12), st.lists(st.integers(0, 10**9), min_size=1, max_size=20).filter(any))
def test_shares_are_whole_and_add_up(total: int, weights: list[int]) -> None:
    parts = shares(total, np.array(weights))
    assert parts.sum() == total
    assert all(abs(part - total * weight / sum(weights)) <= 1 for part, weight in zip(parts, weights, strict=True))


@settings(deadline=None)
@given(st.integers(0, 10**12), st.lists(st.integers(0, 10**9), min_size=1, max_size=20).filter(any))
@example(10**12 + 7, [10**9 - 1, 3, 10**9])  # their products have more than 63 bits
@example((1 << 62) - 1, [1])
@example((1 << 61) + 1, [1, 1])
def test_the_first_shares_together_are_rounded_down(total: int, weights: list[int]) -> None:
    parts = shares(total, np.array(weights)).tolist()
    for count in range(1, len(weights) + 1):
        assert sum(parts[:count]) == math.floor(Fraction(total * sum(weights[:count]), sum(weights)))


def test_nothing_is_dealt_where_nobody_has_a_share() -> None:
    assert shares(5, np.array([0, 0])).tolist() == [0, 0]
