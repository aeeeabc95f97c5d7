"""Do a few visits of a run touch every tensor as far as all of them do, and are they as few for any batch?"""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import lifsim
from lifsim.errors import InputError
from lifsim.graph.states import states_of
from lifsim.memo import Memo
from lifsim.model.arch import Arch
from lifsim.model.network import Network
from lifsim.model.sharing import Sharing
from lifsim.play.furthest import furthest
from lifsim.play.steps import visits
from lifsim.schedule.chip import Chip
from lifsim.schedule.choices import Choice, choices_of
from lifsim.schedule.partition import allowed, plan_of
from lifsim.schedule.plan import Plan, ScheduleOptions
from lifsim.schedule.tensors.moves import Visit
from tests.schedule import bands
from tests.schedule.attention import attention_networks
from tests.schedule.networks import networks, relay_networks
from tests.schedule.test_partition import NAMES
from tests.schedule.test_timestep import QUIET, archs
from tests.schedule.wave_networks import wave_networks

TIMESTEPS = st.integers(1, 5)
NETWORKS = st.one_of(
    networks(TIMESTEPS),
    relay_networks(TIMESTEPS),
    attention_networks(),
    wave_networks(TIMESTEPS),
    wave_networks(TIMESTEPS, alike=True),
    bands.band_networks(TIMESTEPS),
)


def reached(every: Iterable[Visit]) -> dict[str, int]:
    """By tensor the byte behind the last one that any move of all visits touches, extent by extent."""
    ends: dict[str, int] = {}
    for visit in every:
        moves = visit.moves
        columns = moves.region, moves.offset, moves.extent_bytes, moves.extents, moves.pitch
        for region, offset, size, extents, pitch in zip(*(column.tolist() for column in columns), strict=True):
            for extent in range(extents):
                name, end = visit.regions[region], offset + extent * pitch + size
                ends[name] = max(ends.get(name, 0), end)
    return ends


def is_reached(plan: Plan, batch: int) -> None:
    memo = Memo()
    assert reached(furthest(plan, batch, memo)) == reached(visits(plan, batch, memo))


@settings(QUIET, max_examples=150)
@given(NETWORKS, archs(), NAMES, st.integers(1, 11), st.one_of(st.none(), st.integers(1, 4)))
def test_a_few_visits_reach_as_far_as_all(
    network: Network, arch: Arch, sharing: Sharing, batch: int, chunk: int | None
) -> None:
    """In whichever way each group runs."""
    states, asked = states_of(network, sharing.where_it_fits()), None if chunk is None else min(chunk, batch)
    choices = choices_of(network, states, Chip.of(arch), batch, asked, Memo(), None)
    found = list[Choice]()
    with suppress(InputError):
        found = choices.every()
    for choice in found:
        is_reached(plan_of(choices, [choice]), batch)


@pytest.mark.parametrize("schedule", ["tick", "timestep", "window:2", "fused"])
@pytest.mark.parametrize(("batch", "chunk"), [(7, 2), (6, 2), (2, 2)])
def test_so_they_do_of_chunks_the_last_of_which_is_smaller_or_is_not(schedule: str, batch: int, chunk: int) -> None:
    """Of LeNet-5, in buffers that hold little of it."""
    overrides = [
        "buffers.membrane.size_bytes=1KiB",
        "buffers.spike_in.size_bytes=256",
        "buffers.weight.size_bytes=2KiB",
    ]
    arch, network = lifsim.load_arch("sata128", overrides), lifsim.load_workload("lenet5_mnist")
    states = states_of(network, Sharing())
    choices = choices_of(network, states, Chip.of(arch), batch, chunk, Memo(), None)
    is_reached(plan_of(choices, allowed(choices, ScheduleOptions(schedule, batch, chunk))), batch)
