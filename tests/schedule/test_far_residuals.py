"""Residuals that reach far: are groups refused that have no room, and no others, and are few planned?"""

from __future__ import annotations

from dataclasses import replace
from itertools import combinations
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lifsim.config.arch import load_arch
from lifsim.errors import Fault
from lifsim.model.arch import Arch
from lifsim.model.network import Network
from lifsim.model.sharing import Sharing
from lifsim.schedule.choices import Choice, Choices
from lifsim.schedule.plan import GroupPlan
from lifsim.schedule.search import FEW_CUTS, compared, contenders
from lifsim.schedule.waves import together as waves_together
from lifsim.schedule.waves.bands.group import BandGroup
from lifsim.schedule.waves.first_wave import crowded
from lifsim.schedule.waves.floors import FusedFloors
from lifsim.schedule.waves.fused_rows import GroupRows
from lifsim.schedule.waves.group import WaveGroup
from lifsim.schedule.waves.plan import in_waves, wave_groups
from lifsim.schedule.waves.reads import OutsideReads
from lifsim.schedule.waves.spikes import most_waiting
from lifsim.schedule.waves.together import InWaves
from lifsim.schedule.waves.turns import Turns
from lifsim.schedule.waves.waves import Waves
from lifsim.schedule.window import FUSED, SKEWED
from tests.schedule import build
from tests.schedule.networks import Op, far_networks, ladder, network, networks, relay_networks
from tests.schedule.on_arch import facts_on
from tests.schedule.test_search import SHARINGS, choices_on, few_values, same_as_all
from tests.schedule.test_timestep import QUIET, archs

NETWORKS = st.one_of(far_networks(), networks(), relay_networks())


def _of_all_heights(rows: GroupRows) -> list[Waves]:
    return [rows.side_by_side.apart(place) for place in range(len(rows.side_by_side.heights))]


@settings(QUIET, max_examples=60)
@given(NETWORKS, st.integers(2, 80), st.data())
def test_what_is_crowded_has_no_room_in_whatever_waves(network: Network, room: int, data: st.DataObject) -> None:
    facts = facts_on(network, Sharing(), build.arch())
    timesteps = data.draw(st.integers(1, network.timesteps), "timesteps")
    found = crowded(facts, timesteps, room)
    for first, end in combinations(range(len(network.layers) + 1), 2):
        if found[first, end]:
            group = GroupRows(facts, first, end - 1)
            assert all(most_waiting(Turns(group, waves, timesteps)) > room for waves in _of_all_heights(group))


@pytest.mark.parametrize("room", [4096, 8192, 12000, 16384])
def test_where_maps_pass_whole_all_that_has_no_room_is_crowded(room: int) -> None:
    """Of a ladder of 36 layers with maps of 2 KiB: groups of which the last layer needs all rows of the middle."""
    facts = facts_on(ladder(36), Sharing(), build.arch())
    found, of_both = crowded(facts, 4, room), set[bool]()
    for first, end in ((first, end) for first in range(8, 19) for end in (35, 36)):
        group = GroupRows(facts, first, end - 1)
        has_room = any(most_waiting(Turns(group, waves, 4)) <= room for waves in _of_all_heights(group))
        assert found[first, end] == (not has_room)
        of_both.add(has_room)
    assert of_both == {False, True}


@settings(QUIET, max_examples=40)
@given(far_networks(), SHARINGS, archs(), st.integers(1, 2))
def test_no_group_moves_less_than_its_floors(network: Network, name: str, arch: Arch, batch: int) -> None:
    choices = choices_on(network, name, arch, batch)
    for way in choices.together:
        for first, end in combinations(choices.cuts, 2):
            assert way.wide_floors[first, end] <= way.floors[first, end]
            assert all(one.dram_bytes >= way.floors[first, end] for one in way.of(first, end))


