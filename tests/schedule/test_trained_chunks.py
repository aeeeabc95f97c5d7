"""Does a training run work in the chunks that move the fewest bytes forward and back, whatever its buffers?"""

from __future__ import annotations

from contextlib import suppress
from itertools import combinations
from unittest.mock import patch

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import lifsim
from lifsim.config.arch import load_arch
from lifsim.config.workload import load_workload
from lifsim.errors import InputError
from lifsim.graph.states import states_of
from lifsim.keeping import KEEPINGS
from lifsim.memo import Memo
from lifsim.model.arch import Arch
from lifsim.model.network import Network
from lifsim.model.sharing import Sharing
from lifsim.schedule.chip import Chip
from lifsim.schedule.choices import Choices, choices_of
from lifsim.schedule.chunks import ChunkSizes, chunk_sizes
from lifsim.schedule.plan import GroupPlan, Plan, ScheduleOptions
from lifsim.schedule.timestep.floors import chunk_floors
from lifsim.schedule.window import TIMESTEP
from lifsim.training.sizes import TrainingSizes
from lifsim.training.traffic import training_traffic
from lifsim.training.trained import TrainedGroups, TrainedWith
from tests.schedule.networks import networks
from tests.schedule.on_arch import trained_plan_on
from tests.schedule.test_partition import BUFFERS, NAMES
from tests.schedule.test_timestep import QUIET, archs

BATCHES = st.integers(1, 14)
KEPT = st.sampled_from(["stored", "reversed", "recomputed"])


def choices(net: Network, sharing: Sharing, arch: Arch, batch: int, chunk: int | None, bptt: str) -> Choices:
    trains = TrainedWith(KEEPINGS[bptt])
    return choices_of(net, states_of(net, sharing), Chip.of(arch), batch, chunk, Memo(), trains)


def spans(net: Network, of: Choices) -> list[tuple[int, int]]:
    """Those that may run timestep by timestep."""
    each = [(first, end) for first, end in combinations(of.cuts, 2) if end <= len(net.layers)]
    return [span for span in each if not of.forbidden(*span)]


def moved(plan: Plan, batch: int, bptt: str) -> int:
    """All bytes of a training run."""
    sizes = TrainingSizes(plan.facts, plan.chip, batch, KEEPINGS[bptt])
    return sum(layer.total for layer in training_traffic(sizes, plan))


@pytest.mark.slow
@settings(QUIET, max_examples=60)
@given(networks(), NAMES, archs(), BATCHES, KEPT)
def test_groups_run_in_the_best_of_all_chunks(
    net: Network, sharing: Sharing, arch: Arch, batch: int, bptt: str
) -> None:
    """The best of all sizes, each planned by itself, including sizes with no fewer chunks than a smaller one; of equals
    the largest."""
    best = choices(net, sharing, arch, batch, None, bptt)
    each = {size: choices(net, sharing, arch, batch, size, bptt) for size in range(batch, 0, -1)}
    for first, end in spans(net, best):
        found = {size: one.planned(first, end, TIMESTEP) for size, one in each.items()}
        assert best.planned(first, end, TIMESTEP).dram_bytes == min(one.dram_bytes for one in found.values())
        least = min(
            (found[size] for size in ChunkSizes.of(batch, None).images.tolist()), key=lambda one: one.dram_bytes
        )
        assert best.planned(first, end, TIMESTEP).group == least.group


@pytest.mark.slow
@settings(QUIET, max_examples=80)
@given(networks(), NAMES, archs(), BATCHES, KEPT)
def test_no_chunk_goes_below_its_floor(net: Network, sharing: Sharing, arch: Arch, batch: int, bptt: str) -> None:
    of, chunks = choices(net, sharing, arch, batch, None, bptt), ChunkSizes.of(batch, None)
    assert of.training is not None
    for first, end in spans(net, of):
        floors = chunk_floors(of.facts, of.chip.room, first, end - 1, chunks, all_written=True)
        floors = floors + of.training.back_floors(first, end - 1, chunks)
        for floor, images in zip(floors.tolist(), chunks.images.tolist(), strict=True):
            one = choices(net, sharing, arch, batch, images, bptt)
            assert floor <= one.planned(first, end, TIMESTEP).dram_bytes


@pytest.mark.slow
@settings(QUIET, max_examples=40)
@given(networks(), NAMES, archs(), BATCHES, KEPT, st.sampled_from(["timestep", "auto"]))
def test_a_plan_moves_no_more_than_in_any_chunks(
    net: Network, sharing: Sharing, arch: Arch, batch: int, bptt: str, schedule: str
) -> None:
    with suppress(InputError):  # a norm that forbids the schedule
        best = moved(trained_plan_on(net, sharing, arch, ScheduleOptions(schedule, batch), bptt), batch, bptt)
        for chunk in range(1, batch + 1):
            with suppress(InputError):
                asked = trained_plan_on(net, sharing, arch, ScheduleOptions(schedule, batch, chunk), bptt)
                assert best <= moved(asked, batch, bptt)


@pytest.mark.slow
@settings(QUIET, max_examples=120)
@given(networks(), NAMES, archs(), BATCHES, KEPT, st.sampled_from(BUFFERS), st.sampled_from([1.02, 1.3, 3, 50]))
def test_more_buffer_never_moves_more(
    net: Network, sharing: Sharing, arch: Arch, batch: int, bptt: str, name: str, times: float
) -> None:
    buffer = getattr(arch.buffers, name)
    larger = buffer.model_copy(update={"size_bytes": int(buffer.size_bytes * times) + 1})
    other = arch.model_copy(update={"buffers": arch.buffers.model_copy(update={name: larger})})
    for schedule in ("timestep", "auto"):
        with suppress(InputError):
            options = ScheduleOptions(schedule, batch)
            less, more = (trained_plan_on(net, sharing, one, options, bptt) for one in (arch, other))
            assert moved(more, batch, bptt) <= moved(less, batch, bptt)


@pytest.mark.parametrize(
    ("schedule", "bptt", "fewest"),
    [
        ("timestep", "reversed", 30_075_798),
        ("timestep", "recomputed", 43_325_334),
        ("timestep", "stored", 27_991_056),
        ("auto", "reversed", 10_067_440),
        ("auto", "recomputed", 11_358_576),
        ("auto", "stored", 23_571_012),
    ],
)
def test_lenet_is_trained_in_chunks_that_fit_both_ways(schedule: str, bptt: str, fewest: int) -> None:
    """In other chunks the forward pass alone would move fewer bytes."""
    result = lifsim.run(
        "sata_training",
        "lenet5_mnist",
        mode="training",
        batch=16,
        schedule=schedule,
        bptt=bptt,
        overrides=["dram.model=ideal"],
    )
    assert result.totals.dram_bytes.total == fewest


@pytest.mark.parametrize("bptt", ["stored", "reversed", "recomputed"])
def test_less_than_a_quarter_of_all_chunk_sizes_are_planned(bptt: str) -> None:
    """Fewer than a quarter of all pairs of a group and a size of chunks are planned."""
    net, arch, planned = load_workload("lenet5_mnist"), load_arch("sata_training"), list[GroupPlan]()
    of, moved_by = choices(net, Sharing(), arch, 256, None, bptt), TrainedGroups.moved

    def counted(self: TrainedGroups, group: GroupPlan) -> int:
        planned.append(group)
        return moved_by(self, group)

    with patch.object(TrainedGroups, "moved", counted):
        groups = of.every()
    assert len(planned) < len(groups) * len(chunk_sizes(256, None)) / 4
