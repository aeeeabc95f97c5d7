"""Do floors have all psums that spill, and no more of them? Beside endless buffers they are what a group moves."""

from __future__ import annotations

from dataclasses import replace
from math import inf

import numpy as np
import pytest

from lifsim.model.sharing import Sharing
from lifsim.schedule.chunks import ChunkSizes
from lifsim.schedule.timestep.floors import chunk_floors, timestep_floors
from lifsim.schedule.timestep.group import Chunks, Group
from lifsim.schedule.timestep.plan import plan_group
from lifsim.schedule.timestep.strip_floors import StripFloors
from tests.schedule import build
from tests.schedule.networks import ladder
from tests.schedule.test_trained_chunks import choices


@pytest.mark.parametrize("bptt", ["stored", "reversed", "recomputed"])
@pytest.mark.parametrize("psum", [1, 3, build.ENDLESS])
@pytest.mark.parametrize("dataflow", ["ws", "is"])
def test_floors_have_the_psums_that_spill(dataflow: str, psum: int, bptt: str) -> None:
    """Of two layers whose rows of 4 pixels have 64 sums each: in inference, forward in training, and back, where all
    but *stored* runs compute them again."""
    of = choices(ladder(2), Sharing(), build.arch(2, 3, dataflow, psum=psum), 3, None, bptt)
    assert of.training is not None
    room, inference = of.chip.room, replace(of.facts, writes_all=False)
    for chunk in (1, 3):
        sizes = ChunkSizes(3, np.array([chunk]))
        group, untrained = (plan_group(facts, 0, 1, room, 3, chunk) for facts in (of.facts, inference))
        assert (group.dram.psum > 0) == (psum < build.ENDLESS)
        assert timestep_floors(inference, room, sizes)[0, 2] == untrained.dram.total
        (forward,) = chunk_floors(of.facts, room, 0, 1, sizes, all_written=True)
        assert forward == group.dram.total
        (back,) = of.training.back_floors(0, 1, sizes)
        assert forward + back == of.training.moved(group)


@pytest.mark.parametrize("psum", [1, 3, build.ENDLESS])
@pytest.mark.parametrize("dataflow", ["ws", "is"])
def test_so_have_those_of_strips(dataflow: str, psum: int) -> None:
    """They leave out inputs, 512 bytes an image and timestep, and nothing else."""
    of = choices(ladder(3), Sharing.parse("layer"), build.arch(2, 3, dataflow, psum=psum), 2, None, "stored")
    group = Group(replace(of.facts, writes_all=False), 0, 2, of.chip.room, Chunks(2, 2))
    (relay,) = group.in_strips.values()
    for rows in (1, 3, 8):
        cost, floors = group.cost_below(inf, {relay.state: rows}), StripFloors(group)
        assert cost is not None
        assert (cost.psum_read.sum() > 0) == (psum < build.ENDLESS)
        assert floors.first({relay.state: rows}) == floors.nearer({relay.state: rows}) == cost.total - 2 * 4 * 512
