"""Is the best of all sizes of chunks found without a look at most of them, and are floors what none goes below?"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from itertools import combinations
from unittest.mock import patch

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lifsim.errors import Fault, InputError
from lifsim.graph.states import states_of
from lifsim.memo import Memo
from lifsim.model.arch import Arch
from lifsim.model.network import Network
from lifsim.model.sharing import Sharing
from lifsim.schedule.chip import Chip
from lifsim.schedule.choices import Choices, choices_of
from lifsim.schedule.chunks import ChunkSizes, chunk_sizes, first_of_fewest
from lifsim.schedule.plan import GroupPlan, ScheduleOptions
from lifsim.schedule.tick import plan as tick
from lifsim.schedule.tick.chunk_floors import InChunks
from lifsim.schedule.timestep.floors import chunk_floors, timestep_floors
from lifsim.schedule.timestep.group import Chunks
from lifsim.schedule.timestep.plan import plan_group
from lifsim.schedule.waves.plan import wave_groups
from lifsim.schedule.window import TIMESTEP, Visits, Window
from tests.schedule import build
from tests.schedule.networks import networks, relay_networks
from tests.schedule.on_arch import plan_on
from tests.schedule.test_partition import NAMES
from tests.schedule.test_timestep import QUIET, archs

BATCHES = st.integers(1, 14)


def choices(net: Network, sharing: Sharing, arch: Arch, batch: int, chunk: int | None = None) -> Choices:
    return choices_of(net, states_of(net, sharing), Chip.of(arch), batch, chunk, Memo(), None)


def spans(net: Network, of: Choices) -> list[tuple[int, int]]:
    return [(first, end) for first, end in combinations(of.cuts, 2) if end <= len(net.layers)]


@pytest.mark.parametrize("batch", [*range(1, 200), 4096, 4097, 65_535])
def test_there_is_a_size_for_each_number_of_chunks(batch: int) -> None:
    assert chunk_sizes(batch, None) == sorted({-(-batch // number) for number in range(1, batch + 1)}, reverse=True)


def test_so_many_images_that_none_could_count_them_have_their_sizes() -> None:
    """About twice the root of the batch, each the smallest of its number of chunks."""
    sizes = np.array(chunk_sizes(10**9, None))
    assert 62_000 < sizes.size < 64_000
    count = -(-(10**9) // sizes)
    assert (-(-(10**9) // count) == sizes).all()
    assert (np.diff(count) > 0).all()


@given(st.lists(st.tuples(st.integers(0, 6), st.integers(0, 4)), min_size=1), st.booleans())
def test_of_equals_the_first_one_is_found(each: list[tuple[int, int]], tells_none: bool) -> None:
    """For costs any distance above their floors, and whether or not a candidate reports that it is not below a
    limit."""
    floors, moved = np.array([floor for floor, _ in each]), [floor + more for floor, more in each]

    def look(place: int, limit: float) -> tuple[int, int] | None:
        return None if tells_none and moved[place] >= limit else (moved[place], place)

    assert first_of_fewest(floors, look) == moved.index(min(moved))


@given(st.integers(1, 60), st.lists(st.integers(1, 60), min_size=1))
def test_a_sum_is_that_of_all_chunks(batch: int, sizes: list[int]) -> None:
    sizes = [min(size, batch) for size in sizes]
    chunks = ChunkSizes(batch, np.array(sizes))
    each = [sum(count * images**2 for images, count in Chunks(batch, size).sizes) for size in sizes]
    assert chunks.summed(lambda images: images**2).tolist() == each
    assert chunks.count.tolist() == [Chunks(batch, size).count for size in sizes]


@pytest.mark.slow
@settings(QUIET, max_examples=60)
@given(networks(), NAMES, archs(), BATCHES)
def test_layers_move_what_they_do_in_the_best_of_all_sizes(
    net: Network, sharing: Sharing, arch: Arch, batch: int
) -> None:
    """Each size planned by itself, as if it had been asked for; of equals the largest."""
    best, each = (
        choices(net, sharing, arch, batch),
        [choices(net, sharing, arch, batch, size) for size in chunk_sizes(batch, None)],
    )
    for first, end in spans(net, best):
        for size in [*range(1, net.timesteps)]:
            window = TIMESTEP if size == 1 else Window(size)
            if window == TIMESTEP or end - first == 1:
                with suppress(InputError):
                    found = [one.planned(first, end, window) for one in each]
                    least = min(found, key=lambda one: one.dram_bytes)
                    assert best.planned(first, end, window).group == least.group


@pytest.mark.slow
@settings(QUIET, max_examples=50)
@given(networks(), NAMES, archs(), BATCHES, st.sampled_from(["fused", "skewed"]), st.sampled_from([None, 2]))
def test_waves_are_those_of_the_best_of_all_sizes(
    net: Network, sharing: Sharing, arch: Arch, batch: int, kind: str, size: int | None
) -> None:
    """The best plan, and of equals the same one that evaluating all sizes finds."""
    quick, every = choices(net, sharing, arch, batch), choices(net, sharing, arch, batch)
    each = [choices(net, sharing, arch, batch, images) for images in chunk_sizes(batch, None)]
    for first, end in spans(net, quick):
        window = Window(size, "fused" if kind == "fused" else "skewed")
        with patch("lifsim.schedule.waves.plan.FEW", 0):
            found = _group(quick, first, end, window)
        with patch("lifsim.schedule.waves.plan.FEW", 1 << 40):
            assert found == _group(every, first, end, window)
        alone = [one for one in (_group(of, first, end, window) for of in each) if isinstance(one, GroupPlan)]
        if isinstance(found, GroupPlan):
            assert found.dram.total == min(one.dram.total for one in alone)
        else:
            assert not alone


def _group(of: Choices, first: int, end: int, window: Window) -> GroupPlan | str:
    try:
        return of.planned(first, end, window).group
    except InputError as error:
        return str(error)


@pytest.mark.slow
@settings(QUIET, max_examples=40)
@given(networks(), NAMES, archs(), BATCHES)
def test_a_plan_is_the_same_as_if_all_sizes_had_been_looked_at(
    net: Network, sharing: Sharing, arch: Arch, batch: int
) -> None:
    options = ScheduleOptions("auto", batch)
    with patch("lifsim.schedule.waves.plan.FEW", 0), patch("lifsim.schedule.chunks.FEW", 0):
        quick = plan_on(net, sharing, arch, options)
    with patch("lifsim.schedule.waves.plan.FEW", 1 << 40), patch("lifsim.schedule.chunks.FEW", 1 << 40):
        assert quick == plan_on(net, sharing, arch, options)


@pytest.mark.slow
@settings(QUIET, max_examples=60)
@given(networks(), NAMES, archs(), BATCHES)
def test_no_chunk_goes_below_its_floor(net: Network, sharing: Sharing, arch: Arch, batch: int) -> None:
    """No chunk moves less than its floor, found with other chunks or alone, in its span or in the whole network. Of the
    two floors either may be the higher: a network has more prices of a kept byte, a span only strips that fit."""
    of, chunks = choices(net, sharing, arch, batch), ChunkSizes.of(batch, None)
    facts, room = of.facts, of.chip.room
    whole = timestep_floors(facts, room, chunks)
    for first, end in spans(net, of):
        floors = chunk_floors(facts, room, first, end - 1, chunks)
        alone = [timestep_floors(facts, room, one)[first, end] for one in chunks.some(1)]
        assert whole[first, end] == min(alone)
        assert floors.tolist() == [chunk_floors(facts, room, first, end - 1, one)[0] for one in chunks.some(1)]
        for floor, one, images in zip(floors.tolist(), alone, chunks.images.tolist(), strict=True):
            assert max(floor, one) <= plan_group(facts, first, end - 1, room, batch, images).dram.total


@pytest.mark.slow
@settings(QUIET, max_examples=60)
@given(networks(), NAMES, archs(), BATCHES)
def test_the_floor_of_a_layer_in_windows_is_what_it_moves(
    net: Network, sharing: Sharing, arch: Arch, batch: int
) -> None:
    of, chunks = choices(net, sharing, arch, batch), ChunkSizes.of(batch, None)
    for index in range(len(net.layers)):
        for window in (Window(size) for size in range(2, net.timesteps)):
            layer, reals, room, _, ways, _ = of._tiled(index)
            state, begun = of._state_room(index), of.facts.begun_in(index, window.timesteps)
            floors = InChunks(layer, reals, room, ways, begun, window, state).floors(chunks)
            for floor, images in zip(floors.tolist(), chunks.images.tolist(), strict=True):
                visits = Visits.of(layer, window, Chunks(batch, images).sizes, state)
                moved = tick.traffic(layer, reals, room, batch, ways, begun, visits)
                assert floor == (0 if isinstance(moved, Fault) else moved.dram.total)


@pytest.mark.slow
@settings(QUIET, max_examples=60)
@given(
    relay_networks(st.just(2)), st.integers(2, 12), st.integers(1, 60), st.sampled_from([20, build.ENDLESS]), BATCHES
)
def test_no_chunk_goes_below_its_floor_in_strips(
    net: Network, high: int, spike_out: int, spike_in: int, batch: int
) -> None:
    arch = build.arch(2, 2, spike_in=spike_in, spike_out=spike_out, membrane=4 * high)
    of = choices(net, Sharing.parse("layer-where-possible"), arch, batch)
    chunks, room, span = ChunkSizes.of(batch, None), of.chip.room, (0, len(net.layers) - 1)
    floors = chunk_floors(of.facts, room, *span, chunks)
    for floor, images in zip(floors.tolist(), chunks.images.tolist(), strict=True):
        assert floor <= plan_group(of.facts, *span, room, batch, images).dram.total


@pytest.mark.slow
@settings(QUIET, max_examples=40)
@given(networks(), NAMES, archs(), BATCHES, st.sampled_from(["fused", "skewed"]))
def test_as_many_images_have_room_as_the_lowest_waves_leave(
    net: Network, sharing: Sharing, arch: Arch, batch: int, kind: str
) -> None:
    of = choices(net, sharing, arch, batch)
    for first, end in spans(net, of):
        with patch("lifsim.schedule.waves.plan.FEW", 1 << 40):
            groups = wave_groups(of.waves_asked(first, end), Window(None, "fused" if kind == "fused" else "skewed"))
        for group in [] if isinstance(groups, Fault) else groups:
            name, needed = (
                ("membrane", group.least_membranes) if kind == "skewed" else ("spike_out", group.least_waiting)
            )
            for room in (needed, needed - 1) if needed else ():
                other = replace(group, buffers=replace(group.buffers, **{name: room}))
                assert (group.chunks.images <= other.most_images) == (room == needed)
