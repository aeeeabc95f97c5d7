"""Waves: which rows of which layer at which timestep, against row-by-row walks and the formulas of the design."""

from __future__ import annotations

from math import ceil

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lifsim.model.network import Network
from lifsim.model.sharing import Sharing
from lifsim.schedule.waves.bands.bands import Banded, Sweep
from lifsim.schedule.waves.fused_rows import GroupRows
from lifsim.schedule.waves.waves import Skewed, Waves
from tests.schedule import build
from tests.schedule.networks import network, networks
from tests.schedule.on_arch import facts_on

QUIET = settings(deadline=None)


@pytest.mark.parametrize("timesteps", [1, 2, 5])
@pytest.mark.parametrize(("rows", "half", "layers"), [(1, 0, 2), (7, 1, 2), (16, 1, 3), (16, 2, 2)])
@pytest.mark.parametrize("height", [1, 2, 5])
def test_skewed_waves_compute_every_row_behind_all_that_it_needs(
    timesteps: int, rows: int, half: int, layers: int, height: int
) -> None:
    """Spikes of the layer before at the same timestep; the state of the last layer at the timestep before."""
    waves = Skewed(4, height, rows, tuple(half * layer for layer in range(layers)))
    done = set[tuple[int, int, int]]()
    live, most = set[int](), 0
    for wave in range(waves.count(timesteps)):
        for layer in range(layers):
            for t in range(timesteps):
                for row in waves.rows(4 + layer, wave, t):
                    if layer:
                        under = range(max(0, row - half), min(rows, row + half + 1))
                        assert all((t, layer - 1, one) in done for one in under)
                    elif t:
                        assert (t - 1, layers - 1, row) in done
                    assert (t, layer, row) not in done
                    done.add((t, layer, row))
                    live.add(row)
                    most = max(most, len(live))
                    if (t, layer) == (timesteps - 1, layers - 1):
                        live.discard(row)
    assert len(done) == timesteps * layers * rows
    assert most <= waves.state_rows(timesteps)
    between = half * (layers - 1)
    assert waves.count(timesteps) == ceil((rows + (timesteps - 1) * (height + between) + between) / height)
    assert waves.skewed


@settings(QUIET, max_examples=200)
@given(
    st.sampled_from([Skewed, Sweep]), st.integers(1, 9), st.integers(1, 12), st.lists(st.integers(0, 3), max_size=3),
    st.integers(1, 7),
)  # fmt: skip
def test_waves_with_work_and_single_timesteps_are_found_without_the_others(
    kind: type[Skewed], height: int, rows: int, between: list[int], timesteps: int
) -> None:
    lags = tuple(sum(between[:layer]) for layer in range(len(between) + 1))
    waves = kind(4, height, rows, lags)
    for layer in range(4, 4 + len(lags)):
        assert waves.visits(layer, timesteps) == Waves.visits(waves, layer, timesteps)
        for one in (waves, Banded(4, height, rows, lags, Sweep(4, 2, 5, lags))):
            for found, expected in zip(
                one.line(layer, timesteps - 1), Waves.line(one, layer, timesteps - 1), strict=True
            ):
                assert np.array_equal(found, expected) if found is not None else expected is None


@settings(QUIET, max_examples=80)
@given(networks(), st.data())
def test_fused_waves_do_what_later_layers_need_and_no_more(network: Network, data: st.DataObject) -> None:
    """Row by row: what a row of a later layer reads is there; in all waves but the last a layer that the group reads
    has no row that nothing has asked for yet."""
    arch = build.arch()
    facts = facts_on(network, Sharing(), arch)
    first = data.draw(st.integers(0, len(network.layers) - 1), "first")
    group = GroupRows(facts, first, data.draw(st.integers(first, len(network.layers) - 1), "last"))
    height = data.draw(st.sampled_from(group.side_by_side.heights), "height")
    waves = group.waves(height)
    assert not waves.skewed
    assert waves.count(3) == ceil(group.rows(group.last) / height)
    _all_rows_once(group, waves)
    done = dict.fromkeys(group.members, 0)
    for wave in range(waves.count(1)):
        for layer in group.members:
            done[layer] = waves.rows(layer, wave, 0).stop
            for need in group.needs:
                if need.layer == layer:
                    there = _complete(group, need.of, need.read.node, done[need.of])
                    for row in range(_complete(group, layer, need.reader, done[layer])):
                        assert set(_under(group, need, row)) <= set(range(there))
        if wave < waves.count(1) - 1:
            for layer in group.members[:-1]:
                asked = [need for need in group.needs if need.of == layer]
                if asked and done[layer]:
                    fewer = done[layer] - 1
                    assert any(
                        one >= _complete(group, layer, need.read.node, fewer)
                        for need in asked
                        for row in range(_complete(group, need.layer, need.reader, done[need.layer]))
                        for one in _under(group, need, row)
                    )


