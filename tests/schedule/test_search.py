"""Does the search find what planning every group finds, ties included, and does it plan few?"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from itertools import combinations
from typing import Any
from zlib import crc32

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lifsim.config.arch import load_arch
from lifsim.config.workload import load_workload
from lifsim.errors import Fault
from lifsim.graph.states import states_of
from lifsim.memo import Memo
from lifsim.model.arch import Arch
from lifsim.model.network import Network
from lifsim.model.sharing import Sharing
from lifsim.schedule.chip import Chip
from lifsim.schedule.choices import Choice, Choices, choices_of
from lifsim.schedule.partition import allowed, dram_bytes, fewest, no_matter
from lifsim.schedule.plan import GroupPlan, ScheduleOptions
from lifsim.schedule.search import contenders
from lifsim.schedule.tensors.rows import Ints
from lifsim.schedule.together import NEVER, TimestepMajor, Together
from lifsim.schedule.waves import together as waves_together
from lifsim.schedule.waves.fused_rows import GroupRows
from lifsim.schedule.waves.fused_turns import turns_of
from lifsim.schedule.waves.plan import in_waves
from lifsim.schedule.waves.spikes import most_waiting
from lifsim.schedule.waves.turns import Turns
from lifsim.schedule.window import TIMESTEP
from tests.schedule import build
from tests.schedule.networks import networks, relay_networks
from tests.schedule.on_arch import facts_on
from tests.schedule.test_partition import chain
from tests.schedule.test_timestep import QUIET, archs

Ties = Callable[[Sequence[Choice]], Mapping[Choice, float]]


def choices_on(network: Network, sharing: str, arch: Arch, batch: int = 1, chunk: int | None = None) -> Choices:
    states = states_of(network, Sharing.parse(sharing))
    return choices_of(network, states, Chip.of(arch), batch, chunk, Memo(), None)


def few_values(tied: Sequence[Choice]) -> dict[Choice, float]:
    """A tie-break with few distinct values."""
    return {one: crc32(repr((one.first, one.end, one.group.window.word)).encode()) % 3 for one in tied}


def same_as_all(choices: Choices, ties: Ties = no_matter) -> bool:
    """Whether the contenders give the same plan as all groups, down to the identity of its objects."""
    auto = ScheduleOptions("auto", choices.batch, choices.chunk)
    found = fewest(allowed(choices, auto, contenders), dram_bytes, ties)
    return [id(one) for one in found] == [id(one) for one in fewest(allowed(choices, auto), dram_bytes, ties)]


def planned_together(choices: Choices) -> int:
    """How many groups of several layers the search plans."""
    return sum(choice.end - choice.first > 1 for choice in contenders(choices))


SHARINGS = st.sampled_from(["none", "layer-where-possible", "channel2-where-possible", "layer+channel2-where-possible"])
NETWORKS = st.one_of(networks(), relay_networks())


@pytest.mark.slow
@settings(QUIET, max_examples=80)
@given(NETWORKS, SHARINGS, archs(), st.integers(1, 3), st.booleans())
def test_planning_every_group_finds_nothing_better(
    network: Network, name: str, arch: Arch, batch: int, whole: bool
) -> None:
    choices = choices_on(network, name, arch, batch, batch if whole else None)
    for ties in (no_matter, few_values):
        assert same_as_all(choices, ties)


@pytest.mark.slow
@settings(QUIET, max_examples=80)
@given(NETWORKS, SHARINGS, archs(), st.integers(1, 3))
def test_no_group_moves_less_than_its_floor(network: Network, name: str, arch: Arch, batch: int) -> None:
    choices = choices_on(network, name, arch, batch)
    for way in choices.together:
        for first, end in combinations(choices.cuts, 2):
            assert all(one.dram_bytes >= way.floors[first, end] for one in way.of(first, end))


@pytest.mark.slow
@pytest.mark.parametrize("sharing", ["none", "layer-where-possible", "channel4-where-possible"])
@pytest.mark.parametrize("workload", ["lenet5_mnist", "vgg16_cifar10", "resnet19_cifar10", "spikformer_block_cifar10"])
def test_shipped_networks_have_the_same_plan(workload: str, sharing: str) -> None:
    assert same_as_all(choices_on(load_workload(workload), sharing, load_arch("sata128")))


@pytest.mark.parametrize("membrane", [256, 4096, build.ENDLESS])
@pytest.mark.parametrize("timesteps", [1, 4])
def test_planning_every_group_of_a_stack_finds_nothing_better(timesteps: int, membrane: int) -> None:
    """The best plans are one group of all layers, groups of some layers, or single layers."""
    arch = build.arch(16, 8, weight=4096, spike_in=512, spike_out=512, membrane=membrane, psum=512)
    assert same_as_all(choices_on(chain(8, 16, timesteps, 16), "none", arch), few_values)


@pytest.mark.parametrize("layers", [64, 128])
@pytest.mark.parametrize(
    ("buffers", "groups_of"),
    [({}, 4), ({"weight": 1 << 30}, 8), ({"weight": 1 << 30, "membrane": 1 << 30}, 0), ({"weight": 2560}, 1)],
)
def test_a_stack_needs_no_more_planned_groups_than_layers(layers: int, buffers: dict[str, int], groups_of: int) -> None:
    """Of 64 channels and 4 timesteps, timestep-major: where the best groups are of some layers, of all, and of one. In
    waves all are one group, whatever the buffers."""
    sizes = {"weight": 147456, "spike_in": 32768, "spike_out": 32768, "membrane": 32768, "psum": 16384}
    choices = choices_on(chain(layers, 16, 4, 64), "none", build.arch(16, 8, **sizes | buffers))
    in_all = contenders(choices)
    choices.together = tuple(way for way in choices.together if isinstance(way, TimestepMajor))
    in_turn = contenders(choices)
    for found in (in_all, in_turn):
        assert sum(choice.end - choice.first > 1 for choice in found) <= layers
    assert longest(in_turn) == (groups_of or layers)
    assert longest(in_all) == layers


def longest(found: list[Choice]) -> int:
    """Layers of the longest group of those with the fewest bytes."""
    return max(choice.end - choice.first for choice in fewest(found, dram_bytes, no_matter))


class Dearer:
    """A way that moves a byte more than timestep-major groups do, or sometimes only half as much."""

    def __init__(self, choices: Choices) -> None:
        self.choices, self.asked = choices, list[tuple[int, int]]()

    @property
    def floors(self) -> Ints:
        moved = self.choices.together[0].floors // 2
        moved[0, 2:3] = NEVER
        return moved

    def of(self, first: int, end: int, most: int = NEVER) -> list[Choice]:  # noqa: ARG002 (it plans nothing)
        self.asked.append((first, end))
        if (first, end) == (0, 2):
            return []
        one = self.choices.planned(first, end, TIMESTEP)
        seldom = crc32(repr((first, end)).encode()) % 4 == 0
        return [Choice(one.group, one.dram_bytes // 2 + 1 if seldom else one.dram_bytes + 1)]


@settings(QUIET, max_examples=15)
@given(NETWORKS, archs())
def test_the_search_takes_another_way_with_floors_of_its_own(network: Network, arch: Arch) -> None:
    choices = choices_on(network, "none", arch)
    if choices.mergeable:
        other: Together = Dearer(choices)
        choices.__dict__["together"] = (*choices.together, other)
        auto = ScheduleOptions("auto")
        found, every = (allowed(choices, auto, any_of) for any_of in (contenders, Choices.every))
        moved = [sum(one.dram_bytes for one in fewest(groups, dram_bytes, few_values)) for groups in (found, every)]
        assert moved[0] == moved[1]


def test_what_a_way_forbids_is_not_planned() -> None:
    choices = choices_on(chain(4, 16, 4), "none", build.arch())
    other = Dearer(choices)
    choices.__dict__["together"] = (*choices.together, other)
    contenders(choices)
    assert other.asked
    assert (0, 2) not in other.asked


@settings(QUIET, max_examples=40)
@given(networks(st.integers(2, 4)), st.integers(2, 60), st.data())
def test_no_wave_that_has_room_is_visited_less_often_than_its_turns_are(
    network: Network, room: int, data: st.DataObject
) -> None:
    """The turns of a layer, whatever it reads and whoever reads it."""
    facts = facts_on(network, Sharing(), build.arch())
    first = data.draw(st.integers(0, len(network.layers) - 1), "first")
    group = GroupRows(facts, first, data.draw(st.integers(first, len(network.layers) - 1), "last"))
    timesteps = data.draw(st.integers(1, network.timesteps), "timesteps")
    for waves in map(group.side_by_side.apart, range(group.rows(group.last))):
        if most_waiting(Turns(group, waves, timesteps)) <= room:
            for layer, turn in ((one, turn) for one in group.members for turn in turns_of(group, one, timesteps)):
                assert turn.most_rows(room) > 0
                assert waves.visits(layer, timesteps) >= turn.least_visits(room)


@pytest.mark.parametrize("layers", [24, 48])
@pytest.mark.parametrize(("room", "a_layer"), [(1024, 1), (2048, 11), (3000, 11)])
def test_a_stack_needs_waves_in_proportion_to_its_layers(
    layers: int, room: int, a_layer: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of maps of 2 KiB that spike_out holds a half, one, or one and a half of."""
    asked = 0

    def counting(*arguments: Any) -> GroupPlan | Fault:
        nonlocal asked
        asked += 1
        return in_waves(*arguments)

    monkeypatch.setattr(waves_together, "in_waves", counting)
    sizes = {"weight": 147456, "spike_in": 32768, "membrane": 32768, "psum": 16384}
    contenders(choices_on(chain(layers, 16, 4, 64), "none", build.arch(16, 8, **sizes, spike_out=room)))
    assert asked <= a_layer * layers
