"""Is the division of the weight buffer the best of all?"""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lifsim.model.sharing import Sharing
from lifsim.schedule.facts import LayerFacts
from lifsim.schedule.plan import ScheduleOptions
from lifsim.schedule.weights.demand import WeightDemand
from lifsim.schedule.weights.residency import _best_region, _ends, best_weights
from lifsim.schedule.weights.stretch import Stretch
from tests.oracles.weight_region import Weights, fewest_bytes
from tests.schedule import build
from tests.schedule.networks import Op, network
from tests.schedule.on_arch import facts_on, plan_on


def layer_facts(channels: Sequence[int], cols: int) -> tuple[LayerFacts, ...]:
    """Convolutions of one pixel kernels: a filter has as many bytes as there are channels before it."""
    layers = [
        each
        for number, out in enumerate(channels[1:])
        for each in ({"name": f"c{number}", "op": "conv", "out": out, "kernel": 1}, {"name": f"l{number}", "op": "lif"})
    ]
    return facts_on(network(layers, (channels[0], 2, 2), 2), Sharing(), build.arch(cols=cols)).layers


@st.composite
def demands(draw: st.DrawFn) -> WeightDemand:
    channels = draw(st.lists(st.integers(1, 4), min_size=2, max_size=3))
    layers = layer_facts(channels, draw(st.integers(1, 2)))
    visits = tuple(draw(st.integers(1, 4)) for _ in layers)
    rows = tuple(times * draw(st.integers(1, 4)) for times in visits)
    reads = tuple(
        tuple(sorted((draw(st.integers(0, 30)) for _ in range(1 + len(layer.tile_bytes))), reverse=True))
        for layer in layers
    )
    buffer = draw(st.integers(0, sum(layer.weight_bytes for layer in layers) + 2))
    return WeightDemand(layers, visits, rows, (0,) * len(layers), (1,) * len(layers), reads, buffer)


def as_oracle(demand: WeightDemand) -> list[Weights]:
    columns = zip(
        demand.layers, demand.visits, demand.row_visits, demand.asked, demand.absent, demand.strips, strict=True
    )
    return [
        Weights(
            groups=facts.layer.groups,
            filters=facts.layer.group_filters,
            filter_bytes=facts.filter_bytes,
            tile_filters=tuple(facts.tile_filters.tolist()),
            visits=visits,
            row_visits=rows,
            reads=reads,
            passing=absent,
            rows=facts.rows.axis.rows_out,
            strips=strips,
        )
        for facts, visits, rows, reads, absent, strips in columns
    ]


@settings(max_examples=150, deadline=None)
@given(demands())
def test_no_region_no_tiles_and_no_pinned_bytes_move_fewer(demand: WeightDemand) -> None:
    found = best_weights(demand)
    assert found.moved == fewest_bytes(as_oracle(demand), demand.buffer)
    assert found.region + int(found.pinned.sum()) <= demand.buffer
    for reads, tile, alike in zip(demand.reads, found.tile, found.alike, strict=True):
        as_little = [number for number in range(1, max(tile, 1) + 1) if reads[number] == reads[max(tile, 1)]]
        assert as_little == list(range(max(tile, 1) - alike + 1, max(tile, 1) + 1))


@settings(max_examples=60, deadline=None)
@given(demands(), st.data())
def test_second_operands_pass_the_region_and_are_never_pinned(demand: WeightDemand, data: st.DataObject) -> None:
    spiking: Op = {"op": "conv", "out": 4, "kernel": 1, "input": "input"}
    layers: list[Op] = [spiking | {"name": "q"}, {"name": "lq", "op": "lif"}]
    layers += [spiking | {"name": "k"}, {"name": "lk", "op": "lif"}]
    layers.append({"name": "map", "op": "matmul", "inputs": ["lq", "lk"], "heads": 2, "transpose_second": True})
    net = network(layers, (2, 3, 2), 2, "rate")
    product = facts_on(net, Sharing(), build.arch(cols=2)).layers[-1]
    assert product.operand_bytes
    times = data.draw(st.integers(0, 20))
    both = WeightDemand(
        layers=(*demand.layers, product),
        visits=(*demand.visits, 1),
        row_visits=(*demand.row_visits, 1),
        absent=(*demand.absent, data.draw(st.integers(1, 3))),
        strips=(*demand.strips, data.draw(st.integers(1, 2))),
        asked=(*demand.asked, tuple(times * left for left in range(len(product.tile_bytes), -1, -1))),
        buffer=demand.buffer,
    )
    assert best_weights(both).moved == fewest_bytes(as_oracle(both), both.buffer)


@settings(max_examples=60, deadline=None)
@given(demands(), st.data())
def test_between_two_ends_the_bends_have_what_trying_every_region_has(
    demand: WeightDemand, data: st.DataObject
) -> None:
    """Of equal bytes the largest region, whatever tiles have to fit."""
    ends = _ends(demand)
    place = data.draw(st.integers(0, ends.size - 2))
    fits = tuple(data.draw(st.integers(0, len(layer.tile_bytes))) for layer in demand.layers)
    low, high = int(ends[place]), int(ends[place + 1])
    tried, found = _best_region(demand, fits, low, high), Stretch(demand, low, high).best(fits)
    assert (tried is None) == (found is None)
    if tried is not None and found is not None:
        assert (found.region, found.moved) == (tried.region, tried.moved)
        assert (found.pinned.tolist(), found.tile.tolist()) == (tried.pinned.tolist(), tried.tile.tolist())


@pytest.mark.parametrize(("buffer", "weights"), [(800, 3264), (1000, 2064), (1100, 1464)])
def test_a_partly_pinned_tile_needs_room_for_the_rest_only(buffer: int, weights: int) -> None:
    """Two layers of 8 filters of 72 bytes, 1,152 in all, 4 timesteps: what is not pinned comes 4 times. Of one tile a
    layer 352 (152, 52) bytes are left, and as many are the region."""
    layers = [
        each
        for number in (0, 1)
        for each in (
            {"name": f"c{number}", "op": "conv", "out": 8, "kernel": 3, "padding": 1},
            {"name": f"l{number}", "op": "lif"},
        )
    ]
    net = network(layers, (8, 8, 8), 4)
    (group,) = plan_on(net, Sharing(), build.arch(cols=8, weight=buffer), ScheduleOptions("timestep")).groups
    assert group.dram.weights == weights == 1152 + 3 * (1152 - buffer + group.residency.weight_region)
    assert group.residency.weight_region == 1152 - buffer
