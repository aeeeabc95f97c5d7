"""Steps in bands of columns: visit by visit they move what the literal interpreter moves, in an order that can be."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from lifsim.errors import InputError
from lifsim.schedule.waves.occupancy import wave_peak
from tests.oracles.legality import IllegalPlanError
from tests.schedule.bands import Case, cases, narrow
from tests.schedule.legality.walked import obeyed
from tests.schedule.test_random_waves import check, whole

QUIET = settings(deadline=None, suppress_health_check=list(HealthCheck))


def checked(case: Case) -> None:
    """By layer and tensor, the steps move what the plan counts; the oracle accepts them; no buffer overflows."""
    plan = whole(case)
    check(case, plan)
    walker, full = case.walked(), wave_peak(plan.facts, plan.chip, case.group)
    assert walker.most_spikes <= full.spike_out
    assert walker.most_membranes <= full.membrane


@pytest.mark.slow
@settings(QUIET, max_examples=12)
@given(st.data())
def test_plans_in_bands_are_legal(data: st.DataObject) -> None:
    case = data.draw(cases(("os", "os", "ws", "is")))
    assume(case is not None)
    try:
        checked(case)
    except InputError:
        assume(False)


def test_broken_plans_in_bands_are_rejected() -> None:
    """Columns without a lag, rows without a lag, more rows of a border than there is room for, and windows of other
    columns than the steps read."""
    case = narrow()
    plan = whole(case)
    obeyed(case.network, case.sharing, plan, 1)
    (group,), waves = plan.groups, case.group.in_waves
    for broken in (
        replace(waves, sweep=replace(waves.sweep, lags=(0, 0))),
        replace(waves, lags=(0, 0)),
        replace(waves, kept_rows=waves.kept_rows + 1),
    ):
        with pytest.raises(IllegalPlanError):
            obeyed(case.network, case.sharing, replace(plan, groups=(replace(group, waves=broken),)), 1)