def test_what_is_added_may_come_with_rows_that_a_later_layer_convolves() -> None:
    """conv2 reads the row of lif0 beneath its own: what conv1 adds, 12 rows of 8 bytes, has come a wave before, but the
    first row."""
    layers: list[Op] = []
    for number, source in enumerate(["input", "input", "lif0"]):
        conv = {"name": f"conv{number}", "op": "conv", "out": 2, "kernel": 3, "padding": 1, "input": source}
        add = {"name": "add", "op": "add", "inputs": ["conv1", "lif0"]}
        layers += [conv, *([add] if number == 1 else []), {"name": f"lif{number}", "op": "lif"}]
    choices = choices_on(network(layers, (2, 12, 32), 1), "none", build.arch())
    facts = choices.facts
    rows, room = GroupRows(facts, 1, 2), choices.chip.room.spike_in
    read = [OutsideReads(Turns(rows, waves, 1), room, 1).residual(1) for waves in rows.lowest]
    assert (read[0], read[-1]) == (12 * 8, 8)
    fused = FusedFloors(facts, choices.chip.room, 1, FUSED, frozenset())
    assert (fused.nearer() == fused.of_spans)[1, 3]


@settings(QUIET, max_examples=15)
@given(far_networks(), SHARINGS, archs())
def test_planning_every_group_finds_nothing_better(network: Network, name: str, arch: Arch) -> None:
    assert same_as_all(choices_on(network, name, arch), few_values)


@settings(QUIET, max_examples=30)
@given(st.one_of(far_networks(st.integers(2, 4)), relay_networks(st.integers(2, 4))), archs())
def test_waiting_rows_fit_to_the_byte(network: Network, arch: Arch) -> None:
    """Skewed strips, and bands of them, in any order of evaluation."""
    choices = choices_on(network, "layer", arch)
    groups = wave_groups(choices.waves_asked(0, len(network.layers)), SKEWED)
    found = () if isinstance(groups, Fault) else groups
    for group, waves in ((one, waves) for one in found for waves in one.candidates):
        assert has_room_to_the_byte(group, waves)


def test_bands_whose_borders_take_most_of_the_room_have_it_to_the_byte() -> None:
    choices = choices_on(ladder(24), "layer", build.arch(16, 8, membrane=1 << 16))
    groups = wave_groups(choices.waves_asked(0, 24), SKEWED)
    assert not isinstance(groups, Fault)
    group = next(one for one in groups if isinstance(one, BandGroup))
    assert has_room_to_the_byte(group, group.candidates[0])


def has_room_to_the_byte(group: WaveGroup, waves: Waves) -> bool:
    needed = group.waiting(waves, every_row=False)
    enough, too_little = (replace(group.buffers, spike_out=room) for room in (needed, needed - 1))
    return replace(group, buffers=enough).has_room(waves) and not replace(group, buffers=too_little).has_room(waves)


def waves_of(found: list[Choice]) -> set[tuple[int, int]]:
    return {(one.first, one.end) for one in found if one.group.waves is not None}


def on_sata(layers: int) -> Choices:
    return choices_on(ladder(layers), "none", load_arch("sata128"))


@pytest.mark.parametrize("layers", [24, 48])
def test_so_many_waves_are_looked_at_as_a_ladder_has_layers(layers: int, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = 0

    def counting(*arguments: Any) -> GroupPlan | Fault:
        nonlocal asked
        asked += 1
        return in_waves(*arguments)

    monkeypatch.setattr(waves_together, "in_waves", counting)
    contenders(on_sata(layers))
    assert asked <= 4 * layers


def test_other_figures_than_bytes_have_more_groups_to_choose_from() -> None:
    """The results equal those of a fresh search, whatever was planned before."""
    choices, alone = on_sata(36), on_sata(36)
    near = waves_of(contenders(choices))
    wide = waves_of(compared(choices))
    assert len(choices.cuts) > FEW_CUTS
    assert near < wide
    assert wide == waves_of(compared(alone))


def test_what_moves_more_than_is_asked_for_is_left_out_though_it_is_planned() -> None:
    choices = on_sata(12)
    (way,) = (way for way in choices.together if isinstance(way, InWaves) and way.kind == "fused")
    (planned,) = way.of(0, 12)
    assert way.of(0, 12, planned.dram_bytes) == [planned]
    assert way.of(0, 12, planned.dram_bytes - 1) == []


@settings(QUIET, max_examples=40)
@given(NETWORKS, SHARINGS)
def test_the_states_of_layers(network: Network, name: str) -> None:
    facts = facts_on(network, Sharing.parse(name), build.arch())
    for first, last in combinations(range(len(network.layers)), 2):
        users = [set(state.layers) for state in facts.states]
        assert facts.states_of(first, last) == [
            number for number, used in enumerate(users) if used.intersection(range(first, last + 1))
        ]
