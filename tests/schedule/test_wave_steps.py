"""Do the steps of layers in waves move exactly the bytes that the plan counts, layer by layer, in a legal order?"""

from __future__ import annotations

import numpy as np
import pytest

from lifsim.hardware.pipeline.kinds import STORES, Kind
from lifsim.model.sharing import Sharing
from lifsim.schedule.chip import Chip
from lifsim.schedule.plan import Plan
from lifsim.schedule.tensors.moves import REPLAY, Visit
from lifsim.schedule.waves.steps import wave_visits
from lifsim.schedule.window import Window
from tests.schedule import build
from tests.schedule.broken import STRIPS, conv
from tests.schedule.hand_waves import Asked, waves_by_hand
from tests.schedule.networks import network
from tests.schedule.on_arch import facts_on
from tests.schedule.test_group_steps import COUNTED
from tests.schedule.test_waves_moved import asked, stack

POOLED = [*conv(0), {"name": "pool", "op": "max_pool", "kernel": 2}, *conv(1), *conv(2, stride=2)]
CASES = [
    (POOLED, "none", Asked("fused", 1, 3)),
    (POOLED, "none", Asked("fused", 1, 2, filters=2, batch=3, images=2)),
    (POOLED, "channel2", Asked("fused", 2, 3, filters=2)),
    (STRIPS, "layer", Asked("skewed", 2, 3)),
    (STRIPS, "layer", Asked("skewed", 1, 2, filters=2, batch=3, images=2)),
    (STRIPS, "layer+channel2", Asked("skewed", 3, 3, filters=3)),
]


def visits_of(plan: Plan, batch: int) -> list[Visit]:
    return wave_visits(plan.facts, plan.chip, batch, plan.groups[0])


@pytest.mark.parametrize(("ops", "sharing", "asked"), CASES)
@pytest.mark.parametrize("encoding", ["rate", "direct"])
def test_bytes_of_the_visits_are_those_of_the_plan(ops: list, sharing: str, asked: Asked, encoding: str) -> None:  # type: ignore[type-arg]
    net = network(ops, (2, 8, 8), 3, encoding)
    plan = waves_by_hand(net, Sharing.parse(sharing), build.arch(), asked)
    visits = visits_of(plan, asked.batch)
    for index, traffic in enumerate(plan.groups[0].layers):
        mine = [visit for visit in visits if visit.layer == index]
        moved = {name: sum(visit.moves.total(kind) for visit in mine) for kind, name in COUNTED.items()}
        assert moved | {"operand": 0} == vars(traffic.dram)
        layer = plan.facts.layers[index].layer
        outputs = asked.batch * layer.timesteps * layer.filters * layer.pixels
        assert sum(int(visit.outputs.sum()) for visit in mine) == outputs
        assert all(np.all(visit.rounds != REPLAY) and (visit.array_shares > 0).all() for visit in mine)


@pytest.mark.parametrize(("ops", "sharing", "asked"), CASES)
def test_a_layer_finds_rows_where_another_has_put_them(ops: list, sharing: str, asked: Asked) -> None:  # type: ignore[type-arg]
    """Membranes that come back come from where they went; what leaves fills the tensor, byte by byte, once."""
    net = network(ops, (2, 8, 8), 3)
    plan = waves_by_hand(net, Sharing.parse(sharing), build.arch(), asked)
    stored: dict[str, np.ndarray] = {}  # type: ignore[type-arg]
    for visit in visits_of(plan, asked.batch):
        for place, kind in enumerate(visit.moves.kind.tolist()):
            touched = _bytes(visit, place)
            times = stored.setdefault(visit.regions[visit.moves.region[place]], np.zeros(1 << 16, np.int64))
            if kind == Kind.MEMBRANE_READ:
                assert times[touched].all()
            elif kind in STORES:
                times[touched] += 1
    (name,) = (tensor.name for tensor in net.layers[-1].outputs)
    times = stored[f"tensor:{name}"]
    size = plan.groups[0].layers[-1].dram.spikes_out
    assert times[:size].tolist() == [1] * size
    assert not times[size:].any()


def _bytes(visit: Visit, place: int) -> np.ndarray:  # type: ignore[type-arg]
    moves = visit.moves
    extents = np.arange(moves.extents[place])[:, None] * moves.pitch[place]
    return (moves.offset[place] + extents + np.arange(moves.extent_bytes[place])).ravel()


def test_every_tile_has_all_strips_of_a_visit_before_the_next_one() -> None:
    """So that its weights are there for all of them: the timesteps come again and again, tile after tile."""
    plan = waves_by_hand(
        network(STRIPS, (2, 8, 8), 3), Sharing.parse("layer"), build.arch(), Asked("skewed", 2, 3, filters=2)
    )
    most = 0
    for visit in visits_of(plan, 1):
        timesteps = sorted({*visit.timestep.tolist()})  # type: ignore[union-attr]
        tiles = len(visit.timestep) // len(timesteps)  # type: ignore[arg-type]
        assert visit.timestep.tolist() == timesteps * tiles  # type: ignore[union-attr]
        most = max(most, tiles * (len(timesteps) - 1))
    assert most > 1


def test_what_is_computed_once_is_so_at_the_first_timestep_of_a_window() -> None:
    """And its currents wait for the others, in whose steps the array has nothing to do."""
    net, chip = network(stack(2, 4, 8), (2, 1, 8), 4, "direct"), Chip.of(build.arch())
    group = asked(net, "layer", build.arch(), Window(2, "skewed"))
    facts = facts_on(net, Sharing.parse("layer"), build.arch())
    mine = [visit for visit in wave_visits(facts, chip, 1, group) if visit.layer == 0]
    timestep = np.concatenate([visit.timestep for visit in mine])
    rounds = np.concatenate([np.broadcast_to(visit.rounds, visit.steps) for visit in mine])
    assert {0, 1, 2, 3} == {*timestep.tolist()}
    assert ((rounds == REPLAY) == (timestep % 2 > 0)).all()
