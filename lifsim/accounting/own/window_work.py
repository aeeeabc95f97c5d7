"""A layer window after window: in each it is one of so many timesteps, on its part of the spikes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from lifsim.accounting.own.array_work import ArrayWork
from lifsim.accounting.protocol import Setup
from lifsim.hardware.array import Kept
from lifsim.model.network import Layer
from lifsim.schedule.plan import GroupPlan
from lifsim.schedule.window import layers_of


@dataclass(frozen=True)
class WindowWork:
    """One window of a layer: as it is in it, and what is known of its spikes there. opens, closes: whether it finds
    states that a window before has left, and leaves some to another."""

    layer: Layer
    kept: Kept
    opens: bool = False
    closes: bool = False


def window_works(setup: Setup, layer: Layer, group: GroupPlan) -> list[WindowWork]:
    """Those of `layer`, one of `group`; one of all timesteps where it runs in no windows between all and one."""
    if not group.tiled or group.tick_batched:
        run = group.as_run(layer)
        return [WindowWork(run, setup.kept_of(run))]
    found, first = list[WindowWork](), 0
    layers, every = layers_of(layer, group.window), setup.kept_of(layer)
    for number, one in enumerate(layers):
        end = first + one.timesteps
        kept = every if layer.rounds < layer.timesteps else setup.memo.of(_rounds, every, first, end)
        found.append(WindowWork(one, kept, number > 0, number < len(layers) - 1))
        first = end
    return found


def _rounds(kept: Kept, first: int, end: int) -> Kept:
    return kept.window(first, end)


def joined(works: Sequence[ArrayWork]) -> ArrayWork:
    """One behind the other."""
    return ArrayWork(
        cycles=tuple(cycles for work in works for cycles in work.cycles),
        accesses=tuple(accesses for work in works for accesses in work.accesses),
        macs_effective=tuple(macs for work in works for macs in work.macs_effective),
        lif_cycles=sum(work.lif_cycles for work in works),
    )
