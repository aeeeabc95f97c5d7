"""The sums and the LIF calls of time-skewed strips as events.

A state's bytes are in two things an image: what stays from window to window, and what DRAM holds in between, each dealt
to rows. A row comes with the first call of a window, and goes with the last one.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product
from typing import TYPE_CHECKING

from lifsim.hardware.pipeline.kinds import Kind
from lifsim.schedule.plan import GroupPlan, Plan
from lifsim.schedule.tensors.products import gemm_of
from lifsim.schedule.waves.cut import rows_of_tile
from lifsim.schedule.waves.waves import Skewed
from tests.oracles.legality import Walker
from tests.oracles.legality_events import Drop, Event, Fire, Load, Put, Store, Thing
from tests.schedule.legality.order import Order, Range
from tests.schedule.legality.sums import Block, Sums, cut

if TYPE_CHECKING:
    from tests.schedule.legality.waves import Turn


class SkewedCalls:
    """Of the layers of one state."""

    def __init__(self, walker: Walker, plan: Plan, group: GroupPlan, batch: int) -> None:
        self.walker, self.net, self.group = walker, walker.net, group
        self.states = {index: state for state in plan.facts.states for index in state.layers}
        kept = group.residency.permanent if group.residency else {}
        for state in {id(state): state for index, state in self.states.items() if index in group.indices}.values():
            for image in range(batch):
                number, images = image % group.images, min(group.images, batch - image // group.images * group.images)
                size = min(kept.get(state.name, 0), images * state.bytes)
                stays = size * (number + 1) // images - size * number // images
                for part, of in (("stays", stays), ("moves", state.bytes - stays)):
                    walker.chip.add_state(("state", state.name, image, part), state.name, of)

    def strip(self, turn: Turn, timestep: int, rows: range, filters: Range) -> Iterator[Event]:
        """Rows x filters at one timestep."""
        told = self.net.layers[turn.layer]
        if told.state is None:
            return
        state, order = self.states[turn.layer], Order.of(told)
        opens = timestep == turn.window[0] and turn.layer == state.layers[0]
        closes = timestep == turn.window[1] - 1 and turn.layer == state.layers[-1]
        for image, part in product(turn.images, ("stays", "moves")):
            thing = ("state", state.name, image, part)
            begun, ended = (self._area(thing, rows, state.rows, order, chains)
                            for chains in (order.begun(filters), order.ended(filters)))  # fmt: skip
            if opens and not turn.number:
                yield Put("membrane", thing, *begun)
            elif opens and part == "moves":
                yield Load("membrane", thing, *begun)
            for chains, calls in order.blocks(filters):
                for call in range(*calls):
                    area = self._area(thing, rows, state.rows, order, chains)
                    yield Fire(told.name, timestep, call, thing, *area)
            if closes and turn.closes and part == "moves":
                yield Store("membrane", thing, *ended)
            if closes and (part == "moves" or not turn.closes):
                yield Drop("membrane", thing, *ended)

    def _area(self, thing: Thing, rows: range, of: int, order: Order, chains: Range) -> Range:
        size = self.walker.chip.size(thing)
        low, high = size * rows.start // of, size * rows.stop // of
        ends = [low + (high - low) * chain // order.chains for chain in chains]
        return ends[0], ends[1]


class SkewedSums:
    """Of one group: sums of strips, and currents that wait in the psum buffer for the other timesteps of a window.
    moved: by layer and kind, bytes of currents that had no room."""

    def __init__(self, walker: Walker, plan: Plan, group: GroupPlan) -> None:
        self.net, self.plan, self.group = walker.net, plan, group
        self.sums = Sums(walker, plan.chip.precision.psum_bits)
        self.moved: dict[tuple[int, Kind], int] = {}

    def strip(self, turn: Turn, timestep: int, rows: range, filters: Range) -> Iterator[Event]:
        """All images; tile of psums by tile of psums."""
        facts, told = self.plan.facts.layers[turn.layer], self.net.layers[turn.layer]
        if facts.when == "first" and timestep != turn.window[0]:
            return
        tiling = self.group.layers[turn.layer - self.group.first].tiling
        pixels = rows.start * told.row_pixels, rows.stop * told.row_pixels
        laid = self.plan.chip.psums.of(facts.layer)
        high = cut(pixels, rows_of_tile(facts.layer, tiling) * told.row_pixels)
        for image, wide, tall in product(turn.images, cut(filters, tiling.cut.filters), high):
            tile = gemm_of(facts.layer).tile(tall[1] - tall[0], wide[1] - wide[0])
            block = laid.dataflow.finishes(tile, laid.shape)
            for part, fold in product(cut(tall, block.pixels), cut(wide, block.filters)):
                yield from self.sums.events(Block(told.name, image, part, fold), [timestep])

    def bring(self, turn: Turn, timestep: int) -> Iterator[Event]:
        """Those of the rows at work that have no room come at every timestep of a window but the first."""
        for thing, row, stays in self._current_rows(turn, timestep) if timestep != turn.window[0] else ():
            yield Load("passing", thing, row[0] + stays, row[1])
            self._move(turn, Kind.PSUM_READ, row[1] - row[0] - stays)

    def currents(self, turn: Turn, timestep: int) -> Iterator[Event]:
        """Of rows that have passed: they begin to wait at the first timestep of a window, and are done at the last."""
        for thing, row, stays in self._current_rows(turn, timestep):
            if timestep == turn.window[0]:
                yield Put("psum", thing, row[0], row[0] + stays)
            if timestep == turn.window[0] != turn.window[1] - 1:
                yield Store("array", thing, row[0] + stays, row[1])
                self._move(turn, Kind.PSUM_WRITE, row[1] - row[0] - stays)
            if timestep == turn.window[1] - 1:
                yield Drop("psum", thing, *row)

    def _current_rows(self, turn: Turn, timestep: int) -> Iterator[tuple[Thing, Range, int]]:
        """(thing, bytes of a row, how many of them stay) of the rows at work."""
        told, facts = self.net.layers[turn.layer], self.plan.facts.layers[turn.layer]
        rows_out = facts.rows.axis.rows_out
        stays = self._staying(turn) if told.current_bytes else 0
        for image, row in product(turn.images, turn.rows[timestep] if told.current_bytes else ()):
            low, high = (told.current_bytes * end // rows_out for end in (row, row + 1))
            thing = ("/currents", told.name, image, told.current_bytes)
            yield thing, (low, high), min(stays, high - low)

    def _staying(self, turn: Turn) -> int:
        """Bytes of a row's currents that wait in the psum buffer, beside what sums work on there, first of all those of
        the first layer: from the first timestep of a window to the last, as many rows as these lie apart, and one
        strip."""
        waves, bits = self.group.in_waves, self.plan.chip.precision.psum_bits
        layers = [self.plan.facts.layers[index] for index in self.group.indices]
        room = max(0, self.plan.chip.room.psum - max(facts.psum_working_bytes for facts in layers))
        of, apart = layers[0].rows.axis.rows_out, turn.window[1] - turn.window[0] - 1
        skew = waves.skew if isinstance(waves, Skewed) else of
        rows = len(turn.images) * min(of, apart * skew + waves.height)
        for facts in layers:
            size = -(-(facts.layer.lif_elements // of * bits) // 8) if facts.when == "first" else 0
            lacks = -(-min(max(rows * size - room, 0), rows * size) // rows)
            room -= rows * size
            if facts.layer.index == turn.layer:
                return size - lacks
        raise ValueError(f"{turn.layer} must be of the group")

    def _move(self, turn: Turn, kind: Kind, size: int) -> None:
        self.moved[turn.layer, kind] = self.moved.get((turn.layer, kind), 0) + size
