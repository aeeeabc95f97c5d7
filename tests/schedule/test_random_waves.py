"""Random plans in waves: the legality oracle walks them, and their steps move what they count."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from lifsim.errors import InputError
from lifsim.graph.states import states_of
from lifsim.memo import Memo
from lifsim.schedule.chip import Chip
from lifsim.schedule.choices import choices_of
from lifsim.schedule.plan import Plan
from lifsim.schedule.waves.occupancy import wave_peak
from lifsim.schedule.waves.steps import most_steps, wave_visits
from tests.schedule.legality.walked import obeyed
from tests.schedule.test_group_steps import COUNTED
from tests.schedule.wave_cases import Case, cases

QUIET = settings(deadline=None, suppress_health_check=list(HealthCheck))


def whole(case: Case) -> Plan:
    """A plan with the layers around the group tick-batched, or as they must run."""
    chip, states = Chip.of(case.arch), states_of(case.network, case.sharing)
    choices = choices_of(case.network, states, chip, case.batch, None, Memo(), None)
    groups = [case.group]
    for first, end in pairwise(choices.cuts):
        if first > case.group.last or end <= case.group.first:
            groups.append(choices.between(first, end)[0].group)
    groups.sort(key=lambda group: group.first)
    again = {i for g in groups for i, t in zip(g.indices, g.layers, strict=True) if t.computed_again}
    return Plan(tuple(groups), choices.facts.computing_again(again), chip)


def check(case: Case, plan: Plan) -> None:
    """By layer and tensor the steps move what the plan counts, in an order that the oracle obeys."""
    group = case.group
    visits = wave_visits(plan.facts, plan.chip, case.batch, group)
    assert sum(visit.steps for visit in visits) <= most_steps(plan.facts, case.batch, group)
    full, room = wave_peak(plan.facts, plan.chip, group), plan.chip.room
    for name in ("weight", "spike_in", "spike_out", "membrane"):
        assert 0 <= getattr(full, name) <= getattr(room, name)
    for index, traffic in zip(group.indices, group.layers, strict=True):
        mine = [visit for visit in visits if visit.layer == index]
        moved = {name: sum(visit.moves.total(kind) for visit in mine) for kind, name in COUNTED.items()}
        assert moved | {"operand": 0} == vars(traffic.dram)
    obeyed(case.network, case.sharing, plan, case.batch)


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["fused", "skewed", "grouped"])
@settings(QUIET, max_examples=12)
@given(st.data())
def test_waves_can_be_followed(kind: str, data: st.DataObject) -> None:
    case = data.draw(cases(kind, ("os", "ws", "is")))
    assume(case is not None)
    try:
        plan = whole(case)
    except InputError:
        assume(False)
    check(case, plan)
