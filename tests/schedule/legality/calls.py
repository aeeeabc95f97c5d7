"""The LIF calls of a timestep-major group as events: which membranes stay, which pass, which stream in and out.

A state's bytes are in two things: what stays from timestep to timestep, and what DRAM holds in between, of which the
first bytes stream through at every call and the others stay from the first call of a relay to its last. Both are dealt
to filters (chain by chain, in the order in which filters are taken) and, in strips, to rows.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from lifsim.hardware.pipeline.kinds import Kind
from lifsim.schedule.plan import GroupPlan, Plan
from lifsim.schedule.tensors.moves import Visit
from lifsim.schedule.timestep.membranes import MembraneSplit, StateCall, calls_of
from tests.oracles.legality import IllegalPlanError, Walker
from tests.oracles.legality_events import Drop, Event, Fire, Load, Put, Store, Thing
from tests.schedule.legality.order import Order, Range


@dataclass(frozen=True)
class Call:
    """A layer's call at a timestep of a chunk: stays and moves, the two things of its state; streaming: bytes of the
    second that stream; room: bytes of the buffer that they have; rows: those at work of all that its state has; order:
    of its filters as they are taken; apart: whether chains leave between their parts."""

    layer: str
    timestep: int
    stays: Thing
    moves: Thing
    streaming: int
    room: int
    rows: Range
    of_rows: int
    order: Order
    apart: bool

    def area(self, begin: int, size: int, chains: Range) -> Range:
        """Of an area of a thing, the bytes of some chains of the rows at work."""
        low, high = (size * row // self.of_rows for row in self.rows)
        ends = [begin + low + (high - low) * chain // self.order.chains for chain in chains]
        return ends[0], ends[1]


class CallEvents:
    """Of one group."""

    def __init__(self, walker: Walker, plan: Plan, group: GroupPlan, batch: int) -> None:
        self.walker, self.plan, self.group, self.batch = walker, plan, group, batch
        walked = group.walked
        self.splits = walked.cost.membranes
        self.images = walked.group.chunks.images
        self.stripped = set(walked.cost.heights)
        self.owner: dict[int, tuple[int, int, StateCall]] = {}
        for position, index in enumerate(walked.group.states):
            for call in calls_of(walked.group.relays_of(index)):
                self.owner[call.layer] = position, index, call
        self.chunks = range(-(-batch // self.images))
        for chunk in self.chunks:
            for position, index in enumerate(walked.group.states):
                state, stays = plan.facts.states[index], self._split(chunk).permanent[position]
                whole = min(self.images, batch - chunk * self.images) * state.bytes
                for part, size in (("stays", stays), ("moves", whole - stays)):
                    walker.chip.add_state(("state", state.name, chunk, part), state.name, size)

    def _split(self, chunk: int) -> MembraneSplit:
        last_is_smaller = self.batch % self.images and chunk == self.chunks[-1]
        return self.splits[-1 if last_is_smaller else 0]

    def step(self, visit: Visit, step: int, chunk: int, rows: Range, filters: Range) -> Iterator[Event]:
        """What a step does to the membranes of its rows x filters: what is transient comes in and is updated, what
        streams comes, is updated and goes piece by piece, and what is transient goes."""
        if visit.layer not in self.owner:
            return
        _, _, when = self.owner[visit.layer]
        call = self._call(visit, chunk, rows)
        loads, stores = (_ranges(visit, step, kind) for kind in (Kind.MEMBRANE_READ, Kind.MEMBRANE_WRITE))
        blocks = call.order.blocks(filters)
        begun, ended = call.order.begun(filters), call.order.ended(filters)
        area = call.streaming, self.walker.chip.size(call.moves) - call.streaming
        kept = (call.stays, 0, self.walker.chip.size(call.stays)), (call.moves, *area)
        first = visit.timestep == 0 and when.first
        if first:
            for thing, begin, size in kept:
                yield Put("membrane", thing, *call.area(begin, size, begun))
        streams = call.area(0, call.streaming, (0, call.order.chains))
        for piece in (part for load in loads for part in _minus(load, streams)):
            yield Load("membrane", call.moves, *piece)
        for chains, groups in blocks:
            for which in range(*groups):
                for thing, begin, size in kept:
                    yield Fire(call.layer, call.timestep, which, thing, *call.area(begin, size, chains))
        for chains, groups in blocks:
            piece = call.area(0, call.streaming, chains)
            yield from self._stream(call, piece, groups, (None if first else loads, stores))
        for piece in (part for store in stores for part in _minus(store, streams)):
            yield Store("membrane", call.moves, *piece)
        if when.closes:
            yield Drop("membrane", call.moves, *call.area(*area, ended))

    def _call(self, visit: Visit, chunk: int, rows: Range) -> Call:
        position, index, _ = self.owner[visit.layer]
        split, state = self._split(chunk), self.plan.facts.states[index]
        stays, moves = (("state", state.name, chunk, part) for part in ("stays", "moves"))
        in_strips = index in self.stripped
        images = min(self.images, self.batch - chunk * self.images)
        use = self.group.walked.group.state_uses(images, self.group.walked.cost.heights)[position]
        return Call(
            layer=self.walker.net.layers[visit.layer].name,
            timestep=visit.timestep or 0,
            stays=stays,
            moves=moves,
            streaming=0 if in_strips else max(0, self.walker.chip.size(moves) - split.transient),
            room=split.reserved,
            rows=rows if in_strips else (0, state.rows),
            of_rows=state.rows,
            order=Order.of(self.walker.net.layers[visit.layer]),
            apart=use.parts_apart(split.reserved) > 0,
        )

    def _stream(
        self, call: Call, part: Range, groups: Range, moved: tuple[list[Range] | None, list[Range]]
    ) -> Iterator[Event]:
        """Bytes of chains, piece by piece as large as the room that is left; those of a chain that is not complete
        stay, unless they leave between its parts. moved: what the step loads, None where it is at rest, and stores.

        Without room nothing may come or go: what is at rest then passes its only call in the LIF units."""
        loads, stores = ([part], [part]) if call.apart else moved
        if moved[0] is None and groups[0] == 0:
            loads = None
        if not call.room and any(_common(part, [*(loads or ()), *stores])):
            raise IllegalPlanError(f"membranes of {call.layer} stream, and have no room")
        place = "membrane" if call.room else "passing"
        for low in range(*part, call.room or max(1, part[1] - part[0])):
            piece = low, min(low + call.room, part[1]) if call.room else part[1]
            if (groups[0] == 0 or call.apart) and loads is None:
                yield Put(place, call.moves, *piece)
            elif (groups[0] == 0 or call.apart) and loads is not None:
                yield from (Load(place, call.moves, *both) for both in _common(piece, loads))
            for which in range(*groups):
                yield Fire(call.layer, call.timestep, which, call.moves, *piece, place)
            if groups[1] == call.order.calls or call.apart:
                yield from (Store(place, call.moves, *both) for both in _common(piece, stores))
                yield Drop(place, call.moves, *piece)


def _ranges(visit: Visit, step: int, kind: Kind) -> list[Range]:
    moves = visit.moves
    mine = np.flatnonzero((moves.step == step) & (moves.kind == kind))
    return [(int(moves.offset[move]), int(moves.offset[move] + moves.bytes[move])) for move in mine]


def _common(piece: Range, ranges: list[Range]) -> Iterator[Range]:
    for low, high in ranges:
        both = max(piece[0], low), min(piece[1], high)
        if both[0] < both[1]:
            yield both


def _minus(piece: Range, hole: Range) -> list[Range]:
    parts = (piece[0], min(piece[1], hole[0])), (max(piece[0], hole[1]), piece[1])
    return [(low, high) for low, high in parts if low < high] if hole[0] < hole[1] else [piece]
