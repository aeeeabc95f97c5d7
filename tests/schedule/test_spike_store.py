"""Do spikes and sums that stand still wait where they are made, or in DRAM?"""

from __future__ import annotations

from lifsim.model.sharing import Sharing
from lifsim.schedule.plan import ScheduleOptions
from lifsim.schedule.timestep.spike_store import Span, SpikeBuffers, Timestep, walk_timestep
from tests.schedule import build
from tests.schedule.networks import network
from tests.schedule.on_arch import facts_on, plan_on

CONV1 = [{"name": "conv1", "op": "conv", "out": 4, "kernel": 3, "padding": 1}, {"name": "lif1", "op": "lif"}]
SHORTCUT = [
    *CONV1,
    {"name": "shortcut", "op": "conv", "input": "input", "out": 4, "kernel": 1},
    {"name": "conv2", "op": "conv", "input": "lif1", "out": 4, "kernel": 3, "padding": 1},
    {"name": "sum", "op": "add", "inputs": ["conv2", "shortcut"]},
    {"name": "lif2", "op": "lif"},
]


def test_what_the_first_timestep_made_comes_from_dram_in_the_others() -> None:
    """A shortcut of the image itself is computed once: 4 x 8 x 8 sums of 2 bytes, which are on chip when they are
    added at that timestep, and read at each of the two others."""
    net = network(SHORTCUT, (2, 8, 8), 3, "direct")
    moved = plan_on(net, Sharing(), build.arch(), ScheduleOptions("timestep")).dram
    assert moved.residual == 2 * 512


def test_a_timestep_that_only_replays_holds_no_input() -> None:
    """conv1 reads the image, 2 x 8 x 8 bytes, at the first timestep; the others have but its sums."""
    facts = facts_on(network(CONV1, (2, 8, 8), 3, "direct"), Sharing(), build.arch())
    buffers = SpikeBuffers(1000, 1000, 1)
    first, middle = (walk_timestep(facts, [Span(0, 0)], buffers, Timestep(now, False)) for now in (True, False))
    assert (first.most_in, middle.most_in) == (128, 0)


def test_rows_between_strips_take_room_from_what_was_held_before_it_is_read() -> None:
    """lif1, 4 x 8 x 8 spikes or 32 bytes, is read by two layers in strips, whose rows take 12 of the 20 bytes of
    spike_out: 8 are still there when it is read, and the others, also those that were there before, come from DRAM."""
    layers = [*CONV1]
    for number in (2, 3):
        conv = {"name": f"conv{number}", "op": "conv", "out": 4, "kernel": 3, "padding": 1}
        layers += [conv, {"name": f"lif{number}", "op": "lif"}]
    facts = facts_on(network(layers, (2, 8, 8), 3), Sharing(), build.arch())
    now = Timestep(first=False, last=False)
    found = walk_timestep(facts, [Span(0, 0), Span(1, 2, window_bytes=12)], SpikeBuffers(4, 20, 1), now)
    assert found.kept == [{"lif1": 20}, {"lif1": 8}]
    assert found.inputs[1] == 8
    assert found.writes["lif1"] == 32 - 8


def test_what_finds_no_room_is_written_whole_though_it_is_not_asked_after_again() -> None:
    """Outputs are 32 bytes each, and spike_out has 32: lif1, which the next and the last layer read, is made first and
    stays where its next reader is the nearest; the others go to DRAM as they are made, and come from there."""
    layers = [*CONV1]
    for number in (2, 3, 4):
        layers.append({"name": f"conv{number}", "op": "conv", "out": 4, "kernel": 3, "padding": 1})
        if number == 4:
            layers.append({"name": "add", "op": "add", "inputs": ["conv4", "lif1"]})
        layers.append({"name": f"lif{number}", "op": "lif"})
    facts = facts_on(network(layers, (2, 8, 8), 3), Sharing(), build.arch())
    now = Timestep(first=False, last=False)
    found = walk_timestep(facts, [Span(one, one) for one in range(4)], SpikeBuffers(4, 32, 1), now)
    held = [{name: size for name, size in kept.items() if size} for kept in found.kept]
    assert held == [{"lif1": 32}] * 4
    assert found.writes == {"lif1": 0, "lif2": 32, "lif3": 32, "lif4": 32}
    assert (found.inputs[2], found.inputs[3], found.residual_reads[3]) == (0, 0, 0)
