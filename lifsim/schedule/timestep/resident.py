"""The residency that EfficientLIF-Net assumes: a state stays on chip between the layers that share it.

A network runs timestep by timestep, all images of the batch at once. A state is loaded when the consecutive calls of
its layers begin and written back when they end; between timesteps nothing stays. The membrane buffer is as large as
that requires, whatever the machine has: this is not a plan for a machine, but an interpretation of the paper's figure
9.
"""

from __future__ import annotations

from dataclasses import replace

from lifsim.lazy_dataclass import dataclass
from lifsim.schedule.chip import BufferBytes
from lifsim.schedule.facts import NetworkFacts
from lifsim.schedule.timestep.group import Chunks, Group
from lifsim.schedule.timestep.membranes import MembraneSplit
from lifsim.schedule.timestep.plan import planned
from lifsim.schedule.traffic import DramBytes


@dataclass(frozen=True)
class Resident:
    """What the whole network moves for the batch; membrane_buffer: bytes of the largest state, all images, that several
    calls use in a row; 0 if there is none."""

    dram: DramBytes
    membrane_buffer: int


def resident(facts: NetworkFacts, buffers: BufferBytes, batch: int) -> Resident:
    """Bytes with the other `buffers` as they are. A state of U bytes in s relays of calls a timestep moves 2 * U * (s *
    T - 1): the zero state is never read, the last one never written. A layer that is computed once is replayed or
    computed again, whichever moves fewer bytes."""
    last = len(facts.layers) - 1
    groups = [Group(way, 0, last, buffers, Chunks(batch, batch)) for way in facts.ways(0, last)]
    uses = groups[0].state_uses(batch, {})
    needed = max((use.bytes for use in uses if use.calls > use.relays), default=0)
    moved = sum(use.bytes * use.transient_moves(facts.timesteps) for use in uses)
    split = MembraneSplit(needed, (0,) * len(uses), moved)
    costs = [replace(group.cost({}), membranes=(split,), membrane_bytes=moved) for group in groups]
    group, cost = min(zip(groups, costs, strict=True), key=lambda one: one[1].total)
    return Resident(planned(group, cost).dram, needed)
