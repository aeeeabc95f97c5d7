"""Psums of a timestep-major group as events: those of the tiles that a visit is cut into, and currents that wait.

What a layer computes at the first timestep and fires at all of them waits in the psum buffer, from the first image of a
chunk on as far as the plan keeps it, and in DRAM.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product

from lifsim.hardware.pipeline.kinds import Kind
from lifsim.schedule.plan import GroupPlan, Plan
from lifsim.schedule.tensors.moves import Visit
from lifsim.schedule.tensors.products import gemm_of
from tests.oracles.legality import IllegalPlanError, Walker
from tests.oracles.legality_events import Event, Load, Put, Store, Thing
from tests.schedule.legality.order import Range
from tests.schedule.legality.spikes import Now
from tests.schedule.legality.sums import Block, Sums, cut


class GroupPsums:
    """Of one group. moved: by layer and kind, bytes that went and came since its last rows; paid: that its moves
    have."""

    def __init__(self, walker: Walker, plan: Plan, group: GroupPlan) -> None:
        self.net, self.plan, self.group = walker.net, plan, group
        self.sums = Sums(walker, plan.chip.precision.psum_bits)
        self.moved: dict[tuple[int, Kind], int] = {}
        self.paid: dict[tuple[int, Kind], int] = {}

    def visit(self, index: int, image: int, timestep: int, rows: Range, filters: Range) -> Iterator[Event]:
        """Rows by a tile of filters, tile of psums by tile of psums."""
        told, layer = self.net.layers[index], self.plan.facts.layers[index].layer
        pixels = rows[0] * told.row_pixels, rows[1] * told.row_pixels
        if told.parts == 1:
            yield from self.sums.events(Block(told.name, image, pixels, filters), [timestep])
            return
        tiles = self.group.layers[index - self.group.first].tiling.cut
        starts = [start for start in tiles.starts if pixels[0] < start < pixels[1]]
        heights = list(zip([pixels[0], *starts], [*starts, pixels[1]], strict=True))
        laid = self.plan.chip.psums.of(layer)
        for wide, high in product(cut(filters, tiles.filters), heights):
            tile = gemm_of(layer).tile(high[1] - high[0], wide[1] - wide[0])
            block = laid.dataflow.finishes(tile, laid.shape)
            for part, fold in product(cut(high, block.pixels), cut(wide, block.filters)):
                yield from self.sums.events(Block(told.name, image, part, fold), [timestep])

    # Currents

    def _parts(self, index: int, now: Now, rows: Range) -> Iterator[tuple[Thing, int, int, int]]:
        """(thing, first byte of these rows, first one that does not stay, end) of each image."""
        told, walked = self.net.layers[index], self.group.walked.group
        size, of = told.current_bytes, self.plan.facts.layers[index].rows.axis.rows_out
        kept = len(now.images) * size - int(walked.replayed(len(now.images))[index - self.group.first])
        for number, image in enumerate(now.images):
            low, high = (size * row // of for row in rows)
            stays = min(max(kept - number * size, low), high)
            yield ("/currents", told.name, image, size), low, stays, high

    def bring_currents(self, index: int, now: Now, rows: Range) -> Iterator[Event]:
        """Those that do not stay come at every timestep but the first."""
        if now.timestep and self.net.layers[index].current_bytes:
            for thing, _, stays, high in self._parts(index, now, rows):
                yield Load("passing", thing, stays, high)
                self._move(index, Kind.PSUM_READ, high - stays)

    def keep_currents(self, index: int, now: Now, rows: Range) -> Iterator[Event]:
        """At the first they begin to lie in the psum buffer, and in DRAM."""
        if not now.timestep and self.net.layers[index].current_bytes:
            for thing, low, stays, high in self._parts(index, now, rows):
                yield Put("psum", thing, low, stays)
                yield Store("array", thing, stays, high)
                self._move(index, Kind.PSUM_WRITE, high - stays)

    # What is paid

    def _move(self, index: int, kind: Kind, size: int) -> None:
        self.moved[index, kind] = self.moved.get((index, kind), 0) + size

    def pay(self, visit: Visit, *, complete: bool) -> None:
        """Strips share in equal parts what a timestep moves: it has been when all rows are complete."""
        name = self.net.layers[visit.layer].name
        spilled = self.sums.spilled.pop(name, 0)
        for kind in (Kind.PSUM_READ, Kind.PSUM_WRITE):
            key = visit.layer, kind
            self._move(*key, spilled)
            self.paid[key] = self.paid.get(key, 0) + visit.moves.total(kind)
            if complete and self.paid[key] < self.moved[key]:
                raise IllegalPlanError(f"{name} moves {self.paid[key]} bytes of {kind.name} of {self.moved[key]}")
