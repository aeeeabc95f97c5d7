"""Do the steps of a training run move what its books count, and nothing before it is there?"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from functools import partial

import numpy as np
import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from lifsim.errors import InputError
from lifsim.hardware.pipeline.kinds import WRITES, Kind
from lifsim.keeping import KEEPINGS, Keeping
from lifsim.memo import Memo
from lifsim.model.arch import Arch, OptimizerPart
from lifsim.model.network import Network
from lifsim.model.sharing import Sharing
from lifsim.optimizers import OPTIMIZERS
from lifsim.play.steps import Planned
from lifsim.schedule.plan import ScheduleOptions
from lifsim.schedule.tensors.moves import Visit
from lifsim.schedule.traffic import DramBytes
from lifsim.training.flows import Flow, Turns
from lifsim.training.forward import GroupForward
from lifsim.training.refusals import gradient_faults
from lifsim.training.sizes import TrainingSizes
from lifsim.training.stages import Stage
from lifsim.training.steps import backward_visits
from lifsim.training.traffic import LayerTraining, StageBytes, training_traffic
from tests.schedule import build
from tests.schedule.networks import network, networks
from tests.schedule.normed import normed_networks
from tests.schedule.on_arch import plan_on, trained_plan_on
from tests.schedule.test_timestep import SHARINGS, archs

QUIET = settings(deadline=None, suppress_health_check=[HealthCheck.filter_too_much, HealthCheck.too_slow])
KEEPS = st.sampled_from([*KEEPINGS.values()])
GRADIENTS = ("gradient", "membrane_gradients", "weight_gradients", "norm_gradients")
GRADIENTS_OF_ITS_OWN = ("membrane_gradients", "weight_gradients", "state_gradients")
"""What a visit may put out and bring in again: overflow, and states between the parts of their chains."""
STATISTICS = st.sampled_from(["timestep", "all_timesteps"])
BEFORE = ("weights:", "optimizer_state:", "tensor:")
"""Tensors that are in DRAM before the backward pass: from the batch before, or from the forward pass."""


@st.composite
def cases(draw: st.DrawFn) -> tuple[Network, Sharing, Arch, ScheduleOptions, Keeping]:
    batch = draw(st.integers(1, 4))
    options = ScheduleOptions(draw(st.sampled_from(["tick", "timestep", "auto"])), batch, draw(st.integers(1, batch)))
    network = draw(st.one_of(networks(), normed_networks(STATISTICS)))
    part = draw(st.builds(OptimizerPart, name=st.sampled_from(sorted(OPTIMIZERS)), master_weights=st.booleans()))
    arch = draw(archs()).model_copy(update={"optimizer": part})
    return network, Sharing.parse(draw(st.sampled_from(SHARINGS))), arch, options, draw(KEEPS)


def trained(
    case: tuple[Network, Sharing, Arch, ScheduleOptions, Keeping],
) -> tuple[tuple[LayerTraining, ...], list[tuple[str, Visit]]]:
    """The books and the steps of a plan that batch norms allow."""
    network, sharing, arch, options, keeping = case
    try:
        schedule = trained_plan_on(network, sharing, arch, options)
    except InputError:
        assume(False)
    sizes = TrainingSizes(schedule.facts, schedule.chip, options.batch, keeping)
    planned = Planned(schedule, options.batch, Memo(), keeps_spikes=True)
    forward = [
        (Stage.FORWARD, visit)
        for group in schedule.groups
        for visit in GroupForward(sizes, group, partial(planned.whole_group, group))
    ]
    return training_traffic(sizes, schedule), [*forward, *backward_visits(sizes, schedule)]


def tensor_of(stage: str, kind: Kind, region: str) -> str:
    """The tensor in the books whose bytes these are, by where they lie and which way they go."""
    way = "write" if kind in WRITES else "read"
    name, _, _ = region.partition(":")
    if name == "optimizer_state":
        return name
    if name == "weights":
        return "weight_updates" if stage == "weight_update" else "weights"
    if name == "tensor":
        of_tensors = {Kind.SPIKES_IN: "spikes_in", Kind.SPIKES_OUT: "spikes_out", Kind.RESIDUAL: "residual"}
        return (of_tensors | {Kind.PSUM_READ: "sums_read"})[kind]
    if name == "psums" and stage in ("gradient_sums", "backward"):
        return "sums_read"
    of = {"psums": "psum", "state": "membrane", "state_gradients": "membrane", "states": "states", "sums": "sums"}
    of["undone"] = "membrane"
    return f"{'gradients' if name in GRADIENTS else of[name]}_{way}"


def books_of(stage: StageBytes) -> dict[str, int]:
    return {name: size for name, size in vars(stage).items() if size and name != "update_reads"}


@pytest.mark.slow
@settings(QUIET, max_examples=60)
@given(cases())
def test_every_stage_of_every_layer_moves_its_books_tensor_by_tensor(
    case: tuple[Network, Sharing, Arch, ScheduleOptions, Keeping],
) -> None:
    books, run = trained(case)
    moved: dict[tuple[int, str], Counter[str]] = {}
    reads: Counter[tuple[int, str]] = Counter()
    for stage, visit in run:
        reads[visit.layer, stage] += int(visit.moves.bytes[~np.isin(visit.moves.kind, WRITES)].sum())
        mine = moved.setdefault((visit.layer, stage), Counter())
        for kind, region, size in zip(visit.moves.kind, visit.moves.region, visit.moves.bytes, strict=True):
            mine[tensor_of(stage, Kind(kind), visit.regions[region])] += int(size)
    counted = {
        (layer, stage): books_of(bytes_)
        for layer, stages in enumerate(books)
        for stage, bytes_ in vars(stages).items()
        if isinstance(bytes_, StageBytes)
    }
    assert {place: dict(tensors) for place, tensors in moved.items()} == counted
    assert dict(reads) == {(layer, stage): getattr(books[layer], stage).reads for layer, stage in reads}


def touched(visit: Visit, *, writes: bool) -> Iterator[tuple[str, np.ndarray]]:
    """Names and byte numbers."""
    moves = visit.moves
    for move in np.flatnonzero(np.isin(moves.kind, WRITES) == writes):
        start = moves.offset[move] + moves.pitch[move] * np.arange(moves.extents[move])
        yield visit.regions[moves.region[move]], (start[:, None] + np.arange(moves.extent_bytes[move])).ravel()


@pytest.mark.slow
@settings(QUIET, max_examples=40)
@given(cases())
def test_the_way_back_reads_only_bytes_that_were_written_before(
    case: tuple[Network, Sharing, Arch, ScheduleOptions, Keeping],
) -> None:
    """Except for the loss's gradient, which the backward stage reads first, and a visit's own overflow. All that
    overflows lies from the first byte of its region on."""
    network = case[0]
    read_later = {read.name for layer in network.layers for read in (layer.input, *layer.residuals)}
    results = {f"gradient:{t.name}" for layer in network.layers for t in layer.outputs if t.name not in read_later}
    written: dict[str, set[int]] = {}
    of_the_loss: dict[str, set[int]] = {}
    for stage, visit in trained(case)[1]:
        own = {name for name in visit.regions if name.startswith(GRADIENTS_OF_ITS_OWN)}
        puts_out = [(name, set(places.tolist())) for name, places in touched(visit, writes=True)]
        for name, places in puts_out:
            if name in own:
                written.setdefault(name, set()).update(places)
        for name, places in touched(visit, writes=False):
            if stage != "forward" and not name.startswith(BEFORE) and name not in results:
                assert set(places.tolist()) <= written.get(name, set()), (stage, name)
            if name in results and stage in ("gradient_sums", "backward"):
                of_the_loss.setdefault(name, set()).update(places.tolist())
            elif name in results and stage != "forward":
                assert set(places.tolist()) <= of_the_loss[name], (stage, name)
        for name, places in puts_out:
            written.setdefault(name, set()).update(places)
    assert {min(places) for name, places in written.items() if name.startswith("membrane_gradients")} <= {0}


@pytest.mark.parametrize("schedule", ["tick", "timestep"])
def test_layers_and_timesteps_are_walked_back_as_they_were_walked_forward(schedule: str) -> None:
    from lifsim.config.arch import load_arch
    from lifsim.config.workload import load_workload

    network = load_workload("lenet5_mnist")
    case = network, Sharing(), load_arch("sata_training"), ScheduleOptions(schedule, 2, 1), KEEPINGS["reversed"]
    run = [(stage, visit.layer) for stage, visit in trained(case)[1]]
    layers = [layer.index for layer in network.layers]
    forward = [layer for stage, layer in run if stage == "forward"]
    back = [layer for stage, layer in run if stage == "backward"]
    assert [stage for stage, _ in run[: len(forward)]] == ["forward"] * len(forward)
    if schedule == "tick":
        assert forward == layers
        assert back == [layer for layer in reversed(layers) for _ in range(2)]
    else:
        assert back == list(reversed(forward))


def test_what_a_hard_reset_forgets_is_not_recomputed() -> None:
    names = ("fc0", "fc1", "fc2")
    layers = [
        op for name in names for op in ({"name": name, "op": "linear", "out": 4}, {"name": f"{name}_lif", "op": "lif"})
    ]
    soft, arch = network(layers, (4,), timesteps=2), build.arch()
    forgets = replace(build.SOFT, reset="hard")
    nodes = [replace(n, neuron=forgets) if n.name in ("fc0_lif", "fc2_lif") else n for n in soft.nodes]
    net = replace(soft, nodes=tuple(nodes))
    assert [fault.path for fault in gradient_faults(net, KEEPINGS["reversed"])] == ["layers.fc0_lif", "layers.fc2_lif"]
    assert list(gradient_faults(net, KEEPINGS["stored"])) == []
    books, _ = trained((net, Sharing(), arch, ScheduleOptions("tick"), KEEPINGS["stored"]))
    assert all(stages.recompute is None for stages in books)


def test_bytes_of_a_stage_are_the_sum_of_all_it_moves() -> None:
    operand, update_reads = 1, 5000  # of spikes_in; of weight_updates and optimizer_state
    moved = StageBytes(
        1, 2, 4, 8, 16, 32, 64, 128, operand,
        states_write=256, states_read=512, gradients_write=1024, gradients_read=2048, sums_write=4096, sums_read=8192,
        weight_updates=16384, optimizer_state=32768, update_reads=update_reads,
    )  # fmt: skip
    assert moved.total == 65535
    assert moved.reads == 1 + 2 + 8 + 16 + 64 + 512 + 2048 + 8192 + 5000
    assert moved.writes == 4 + 32 + 128 + 256 + 1024 + 4096 + 16384 + 32768 - 5000
    shown = moved.shown()
    assert sum(size for name, size in shown.items() if name != "total") == shown["total"] == 65535
    assert shown["psum"] == 64 + 128


def test_bytes_of_a_stage_and_of_inference_are_not_added_up_by_mistake() -> None:
    assert StageBytes(weights=1, states_read=2) + StageBytes(states_read=3) == StageBytes(weights=1, states_read=5)
    with pytest.raises(TypeError):
        StageBytes() + DramBytes()
    with pytest.raises(TypeError):
        DramBytes() + StageBytes()


@pytest.mark.parametrize(
    ("total", "stays", "rounds", "sizes"),
    [
        (100, 20, 2, [40, 20, 20, 20]),
        (100, 20, 1, [0, 60, 0, 40]),  # of a layer that is computed once and replayed only the first timestep works
        (10, 20, 2, [10, 0, 0, 0]),
        (6, 3, 2, [3, 1, 1, 1]),
    ],
)
def test_weights_that_stay_come_with_the_first_turn_that_works(
    total: int, stays: int, rounds: int, sizes: list[int]
) -> None:
    """Two images, two timesteps each, walked back."""
    images = np.array([1, 1, 0, 0])
    turns = Turns(np.arange(4), images, np.ones_like(images), np.array([1, 0, 1, 0]), batch=2, timesteps=2)
    flow = turns.weights("weights:x", total, stays, rounds)
    assert (flow.kind, flow.region, flow.bytes.tolist()) == (Kind.WEIGHTS, "weights:x", sizes)
    assert np.all(np.asarray(flow.offset) == 0)


def test_a_tensor_is_dealt_to_the_turns_of_its_images_and_timesteps() -> None:
    """13 bytes, timestep by timestep, in each the images; what has one timestep is the last turn's or the first's."""
    images = np.array([1, 1, 0, 0])
    turns = Turns(np.arange(4), images, np.ones_like(images), np.array([1, 0, 1, 0]), batch=2, timesteps=2)
    every = turns.spread(Kind.SPIKES_IN, "tensor:x", 13, 2, start=100)
    assert (every.bytes.tolist(), every.offset.tolist()) == ([4, 3, 3, 3], [109, 103, 106, 100])
    last, first = (turns.spread(Kind.SPIKES_IN, "tensor:x", 13, 1, at_once=at_once) for at_once in (False, True))
    assert (last.bytes.tolist(), first.bytes.tolist()) == ([0, 7, 0, 6], [7, 0, 6, 0])
    assert last.offset.tolist() == [6, 6, 0, 0]
    some = turns.at(Kind.PSUM_READ, "weight_gradients:x", slice(1, None), 16)
    assert (some.bytes.tolist(), np.unique(some.offset).tolist()) == ([0, 5, 5, 6], [0])


def test_bytes_that_come_again_are_read_whole_and_then_in_part() -> None:
    """Two turns of 4 and 6 bytes that move 11 and 6: the first ones twice, then three of them."""
    flow = Flow(Kind.SPIKES_IN, "tensor:x", np.array([4, 6]), np.array([0, 4]))
    whole, rest = flow.again(np.array([11, 6]))
    assert (whole.bytes.tolist(), whole.times.tolist(), rest.bytes.tolist()) == ([4, 6], [2, 1], [3, 0])
    assert whole.offset is flow.offset
    assert rest.offset is flow.offset


def test_weights_that_one_pass_over_all_images_needs_come_with_the_first() -> None:
    """Tick-batched with each filter tile kept for all pixels: 16 weights of the second layer, two images."""
    ops = [{"name": "fc1", "op": "linear", "out": 4}, {"name": "lif", "op": "lif"}]
    net = network([*ops, {"name": "fc2", "op": "linear", "out": 4}], (4,), 2)
    case = net, Sharing(), build.arch(), ScheduleOptions("tick", 2), KEEPINGS["reversed"]
    tiling = plan_on(*case[:4]).layers[1].tiling
    assert (tiling.order, tiling.resident_weight_bytes) == ("weights_outer", 0)
    back = [visit for stage, visit in trained(case)[1] if stage == "backward" and visit.layer == 1]
    assert [visit.moves.total(Kind.WEIGHTS) for visit in back] == [16, 0]
