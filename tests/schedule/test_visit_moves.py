"""Are the moves of a visit, which are dealt to its tiles in one table, those that plain loops come to?"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from lifsim.config.arch import load_arch
from lifsim.config.workload import load_workload
from lifsim.hardware.pipeline.kinds import Kind
from lifsim.memo import Memo
from lifsim.model.arch import Arch
from lifsim.model.network import Network
from lifsim.model.sharing import Sharing
from lifsim.schedule.plan import ScheduleOptions
from lifsim.schedule.tensors.moves import Visit, all_shares, shares
from lifsim.schedule.timestep.layer import PlannedLayer
from lifsim.schedule.timestep.steps import group_visits
from lifsim.schedule.timestep.unrolled import LayerStep
from tests.oracles.visit_moves import Move, outputs_of, visit_moves
from tests.schedule.networks import networks, relay_networks
from tests.schedule.on_arch import facts_on, plan_on
from tests.schedule.test_timestep import QUIET, SHARINGS, archs


class Strip(NamedTuple):
    """One visit of a turn, for the oracle."""

    chunk: int
    images: int
    timestep: int
    starts: tuple[int, ...]
    rows: int
    strip: int


class Seen(Memo):
    """Records the arguments from which visits were made."""

    def __init__(self) -> None:
        super().__init__()
        self.visits = list[tuple[PlannedLayer, Strip, LayerStep, Visit]]()

    def of(self, function: Any, *arguments: Any) -> Any:
        found = super().of(function, *arguments)
        if function is PlannedLayer.visits:
            planned, turn, step = arguments
            assert len(found) == turn.strips
            for strip, visit in enumerate(found):
                at = Strip(turn.chunk, turn.images, turn.timestep, turn.starts, turn.rows, strip)
                self.visits.append((planned, at, step, visit))
        return found


def made(network: Network, sharing: Sharing, arch: Arch, options: ScheduleOptions) -> Seen:
    """All visits of a timestep-major plan."""
    seen, facts = Seen(), facts_on(network, sharing, arch)
    for group in plan_on(network, sharing, arch, options).groups:
        if not group.tick_batched:
            group_visits(facts, options.batch, group, seen)
    return seen


def require_equal(seen: Seen) -> None:
    for planned, turn, step, visit in seen.visits:
        if planned.state is not None and planned.state.channels > 1 and planned.layer.groups > 1:
            continue  # chains that lead through several groups: their order is that of `lifsim.schedule.tensors.chains`
        columns = [getattr(visit.moves, name).tolist() for name in Move._fields]
        columns[1] = [Kind(kind).name for kind in columns[1]]
        wanted = sorted(visit_moves(planned, turn, step), key=lambda move: (move.step, Kind[move.kind]))
        assert list(map(Move._make, zip(*columns, strict=True))) == wanted
        assert visit.outputs.tolist() == outputs_of(planned, turn)


@settings(QUIET, max_examples=60)
@given(
    st.one_of(networks(), relay_networks(st.just(2))), st.sampled_from(SHARINGS), archs(), st.integers(1, 3), st.data()
)
def test_moves_of_visits_equal_those_of_plain_loops(
    network: Network, name: str, arch: Arch, batch: int, data: st.DataObject
) -> None:
    options = ScheduleOptions("timestep", batch, data.draw(st.integers(1, batch)))
    seen = made(network, Sharing.parse(name), arch, options)
    assume(seen.visits)
    require_equal(seen)


@pytest.mark.parametrize(
    ("workload", "sharing", "batch", "overrides"),
    [
        ("vgg9_cifar10", "channel2", 2, ["buffers.weight.size_bytes=64KiB"]),
        ("resnet19_shared_cifar10", "layer", 1, ["buffers.membrane.size_bytes=8KiB"]),
        ("mobilenet_cifar10", "none", 1, ["buffers.membrane.size_bytes=4KiB"]),
    ],
)
def test_moves_of_shipped_networks_equal_those_of_plain_loops(
    workload: str, sharing: str, batch: int, overrides: list[str]
) -> None:
    arch, options = load_arch("sata128", overrides), ScheduleOptions("timestep", batch)
    require_equal(made(load_workload(workload), Sharing.parse(sharing), arch, options))


@given(
    st.integers(1, 4),
    st.integers(1, 3),
    st.integers(1, 5),
    st.sampled_from([4, 1 << 30]),
    st.data(),
)
def test_shares_of_many_are_those_of_each(rows: int, many: int, count: int, most: int, data: st.DataObject) -> None:
    def drawn(size: int, largest: int) -> list[list[int]]:
        return [data.draw(st.lists(st.integers(0, largest), min_size=size, max_size=size)) for _ in range(rows)]

    totals, weights = drawn(many, 1 << 45), drawn(count, most)
    found = all_shares(np.array(totals), np.array(weights))
    for row, of_row, by in zip(found, totals, weights, strict=True):
        assert row.tolist() == [shares(total, np.array(by)).tolist() for total in of_row]
