"""Strips of all heights: what they are known to move without a look at any wave, and that no height moves less than the
one that is taken."""

from __future__ import annotations

from collections.abc import Iterator
from math import inf

import numpy as np
import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from lifsim.model.network import Network
from lifsim.model.sharing import Sharing
from lifsim.schedule.plan import Begin, GroupPlan, ScheduleOptions
from lifsim.schedule.tensors.rows import RowAxis, single_windows
from lifsim.schedule.waves.bands.group import BandGroup
from lifsim.schedule.waves.fused import FusedGroup
from lifsim.schedule.waves.group import WaveGroup
from lifsim.schedule.waves.heights import Heights
from lifsim.schedule.waves.plan import cheapest
from lifsim.schedule.waves.skewed import SkewedGroup
from lifsim.schedule.waves.waves import Waves
from lifsim.schedule.window import FUSED
from tests.oracles.strip_heights import Strips, handed_over, waiting
from tests.schedule import bands, build
from tests.schedule.networks import Op, network
from tests.schedule.on_arch import plan_on
from tests.schedule.wave_cases import Case, cases

QUIET = settings(deadline=None, suppress_health_check=list(HealthCheck))


@st.composite
def axes(draw: st.DrawFn) -> RowAxis:
    rows, stride = draw(st.integers(1, 14)), draw(st.sampled_from([1, 1, 2, 3]))
    kernel = draw(st.sampled_from([1, 2, 3, 5]))
    return RowAxis(max(1, rows * stride - draw(st.integers(0, 1))), rows, kernel, stride, kernel // 2)


@settings(QUIET, max_examples=150)
@given(axes(), st.lists(st.integers(0, 3), max_size=3), st.integers(1, 5), st.booleans(), st.integers(0, 5))
def test_heights_side_by_side_visit_and_read_what_each_does(
    axis: RowAxis, kernels: list[int], timesteps: int, columns: bool, more: int
) -> None:
    """Higher than the map, too, and as bands of columns, of which a timestep lies no further behind."""
    lags = tuple(np.cumsum([0, *kernels]).tolist())
    heights = np.arange(1, axis.rows_out + 1 + more)
    skews = np.full_like(heights, lags[-1]) if columns else heights + lags[-1]
    first, past = single_windows(axis)
    windows = [set(range(*one)) for one in zip(first.tolist(), past.tolist(), strict=True)]
    assume(all(windows))
    side = Heights(heights, skews, axis.rows_out, lags)
    for place, lag in enumerate(lags):
        pairs = zip(heights.tolist(), skews.tolist(), strict=True)
        each = [Strips(height, skew, lag, axis.rows_out, timesteps) for height, skew in pairs]
        assert side.visits(place, timesteps).tolist() == [one.visits() for one in each]
        if axis.stride <= axis.kernel:
            needed, shared = (found.tolist() for found in side.rows_read(place, timesteps, axis))
            assert needed == [one.read(windows)[0] for one in each]
            assert columns or shared == [one.read(windows)[1] for one in each]
    if columns:
        calls = [timestep * lags[-1] + lag for timestep in range(timesteps) for lag in lags]
        found = [handed_over(width, axis.rows_out, calls) for width in heights.tolist()]
        assert side.handed_over(timesteps).tolist() == found
        lag = timesteps * lags[-1]
        assert side.waits(timesteps).tolist() == [waiting(width, axis.rows_out, lag) for width in heights.tolist()]


def highest(group: SkewedGroup) -> int:
    """Of which each timestep of a window has a wave of its own: the last call of each lies no further behind."""
    return group.relay.rows + max(group.windows) * group.relay.lags[-1]


def every(group: WaveGroup) -> Iterator[Waves]:
    """All heights from one row on, and all widths; which of them have room is for their cost to say."""
    if isinstance(group, FusedGroup):
        yield from map(group.rows.waves, range(1, group.rows.rows(group.rows.last) + 1))
    elif isinstance(group, BandGroup):
        for height in range(1, highest(group) + 1):
            for width in range(1, group.columns):
                whole = group.chunks.images * group.state.bytes <= group.buffers.membrane
                kept = [rows for rows in range(group.relay.rows + 1)
                        if whole or group.on_chip(group.banded(height, width, rows), group.chunks.images)
                        <= group.buffers.membrane]  # fmt: skip
                if group.at_work(group.banded(height, width), group.chunks.images) <= group.buffers.membrane:
                    yield group.banded(height, width, kept[-1])
    elif isinstance(group, SkewedGroup):
        for height in range(1, highest(group) + 1):
            waves = group.waves(height)
            if group.at_work(waves, group.chunks.images) <= group.buffers.membrane:
                yield waves


def moves_the_least(group: WaveGroup) -> None:
    """Nothing is forgotten, no floor is too high, and what is taken moves the fewest bytes."""
    known = dict[Waves, int]()
    for waves in every(group):
        cost = group.cost(waves, inf)
        if cost is not None:
            known[waves] = cost.total
    floored = [one for lowest in (True, False) for one in group.floored(inf, lowest=lowest)] + group.higher(inf)
    assert len({waves for _, waves in floored}) == len(floored)
    offered = {waves for _, waves in floored}
    if isinstance(group, SkewedGroup):  # of those higher than the map perhaps the highest alone, for each width
        best = {waves.width: total for waves, total in known.items() if waves.height == highest(group)}
        offered |= {waves for waves, total in known.items()
                    if waves.height > group.relay.rows and total >= best.get(waves.width, inf)}  # fmt: skip
    assert set(known) <= offered
    assert all(floor <= known.get(waves, inf) for floor, waves in floored)
    assert group.least_waiting == min(group.waiting(waves, every_row=False) for waves in every(group))
    best = cheapest([group], inf)
    assert best is not None
    assert best[1].total == min(known.values())


@pytest.mark.parametrize("kind", ["skewed", "fused", "grouped"])
@settings(QUIET, max_examples=40)
@given(data=st.data())
def test_no_height_moves_less(kind: str, data: st.DataObject) -> None:
    case = data.draw(cases(kind, ("os", "ws", "is")))
    assume(case is not None)
    moves_the_least(case.group.waves_walked.group)


@settings(QUIET, max_examples=25)
@given(bands.cases(("os", "ws", "is")))
def test_no_height_and_width_move_less(case: bands.Case | None) -> None:
    assume(case is not None)
    moves_the_least(case.cost)


@settings(QUIET, max_examples=15)
@given(cases("skewed", ("os", "ws", "is")), st.integers(1, 9))
def test_strips_still_higher_are_the_same(case: Case | None, more: int) -> None:
    assume(case is not None)
    group = case.group.waves_walked.group
    waves = [group.waves(highest(group) + above) for above in (0, more)]
    found = [group.cost(one, inf) for one in waves if group.at_work(one, group.chunks.images) <= group.buffers.membrane]
    assert len({None if cost is None else cost.total for cost in found}) <= 1
    for timesteps in group.windows:
        for layer in range(group.rows.first, group.rows.last + 1):
            assert waves[0].visits(layer, timesteps) == waves[1].visits(layer, timesteps) == timesteps


def tall(channels: int, timesteps: int, rows: int = 12) -> Network:
    """Three layers of 12 rows and one column, with kernels of 5 rows."""
    ops = list[Op]()
    for number in range(3):
        ops += [{"name": f"conv{number}", "op": "conv", "out": channels, "kernel": [5, 1], "padding": [2, 0]},
                {"name": f"lif{number}", "op": "lif"}]  # fmt: skip
    return network(ops, (channels, rows, 1), timesteps)


def test_higher_strips_fetch_weights_less_often() -> None:
    """Skewed strips of 10 rows have six waves, in all of which each layer has work; of 12 rows as many, of which the
    first layer has work in five; of 28 rows, the map's and four times the last lag, one for each timestep."""
    net, arch = tall(2, 4), build.arch(weight=1, spike_in=build.ENDLESS)
    (group,) = plan_on(net, Sharing.parse("layer"), arch, ScheduleOptions("skewed")).groups
    assert group.in_waves.height == 28
    moved = []
    for height, visits in ((10, [6, 6, 6]), (12, [5, 6, 6]), (27, [4, 4, 5]), (28, [4, 4, 4])):
        waves = _skewed(group).waves(height)
        assert [waves.visits(index, 4) for index in group.indices] == visits
        cost = _skewed(group).cost(waves, inf)
        assert cost is not None
        moved.append(cost.total)
    assert moved == sorted(set(moved), reverse=True)
    assert moved[-1] == group.dram.total


def _skewed(group: GroupPlan) -> SkewedGroup:
    found = group.waves_walked.group
    assert isinstance(found, SkewedGroup)
    return found


def fused(spike_out: int) -> GroupPlan:
    options = ScheduleOptions("tick", groups=(Begin(0, FUSED),))
    arch = build.arch(weight=100, spike_in=1000, spike_out=spike_out)
    (group,) = plan_on(tall(8, 2), Sharing(), arch, options).groups
    return group


def test_higher_fused_strips_end_earlier_layers_a_wave_sooner() -> None:
    """Of five rows, three waves, of which the first two layers work in two; six rows, two waves, have no room."""
    group = fused(35)
    assert group.in_waves.height == 5
    assert [group.in_waves.visits(index, 2) for index in group.indices] == [2, 2, 3]
    assert group.dram.total == 5768


def test_more_room_for_spikes_never_moves_more() -> None:
    """Byte by byte, where higher strips come in."""
    moved = [fused(spike_out).dram.total for spike_out in range(20, 60)]
    assert moved == sorted(moved, reverse=True)
    assert len(set(moved)) > 5


def test_of_an_image_that_timesteps_share_bands_read_a_part_once() -> None:
    """An image that is computed anew at every timestep, in bands of all heights and widths."""
    net = bands.two_layers((3, 6, 6), {"kernel": 3, "padding": 1}, "direct")
    moves_the_least(next(bands.by_hand(net, build.arch(membrane=200, spike_in=build.ENDLESS))).cost)
