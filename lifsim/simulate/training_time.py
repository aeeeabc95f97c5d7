"""Time of a training run: its stages, in the order in which they run, wait for the memory as inference does."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from lifsim.schedule.facts import facts_of
from lifsim.schedule.plan import Plan
from lifsim.schedule.training_sizes import TrainingSizes
from lifsim.schedule.training_steps import training_visits
from lifsim.simulate.counter import Counter
from lifsim.simulate.timing import Timeline, timed
from lifsim.simulate.training import Stages
from lifsim.simulate.training_ports import with_training_port_stalls
from lifsim.simulate.visits import visits


def timed_training(
    counter: Counter, plan: Plan, layers: Sequence[Stages], *, reverse: bool
) -> tuple[list[Stages], Timeline]:
    """`layers`, whose stages know no waiting, with the cycles in which they wait for SRAM ports and for the DRAM."""
    network, sharing, arch, batch = counter.network, counter.sharing, counter.arch, counter.spikes.batch
    tick_batched = [plan.group_of(layer.index).tick_batched for layer in network.layers]
    layers = [
        with_training_port_stalls(counter, layer, stages, tick_batched=tick, reverse=reverse)
        for layer, stages, tick in zip(network.layers, layers, tick_batched, strict=True)
    ]
    works = {work: place for place, work in enumerate((i, name) for i, stages in enumerate(layers) for name in stages)}
    sizes = TrainingSizes(network, sharing, arch, batch, reverse)
    forward = visits(network, sharing, arch, batch, plan, counter.reuse, keeps_spikes=True)
    run = training_visits(sizes, facts_of(network, sharing, arch), plan, forward)
    counts, timeline = timed(
        arch,
        [replace(visit, layer=works[visit.layer, stage]) for stage, visit in run],
        [layers[layer][stage] for layer, stage in works],
        counter.watch,
    )
    names = tuple(f"{network.layers[layer].name} {stage}" for layer, stage in works)
    waited: list[Stages] = [
        {stage: counts[works[layer, stage]] for stage in stages} for layer, stages in enumerate(layers)
    ]
    return waited, replace(timeline, names=names)