def _all_rows_once(group: GroupRows, waves: Waves) -> None:
    for layer in group.members:
        walked = [row for wave in range(waves.count(2)) for row in waves.rows(layer, wave, 1)]
        assert walked == list(range(group.rows(layer)))
        assert waves.visits(layer, 2) == sum(bool(waves.rows(layer, wave, 0)) for wave in range(waves.count(2)))


def _under(group: GroupRows, need: object, row: int) -> range:
    there = need.rows
    if need.read.whole:
        return range(there)
    top = row * need.read.stride
    return range(max(0, top - need.read.above), max(0, min(there, top + need.read.below + 1)))


def _complete(group: GroupRows, layer: int, node: str, done: int) -> int:
    """Rows of a node that are there, by walking its windows."""
    steps = group.facts.steps[layer]
    there = {steps[0].name: done if steps[0].tensor.shape[1:] else int(done == group.rows(layer))}
    for step in steps[1:]:
        own = [read for read in step.reads if read.node in there]
        shape = step.tensor.shape
        count = 1 if len(shape) == 1 else shape[2] if shape[1] == 1 else shape[1]
        sizes = {one.name: _rows(one.tensor.shape) for one in steps}
        full = 0
        for row in range(count):
            if all(_end(read, row, sizes[read.node]) <= there[read.node] for read in own):
                full = row + 1
            else:
                break
        there[step.name] = full
    return there[node]


def _rows(shape: tuple[int, ...]) -> int:
    return 1 if len(shape) == 1 else shape[2] if shape[1] == 1 else shape[1]


def _end(read: object, row: int, rows: int) -> int:
    return rows if read.whole else max(0, min(rows, row * read.stride + read.below + 1))


def test_the_only_pixel_of_a_map_asks_for_the_rows_under_its_window() -> None:
    """However the map that it is on lies: a convolution of stride 2 makes one pixel of the first of two rows."""
    convolution = {"op": "conv", "out": 2, "kernel": 1}
    found = network(
        [
            {"name": "conv0", **convolution, "kernel": 3, "padding": 1, "stride": 2},
            {"name": "lif0", "op": "lif"},
            {"name": "conv1", **convolution, "stride": 2},
            {"name": "conv2", **convolution, "input": "lif0"},
        ],
        (2, 3, 2),
        2,
    )
    group = GroupRows(facts_on(found, Sharing(), build.arch()), 0, 2)
    waves = group.waves(1)
    assert [waves.rows(layer, 0, 0) for layer in range(3)] == [range(1), range(1), range(1)]
    assert [waves.rows(layer, 1, 0) for layer in range(3)] == [range(1, 2), range(1, 1), range(1, 2)]


@pytest.mark.parametrize("timesteps", [1, 4])
def test_a_wave_of_the_whole_map_is_every_layer_once(timesteps: int) -> None:
    network = build.network_of(build.conv_layer((2, 8, 8), 4, timesteps=timesteps))
    facts = facts_on(network, Sharing(), build.arch())
    group = GroupRows(facts, 0, 0)
    waves = group.waves(group.side_by_side.heights[0])
    assert waves.count(timesteps) == 1
    assert waves.rows(0, 0, timesteps - 1) == range(8)
