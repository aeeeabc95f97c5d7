"""Gradients of membranes on their way from timestep to timestep, in the backward pass.

A tick-batched layer keeps them in the PEs. A timestep-major group keeps a gradient per state variable, of
precision.gradient_bits (and beside it the variable itself where that is recomputed), in the membrane buffer, and moves
what does not fit by the rules of the forward pass (lifsim.schedule.membranes), without strips.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from lifsim.schedule.chip import Chip
from lifsim.schedule.facts import NetworkFacts, StateFacts
from lifsim.schedule.membranes import StateUse, best_split, calls_of, relays_of
from lifsim.schedule.plan import GroupPlan
from lifsim.schedule.rows import Ints
from lifsim.training.carried import carried

Relays = dict[StateFacts, list[tuple[int, ...]]]
"""By state, its relays: layers that use it one after the other, in the order in which the backward pass meets them."""


@dataclass(frozen=True)
class StateMoves:
    """Bytes by layer (index): [chunks, timesteps], timesteps in the order in which the backward pass meets them.
    Tick-batched, a chunk is an image with all its timesteps at once."""

    reads: dict[int, Ints]
    writes: dict[int, Ints]

    @classmethod
    def none(cls, group: GroupPlan, batch: int, timesteps: int) -> StateMoves:
        """Nothing moves, yet."""
        shape = (batch, 1) if group.tick_batched else (-(-batch // group.images), timesteps)
        members = range(group.first, group.last + 1)
        return cls(*({layer: np.zeros(shape, np.int64) for layer in members} for _ in range(2)))

    def add(self, relays: list[tuple[int, ...]], moving: int, transient: int, apart: int, chunks: slice) -> None:
        """A state of which `moving` bytes do not stay, `transient` of them at most through a relay of calls; the others
        leave and come back `apart` times between the parts of a chain."""
        through = min(moving, transient)
        for call in calls_of(relays):
            reads_from, writes_until = 1 if call.first else 0, -1 if call.last else None
            self.reads[call.layer][chunks, reads_from:] += call.read(moving, through)
            self.writes[call.layer][chunks, :writes_until] += call.written(moving, through)
            for moves in (self.reads, self.writes):
                moves[call.layer][chunks] += (moving - through) * apart


def gradient_state_moves(facts: NetworkFacts, chip: Chip, group: GroupPlan, batch: int, *, reverse: bool) -> StateMoves:
    """What the layers of `group` move. reverse: membranes are recomputed."""
    moves = StateMoves.none(group, batch, facts.timesteps)
    if group.tick_batched:
        return moves
    relays_of_state = _relays(facts, group)
    by_state = {carried(state, chip.precision, states=reverse): relays for state, relays in relays_of_state.items()}
    whole, rest = divmod(batch, group.images)
    for images, chunks in ((group.images, slice(0, whole)), (rest, slice(whole, None))):
        uses = [
            StateUse(
                images * state.bytes,
                sum(map(len, relays)),
                len(relays),
                parted=state.parted.of(images),
                granule=state.granule,
            )
            for state, relays in by_state.items()
        ]
        split = best_split(uses, facts.timesteps, chip.room.membrane)
        for use, relays, permanent in zip(uses, by_state.values(), split.permanent, strict=True):
            moves.add(relays, use.bytes - permanent, split.transient, use.parts_apart(split.reserved), chunks)
    return moves


def _relays(facts: NetworkFacts, group: GroupPlan) -> Relays:
    owner = {layer: state for state in facts.states for layer in state.layers}
    return relays_of((owner[layer], layer) for layer in reversed(group.indices) if layer in owner)
