"""Does the residency that the paper supposes move what a walk of its calls moves, and an independent count gave?"""

from __future__ import annotations

import itertools
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lifsim.config.workload import load_workload
from lifsim.graph.states import states_of
from lifsim.memo import Memo
from lifsim.model.sharing import Sharing
from lifsim.schedule.chip import Chip
from lifsim.schedule.partition import plan
from lifsim.schedule.plan import ScheduleOptions
from lifsim.schedule.sizing import facts_of
from lifsim.schedule.timestep.resident import Resident, resident
from lifsim.simulate.api import load_arch
from tests.oracles.resident_membranes import membrane_bytes

DATASETS = ("cifar10", "tinyimagenet", "imagenet100", "ncaltech101")
INDEPENDENT = {
    1: {"cifar10": -2.4, "tinyimagenet": -8.4, "imagenet100": -32.7, "ncaltech101": -8.5},
    16: {"cifar10": -22.0, "tinyimagenet": -35.4, "imagenet100": -41.4, "ncaltech101": -35.5},
}
"""Percent of all DRAM bytes, layer against none, of VGG-16 with EfficientLIF-Net's widths on sata128, its first
convolution computed again at every timestep, as a count independent of LIFSim gave them."""
REPLAYED = {
    1: {"cifar10": -2.4, "tinyimagenet": -8.0, "imagenet100": -27.0, "ncaltech101": -8.5},
    16: {"cifar10": -19.3, "tinyimagenet": -28.8, "imagenet100": -32.7, "ncaltech101": -35.5},
}
"""The same, its first convolution's currents kept."""


def _resident(workload: str, sharing: str, batch: int, *, recomputes: bool = True) -> Resident:
    network, chip = load_workload(workload), Chip.of(load_arch("sata128"))
    facts = facts_of(network, states_of(network, Sharing.parse(sharing)), chip.precision, chip.psums)
    return resident(replace(facts, recomputes=recomputes), chip.room, batch)


@pytest.mark.parametrize("recomputes", [False, True])
@pytest.mark.parametrize("batch", INDEPENDENT)
@pytest.mark.parametrize("dataset", DATASETS)
def test_what_sharing_changes_is_what_an_independent_count_gives(dataset: str, batch: int, recomputes: bool) -> None:
    unshared, shared = (
        _resident(f"vgg16_efficientlif_{dataset}", name, batch, recomputes=recomputes) for name in ("none", "layer")
    )
    membranes = [one.dram.membrane_read + one.dram.membrane_write for one in (unshared, shared)]
    assert 100 * (membranes[1] / membranes[0] - 1) == pytest.approx(-52.8, abs=0.05)
    change = 100 * (shared.dram.total / unshared.dram.total - 1)
    expected = INDEPENDENT if recomputes else REPLAYED
    assert change == pytest.approx(expected[batch][dataset], abs=0.05)


@pytest.mark.parametrize("workload", ["vgg16_efficientlif_cifar10", "resnet19_positions_imagenet100", "vgg9_cifar10"])
@pytest.mark.parametrize("sharing", ["none", "layer"])
@pytest.mark.parametrize("batch", [1, 3])
def test_membranes_move_as_call_by_call(workload: str, sharing: str, batch: int) -> None:
    network, chip = load_workload(workload), Chip.of(load_arch("sata128"))
    facts = facts_of(network, states_of(network, Sharing.parse(sharing)), chip.precision, chip.psums)
    user = {layer: state for state in facts.states for layer in state.layers}
    calls = [user[layer].name for layer in sorted(user)]
    sizes = {state.name: batch * state.bytes for state in facts.states}
    found = resident(facts, chip.room, batch)
    moved = (found.dram.membrane_read, found.dram.membrane_write)
    assert moved == membrane_bytes(calls, sizes, network.timesteps)
    in_a_row = {one for one, following in itertools.pairwise(calls) if one == following}
    assert found.membrane_buffer == max((sizes[name] for name in in_a_row), default=0)


@given(st.lists(st.sampled_from("abc"), min_size=1, max_size=8), st.integers(1, 4))
def test_the_oracle_reads_every_byte_that_it_wrote(calls: list[str], timesteps: int) -> None:
    read, written = membrane_bytes(calls, dict.fromkeys("abc", 7), timesteps)
    assert read == written


def test_without_sharing_it_is_the_timestep_major_plan_without_a_buffer_that_keeps() -> None:
    """A membrane buffer of one byte is at work and keeps nothing: both then stream every state."""
    network, chip = load_workload("vgg9_cifar10"), Chip.of(load_arch("sata128", ["buffers.membrane.size_bytes=1"]))
    states = states_of(network, Sharing())
    planned = plan(network, states, chip, ScheduleOptions("timestep", 1), Memo()).dram
    found = resident(facts_of(network, states, chip.precision, chip.psums), chip.room, 1)
    assert found.membrane_buffer == 0
    assert found.dram.total == planned.total
