"""Is what is known of room for spikes from some waves, and from some borders of bands, never more than what all need,
and is little looked at where none has room?"""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from benchmarks.search import far, stack
from lifsim.config.arch import load_arch
from lifsim.model.sharing import Sharing
from lifsim.schedule.search import contenders
from lifsim.schedule.together import NEVER
from lifsim.schedule.waves import skewed
from lifsim.schedule.waves.bands.spikes import BandSpikes
from lifsim.schedule.waves.floors import FusedFloors
from lifsim.schedule.waves.fused_rows import GroupRows
from lifsim.schedule.waves.group import WaveGroup
from lifsim.schedule.waves.spikes import most_waiting, rows_waiting
from lifsim.schedule.waves.together import InWaves
from lifsim.schedule.waves.turns import Turns
from lifsim.schedule.waves.waves import Skewed
from lifsim.schedule.window import FUSED
from tests.oracles.strip_heights import Strips
from tests.schedule import bands, build
from tests.schedule.on_arch import facts_on
from tests.schedule.test_search import choices_on
from tests.schedule.test_strip_heights import QUIET, every
from tests.schedule.wave_cases import cases


def has_room_as_all_waves_say(group: WaveGroup) -> None:
    """With a spike_out of exactly what any of them need, and of a byte less."""
    needed = {waves: group.waiting(waves, every_row=False) for waves in every(group)}
    for waves, size in needed.items():
        for room in (size, size - 1):
            tight = replace(group, buffers=replace(group.buffers, spike_out=room))
            assert tight.has_room(waves) == (size <= room)


@settings(QUIET, max_examples=30)
@given(st.data())
def test_skewed_strips_have_room_as_all_waves_say(data: st.DataObject) -> None:
    case = data.draw(cases("skewed", ("os", "ws", "is")))
    assume(case is not None)
    has_room_as_all_waves_say(case.group.waves_walked.group)


@settings(QUIET, max_examples=20)
@given(bands.cases(("os", "ws", "is")))
def test_bands_have_room_as_all_waves_say(case: bands.Case | None) -> None:
    assume(case is not None)
    has_room_as_all_waves_say(case.cost)


@settings(QUIET, max_examples=100)
@given(st.integers(1, 9), st.integers(1, 14), st.integers(0, 20), st.integers(0, 6), st.integers(1, 5))
def test_strips_have_the_sizes_of_their_rows(height: int, rows: int, lag: int, behind: int, timesteps: int) -> None:
    strips = Skewed(0, height, rows, (lag, lag + behind))
    each = Strips(height, strips.skew, lag, rows, timesteps)
    expected = Counter(len(wave) for timestep in range(timesteps) for wave in each.of(timestep) if wave)
    assert +strips.sizes(0, timesteps) == expected


def test_of_layers_of_one_state_no_span_is_looked_at(monkeypatch: pytest.MonkeyPatch) -> None:
    """None can be fused."""

    def weights(*_: object) -> None:
        raise AssertionError

    monkeypatch.setattr(FusedFloors, "_weights", weights)
    choices = choices_on(stack(6), "layer", load_arch("sata128"))
    for floors in (InWaves(choices, "fused").floors, InWaves(choices, "fused").wide_floors):
        assert (floors[np.triu_indices(6)[0], np.triu_indices(6)[1] + 1] == NEVER).all()


def test_spans_beside_layers_that_cannot_be_fused_keep_their_floors() -> None:
    """Those of a layer alone go below nothing where no two can."""
    choices = choices_on(stack(4), "none", load_arch("sata128"))
    free, but_one, alternate = (
        FusedFloors(choices.facts, choices.chip.room, 1, FUSED, frozenset(never)).nearer()
        for never in ((), (0,), (1, 2))
    )
    assert (but_one[1:] == free[1:]).all()
    assert (but_one[0, 1:] == NEVER).all()
    assert (alternate[0].tolist(), alternate[3, 4]) == ([0, 0, NEVER, NEVER, NEVER], 0)


def test_where_nothing_has_room_not_all_waves_are_looked_at(monkeypatch: pytest.MonkeyPatch) -> None:
    """Layers of which half of those before are kept for one that adds them; so many that strips of every height have
    another number of waves."""
    looked = list[Turns | BandSpikes]()

    def most(turns: Turns) -> int:
        looked.append(turns)
        return most_waiting(turns)

    def at_borders(spikes: BandSpikes) -> int:
        looked.append(spikes)
        return 0

    monkeypatch.setattr(skewed, "most_waiting", most)
    monkeypatch.setattr(BandSpikes, "at_borders", property(at_borders))
    arch = load_arch("sata128", ("buffers.spike_out.size_bytes=8192",))
    (choice,) = contenders(choices_on(far(128), "layer", arch))
    assert choice.group.waves is None
    assert not looked


def test_what_is_remembered_of_waves_holds_none() -> None:
    """Rows of all layers that are done behind each wave, of each height that was looked at, would fill the memory."""
    rows = GroupRows(facts_on(stack(3), Sharing.parse("layer"), build.arch()), 0, 2)
    for find in (most_waiting, rows_waiting):
        turns = Turns(rows, Skewed(0, 2, 16, (0, 1, 2)), 3)
        find(turns)
        assert not vars(turns).keys() & {"done", "before"}
