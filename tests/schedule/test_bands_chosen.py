"""Which bands are chosen: nothing of all that there are moves less, and no buffer moves more for being larger."""

from __future__ import annotations

import re

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from lifsim.errors import InputError
from lifsim.model.network import Network
from lifsim.model.sharing import Sharing
from lifsim.schedule.plan import Plan, ScheduleOptions
from lifsim.schedule.waves.bands.bands import Banded
from lifsim.schedule.waves.refusal import not_banded
from tests.schedule import build
from tests.schedule.bands import cases
from tests.schedule.networks import Op, network
from tests.schedule.on_arch import facts_on, plan_on

QUIET = settings(deadline=None, suppress_health_check=list(HealthCheck))
LAYER = Sharing.parse("layer")


def two_layers(channels: int = 8, kernel: tuple[int, int] = (3, 3), encoding: str = "rate") -> Network:
    """Of one state, on maps of 6 x 7."""
    ops: list[Op] = []
    for number in range(2):
        source, padding = f"lif{number - 1}" if number else "input", [one // 2 for one in kernel]
        ops.append({"name": f"conv{number}", "op": "conv", "out": channels, "kernel": list(kernel), "padding": padding,
                    "input": source})  # fmt: skip
        ops.append({"name": f"lif{number}", "op": "lif"})
    return network(ops, (channels, 6, 7), 3, encoding)


def planned(net: Network, schedule: str = "skewed", dataflow: str = "os", **sizes: int) -> Plan:
    return plan_on(net, LAYER, build.arch(dataflow=dataflow, **sizes), ScheduleOptions(schedule))


@pytest.mark.parametrize("encoding", ["rate", "direct"])
@pytest.mark.parametrize(("buffer", "others"), [
    ("membrane", {"weight": 300, "spike_in": 60, "spike_out": 700}),
    ("weight", {"membrane": 150, "spike_in": 60, "spike_out": 700}),
    ("spike_in", {"membrane": 150, "weight": 300, "spike_out": 700}),
    ("spike_out", {"membrane": 150, "weight": 300, "spike_in": 60}),
])  # fmt: skip
def test_more_buffer_never_moves_more(buffer: str, others: dict[str, int], encoding: str) -> None:
    net, before, banded = two_layers(encoding=encoding), 1 << 60, 0
    compulsory = planned(net).dram.total
    for size in range(60, 1000, 117):
        try:
            plan = planned(net, **others, **{buffer: size})
        except InputError:
            assert before == 1 << 60
            continue
        assert compulsory <= plan.dram.total <= before
        assert planned(net, "auto", **others, **{buffer: size}).dram.total <= plan.dram.total
        before, banded = plan.dram.total, banded + isinstance(plan.groups[0].waves, Banded)
    assert banded > 2


@pytest.mark.slow
@settings(QUIET, max_examples=15)
@given(st.data())
def test_floors_hold_and_nothing_moves_less(data: st.DataObject) -> None:
    case = data.draw(cases())
    assume(case is not None)
    floors, known = case.cost.floored(float("inf"), lowest=True), {}
    for floor, waves in floors:
        cost = case.cost.cost(waves, float("inf"))
        if cost is not None:
            assert floor <= cost.total
            known[waves] = cost.total
    best = min(known.values())
    assert [waves for floor, waves in case.cost.floored(best, lowest=True) if floor < best] == [
        waves for floor, waves in floors if floor < best
    ]
    assert all(waves.visits(index, one) == _visits(waves, index, one)
               for _, waves in floors for index in case.group.indices for one in (1, 2))  # fmt: skip


def _visits(waves: Banded, layer: int, timesteps: int) -> int:
    strips = waves.strips(layer, timesteps)
    return sum(any(end > begin for begin, end in wave) for wave in strips.swapaxes(0, 1).tolist())


def test_what_is_refused_needs_more_than_a_column() -> None:
    """3 * (1 + 1) pixels of eight bytes: with 48 there is a plan."""
    net = two_layers()
    with pytest.raises(InputError, match=re.escape("must be >= 48 for skewed strips")):
        planned(net, membrane=47)
    assert isinstance(planned(net, membrane=48).groups[0].waves, Banded)


@pytest.mark.parametrize("membrane", [100, build.ENDLESS])
def test_spikes_that_have_no_room_are_told(membrane: int) -> None:
    """The bytes with which there is a plan: those of bands or of whole rows, whichever need less."""
    net = two_layers()
    with pytest.raises(InputError, match=r"buffers\.spike_out\.size_bytes: must be >= ") as told:
        planned(net, membrane=membrane, spike_out=1)
    needed = int(re.search(r">= (\d+)", str(told.value))[1])
    with pytest.raises(InputError):
        planned(net, membrane=membrane, spike_out=needed - 1)
    planned(net, membrane=membrane, spike_out=needed)


@pytest.mark.parametrize(
    ("net", "dataflow", "why"),
    [
        (two_layers(channels=2), "os", "which are no whole bytes"),
        (two_layers(), "row_stationary", "works on whole rows"),
        (two_layers(encoding="direct"), "os", "is computed once"),
    ],
)
def test_a_group_that_cannot_run_in_bands_says_why(net: Network, dataflow: str, why: str) -> None:
    facts = facts_on(net, LAYER, build.arch(dataflow=dataflow))
    assert any(why in said for said in not_banded(facts, 0, 1))


def test_kernels_of_one_column_leave_nothing_at_borders() -> None:
    """A kernel with more rows than columns makes strips lag along rows alone."""
    (group,) = planned(two_layers(kernel=(3, 1)), membrane=60).groups
    waves = group.in_waves
    assert isinstance(waves, Banded)
    assert waves.sweep.lags == (0, 0)
    assert waves.waits(3) == 0
    assert group.dram.membrane_read == group.dram.membrane_write == 0
