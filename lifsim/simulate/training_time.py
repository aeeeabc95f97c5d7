"""Time of a training run: its stages, in the order in which they run, wait for the memory as inference does."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from lifsim.accounting import Setup
from lifsim.schedule.plan import Plan
from lifsim.schedule.training_sizes import TrainingSizes
from lifsim.schedule.training_steps import training_visits
from lifsim.simulate.timing import Timeline, timed
from lifsim.simulate.training import Stages
from lifsim.simulate.training_ports import with_training_port_stalls
from lifsim.simulate.visits import visits


def timed_training(
    setup: Setup, plan: Plan, layers: Sequence[Stages], *, reverse: bool
) -> tuple[list[Stages], Timeline]:
    """`layers`, whose stages know no waiting, with the cycles in which they wait for SRAM ports and for the DRAM."""
    network, batch = setup.network, setup.batch
    tick_batched = [plan.group_of(layer.index).tick_batched for layer in network.layers]
    layers = [
        with_training_port_stalls(setup, layer, stages, tick_batched=tick, reverse=reverse)
        for layer, stages, tick in zip(network.layers, layers, tick_batched, strict=True)
    ]
    works = {work: place for place, work in enumerate((i, name) for i, stages in enumerate(layers) for name in stages)}
    sizes = TrainingSizes(plan.facts, plan.chip, batch, reverse)
    forward = visits(plan, batch, setup.memo, keeps_spikes=True)
    run = training_visits(sizes, plan, forward)
    counts, timeline = timed(
        setup.machine,
        [replace(visit, layer=works[visit.layer, stage]) for stage, visit in run],
        [layers[layer][stage] for layer, stage in works],
    )
    names = tuple(f"{network.layers[layer].name} {stage}" for layer, stage in works)
    waited: list[Stages] = [
        {stage: counts[works[layer, stage]] for stage in stages} for layer, stages in enumerate(layers)
    ]
    return waited, replace(timeline, names=names)
