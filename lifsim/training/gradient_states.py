"""Traffic of membrane gradients between timesteps in the backward pass.

A tick-batched layer keeps them in the PEs. A timestep-major group keeps a gradient per state variable, of
precision.gradient_bits (and the variable itself if calls are undone), in the membrane buffer, and moves what does not
fit by the rules of the forward pass (lifsim.schedule.timestep.membranes), without strips. If u runs forward again, u'
of all calls of one timestep of the group is in flight until it is undone: what does not fit beside the gradients is
stored and loaded once per timestep, and loaded once more if another layer's call continues from it. The split that
moves the fewest bytes is taken.
"""

from __future__ import annotations

import numpy as np

from lifsim.keeping import Keeping
from lifsim.lazy_dataclass import dataclass
from lifsim.schedule.chip import Chip
from lifsim.schedule.facts import NetworkFacts, StateFacts
from lifsim.schedule.plan import GroupPlan
from lifsim.schedule.tensors.moves import shares
from lifsim.schedule.tensors.rows import Ints
from lifsim.schedule.tensors.storage import bytes_of
from lifsim.schedule.timestep.membranes import StateUse, best_split, calls_of, relays_of
from lifsim.training.carried import carried

Relays = dict[StateFacts, list[tuple[int, ...]]]
"""The relays of each state: layers that use it one after the other, in the order of the backward pass."""


@dataclass(frozen=True)
class StateMoves:
    """Bytes [chunks, timesteps] by layer index, timesteps in the order of the backward pass. Under tick batching, a
    chunk is one image, with all its timesteps at once. in_flight: recomputed u', written and read again to be undone;
    continued: the part of it that is read for the next layer on the same state."""

    reads: dict[int, Ints]
    writes: dict[int, Ints]
    in_flight: dict[int, Ints]
    continued: dict[int, Ints]

    @classmethod
    def none(cls, group: GroupPlan, batch: int, timesteps: int) -> StateMoves:
        """No moves."""
        shape = (batch, 1) if group.tick_batched else (-(-batch // group.images), timesteps)
        members = range(group.first, group.last + 1)
        return cls(*({layer: np.zeros(shape, np.int64) for layer in members} for _ in range(4)))

    def add(self, relays: list[tuple[int, ...]], moving: int, transient: int, apart: int, chunks: slice) -> None:
        """Add a state of which `moving` bytes do not stay on chip. At most `transient` of them stay through a relay of
        calls; the others leave and return `apart` times between the parts of a chain."""
        through = min(moving, transient)
        for call in calls_of(relays):
            reads_from, writes_until = 1 if call.first else 0, -1 if call.last else None
            self.reads[call.layer][chunks, reads_from:] += call.read(moving, through)
            self.writes[call.layer][chunks, :writes_until] += call.written(moving, through)
            for moves in (self.reads, self.writes):
                moves[call.layer][chunks] += (moving - through) * apart

    def add_in_flight(self, flight: Flight, away: int, chunks: slice) -> None:
        """Add `away` bytes of u' in flight that leave and return."""
        for layer, after, size in zip(flight.layers, flight.next, shares(away, np.array(flight.bytes)), strict=True):
            self.in_flight[layer][chunks] += size
            if after is not None:
                self.continued[after][chunks] += size


@dataclass(frozen=True)
class Flight:
    """u' of the calls of a timestep and image, by layer. next: the layer that continues from it; None if the chain
    continues in the unit, or no layer does."""

    layers: tuple[int, ...]
    next: tuple[int | None, ...]
    bytes: tuple[int, ...]

    @property
    def moves(self) -> int:
        """How often a byte that does not stay moves."""
        return 2 + any(after is not None for after in self.next)


def gradient_state_moves(facts: NetworkFacts, chip: Chip, group: GroupPlan, batch: int, keeping: Keeping) -> StateMoves:
    """The moves of the layers of `group`. keeping: how the backward pass gets the membranes."""
    moves = StateMoves.none(group, batch, facts.timesteps)
    if group.tick_batched:
        return moves
    states, precision = keeping.carries_states, chip.precision
    by_state = {
        carried(state, precision, states=states): relays for state, relays in relays_back(facts, group.indices).items()
    }
    flights = flights_of(facts, group.indices, precision.membrane_bits) if keeping.holds_calls else []
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
        granule = max((use.granule for use in uses), default=0)
        in_flight = [
            StateUse(images * sum(flight.bytes), 1, 1, granule=granule, a_timestep=flight.moves) for flight in flights
        ]
        split = best_split([*uses, *in_flight], facts.timesteps, chip.room.membrane)
        for use, relays, permanent in zip(uses, by_state.values(), split.permanent, strict=False):
            moves.add(relays, use.bytes - permanent, split.transient, use.parts_apart(split.reserved), chunks)
        for flight, use, stays in zip(flights, in_flight, split.permanent[len(uses) :], strict=True):
            moves.add_in_flight(flight, use.bytes - stays, chunks)
    return moves


def flights_of(facts: NetworkFacts, layers: range, membrane_bits: int) -> list[Flight]:
    """The flights of these layers, at most two: u' of the calls from which the next layer on the same state continues
    (each layer's last calls), and u' of all other calls."""
    goes_on: list[tuple[int, int | None, int]] = []
    ends: list[tuple[int, int | None, int]] = []
    for state in facts.states:
        for layer, after in zip(state.layers, (*state.layers[1:], None), strict=True):
            if layer in layers:
                every = bytes_of(facts.layers[layer].layer.lif_elements * state.variables * membrane_bits)
                left = bytes_of(state.values * membrane_bits) if after is not None else 0
                goes_on += [(layer, after, left)] if left else []
                ends.append((layer, None, every - left))
    return [Flight(*zip(*calls, strict=True)) for calls in (goes_on, ends) if calls]


def relays_back(facts: NetworkFacts, layers: range) -> Relays:
    """The relays of the states of these layers, in the order of the backward pass."""
    owner = {layer: state for state in facts.states for layer in state.layers}
    return relays_of((owner[layer], layer) for layer in reversed(layers) if layer in owner)
