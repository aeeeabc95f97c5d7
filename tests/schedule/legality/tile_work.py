"""What the array does with a tick-batched tile, as events: sums, block by block, and the calls of its LIFs.

All timesteps of a block follow each other, or, where chains alternate, those of all blocks that have chains in common.
Its membranes are in the registers while they do, and in the membrane buffer as far as these do not hold them. Where a
batch norm waits for all sums of all images, the calls follow in a pass of their own.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from lifsim.hardware.pipeline.kinds import Kind
from lifsim.schedule.plan import Plan
from lifsim.schedule.tensors.moves import Visit
from lifsim.schedule.tensors.products import dataflow_for, gemm_of
from tests.oracles.legality import IllegalPlanError, Walker
from tests.oracles.legality_events import Drop, Event, Fire, Load, Put, Store, Thing
from tests.schedule.legality.norm_sums import LotsOfSums
from tests.schedule.legality.order import Order, Range
from tests.schedule.legality.sums import Block, Sums, cut

ALIKE = "one lot after the other"


@dataclass(frozen=True)
class Pass:
    """Over all tiles, or those of a lot: for their sums, for the calls of their LIFs, or for both. again: whether the
    sums are computed a second time."""

    sums: bool
    calls: bool
    again: bool = False


class TileWork:
    """Of one layer, for all images. window: the timesteps at work, and whether there are some before and behind them;
    kept: of `every` membranes of a chunk those that stay from window to window; number: of its first image."""

    window: tuple[int, int]
    opens = closes = False
    kept = every = 1
    number = -1

    def __init__(self, walker: Walker, plan: Plan, index: int, batch: int) -> None:
        self.walker, self.net = walker, walker.net
        self.facts, self.told = plan.facts.layers[index], walker.net.layers[index]
        group, layer = plan.group_of(index), self.facts.layer
        self.chains = group.layers[index - group.first].tiling.cut.chains
        self.dataflow, self.shape = dataflow_for(layer, plan.chip.dataflow, self.chains), plan.chip.shape
        self.streaming = plan.chip.dataflow
        self.order = Order.of(self.told) if layer.groups == 1 else Order.by_channel(self.told)
        self.sums, self.lots = Sums(walker, plan.chip.precision.psum_bits), LotsOfSums(walker, plan, index, batch)
        self.sums.lots = self.lots if self.lots.wait else None
        self.state: Thing = ("state", self.told.state, "of tiles")
        self.begun = self.base = 0
        self.window = 0, self.net.timesteps
        if self.told.state is not None:
            size = batch * layer.pixels * layer.filters // self.told.calls
            walker.chip.add_state(self.state, self.told.state, size)

    @property
    def passes(self) -> list[Pass]:
        """One behind the other."""
        if self.told.norm is None:
            return [Pass(True, True)]
        return [Pass(True, False), Pass(self.lots.twice, True, self.lots.twice)]

    @property
    def timesteps(self) -> list[int]:
        """At which it is computed."""
        last = self.net.timesteps - 1
        return {"every": list(range(*self.window)), "first": [0], "last": [last]}[self.facts.when]

    def computed_at(self, timestep: int) -> list[int]:
        """What is computed at a timestep: what is once, in every window again."""
        once = self.facts.when == "first" and timestep == self.window[0]
        return [0] if once else [one for one in self.timesteps if one == timestep]

    @property
    def fires_at(self) -> list[int]:
        """At which its LIFs are called, and what follows is put out."""
        return self.timesteps if self.facts.when == "last" else list(range(*self.window))

    def events(self, each: Pass, image: int, rows: Range, parts: list[Range]) -> Iterator[Event]:
        """Rows x filters, those of one group, or of all groups whose tiles take turns."""
        pixels = rows[0] * self.told.row_pixels, rows[1] * self.told.row_pixels
        tile = gemm_of(self.facts.layer, self.chains).tile(pixels[1] - pixels[0], parts[0][1] - parts[0][0])
        done = self.dataflow.finishes(tile, self.shape)
        for part in cut(pixels, done.pixels):
            if self.chains is not None and self.chains.alternating:
                turn = self.chains.in_turn(done.filters)
                for sets in zip(*(cut(filters, turn) for filters in parts), strict=True):
                    folds = [fold for filters in sets for fold in cut(filters, done.filters)]
                    yield from self._in_turn(each, [Block(self.told.name, image, part, fold) for fold in folds])
            else:
                for fold in cut(parts[0], done.filters):
                    yield from self._alone(each, Block(self.told.name, image, part, fold))

    def _alone(self, each: Pass, block: Block) -> Iterator[Event]:
        """A block's timesteps together, or one after the other; then its outputs one lot after the other."""
        self.sums.again = each.again
        if not self.dataflow.joins_rounds and self.facts.when != "last" and self.net.timesteps > 1:
            yield from self._in_turn(each, [block])
            return
        if each.sums:
            yield from self.sums.events(block, self.timesteps)
        if not each.calls:
            return
        size = block.pixels[1] - block.pixels[0], block.filters[1] - block.filters[0]
        held = self.streaming.held_outputs(gemm_of(self.facts.layer, self.chains).tile(*size), self.shape)
        first, *others = cut(block.pixels, held.pixels)
        for filters in cut(block.filters, held.filters):
            yield from self._lot(Block(block.layer, block.image, first, filters), alike=False)
            if others:
                rest = others[0][0], others[-1][1]
                yield from self._lot(Block(block.layer, block.image, rest, filters), alike=True)

    def _lot(self, lot: Block, *, alike: bool) -> Iterator[Event]:
        """Outputs whose membranes live at a time; or many such lots that follow each other, alike, each of them no
        larger than one that has found its room."""
        held_at = self._membranes([lot])
        yield from self._put(held_at, alike=alike)
        for timestep in self.fires_at:
            yield from self._fire(lot, timestep, held_at, alike=alike)
        yield from self._forget(held_at, alike=alike)

    def _in_turn(self, each: Pass, blocks: Sequence[Block]) -> Iterator[Event]:
        """At every timestep one block after the other."""
        self.sums.again = each.again
        held_at = self._membranes(blocks) if each.calls else {}
        yield from self._put(held_at)
        for timestep in self.fires_at:
            for block in blocks:
                if each.sums and self.computed_at(timestep):
                    yield from self.sums.events(block, self.computed_at(timestep))
                if each.calls:
                    yield from self._fire(block, timestep, held_at)
        yield from self._forget(held_at)

    # Membranes

    def _membranes(self, blocks: Sequence[Block]) -> dict[int, Range]:
        """By chain, where its membranes of these blocks lie."""
        if self.told.state is None:
            return {}
        wide = blocks[0].pixels[1] - blocks[0].pixels[0]
        chains = sorted({self.order.taken[filter_][0] for block in blocks for filter_ in range(*block.filters)})
        begin, self.begun = self.begun, self.begun + wide * len(chains)
        return {chain: (begin + wide * n, begin + wide * (n + 1)) for n, chain in enumerate(chains)}

    def _places(self, low: int, high: int, held_at: dict[int, Range], *, alike: bool) -> Iterator[tuple[str, int, int]]:
        """The registers take what they hold, the membrane buffer the rest."""
        if alike:
            yield ALIKE, low, high
            return
        begin = min(first for first, _ in held_at.values())
        split = begin + self.net.buffers[f"registers of {self.told.name}"]
        yield f"registers of {self.told.name}", low, min(high, split)
        yield f"membranes of {self.told.name}", max(low, split), high

    def _put(self, held_at: dict[int, Range], *, alike: bool = False) -> Iterator[Event]:
        if not held_at:
            return
        low, high = min(first for first, _ in held_at.values()), max(end for _, end in held_at.values())
        waits = self._waits(low, high)
        for place, begin, end in self._places(low, high, held_at, alike=alike):
            if not self.opens:
                yield Put(place, self.state, begin, end)
                continue
            yield Put(place, self.state, begin, min(end, waits))
            yield Load(place, self.state, max(begin, waits), end)
        if self.opens:
            yield Drop(f"waiting of {self.told.name}", self.state, low, waits)

    def _waits(self, low: int, high: int) -> int:
        """The end of those of some membranes that stay from window to window: an even part of all."""
        kept = [(end - self.base) * self.kept // self.every for end in (low, high)]
        return low + kept[1] - kept[0]

    def _fire(self, block: Block, timestep: int, held_at: dict[int, Range], *, alike: bool = False) -> Iterator[Event]:
        """Sums that waited for their norm do not come from the PEs, unless they have been computed again."""
        if self.lots.wait:
            yield from self.lots.taken(block, timestep)
        if self.told.state is None:
            return
        of = block.image, block.pixels, block.filters
        for chains, calls in self.order.blocks(block.filters):
            ranges = [held_at[chain] for chain in range(*chains)]
            low, high = ranges[0][0], ranges[-1][1]
            if high - low != sum(end - begin for begin, end in ranges):
                raise IllegalPlanError(f"chains {chains} of {block} do not lie side by side")
            for call in range(*calls):
                for place, begin, end in self._places(low, high, held_at, alike=alike):
                    yield Fire(self.told.name, timestep, call, self.state, begin, end, place, of)

    def _forget(self, held_at: dict[int, Range], *, alike: bool = False) -> Iterator[Event]:
        if held_at and self.closes:
            low, high = min(first for first, _ in held_at.values()), max(end for _, end in held_at.values())
            waits = self._waits(low, high)
            yield Put(f"waiting of {self.told.name}", self.state, low, waits)
            for place, begin, end in self._places(low, high, held_at, alike=alike):
                yield Store(place, self.state, max(begin, waits), end)
        if self.told.state is not None:
            for place in (f"registers of {self.told.name}", f"membranes of {self.told.name}", ALIKE):
                yield Drop(place)

    def require_paid(self, visit: Visit, before: int) -> None:
        """What the visit spills is what went to DRAM, and what it brings is what came back; `before`: of others."""
        self.lots.require_paid()
        spilled = self.sums.spilled.get(self.told.name, 0) - before
        for kind in (Kind.PSUM_WRITE, Kind.PSUM_READ):
            if visit.moves.total(kind) < spilled:
                raise IllegalPlanError(
                    f"{self.told.name} moves {visit.moves.total(kind)} bytes of {kind.name} of {spilled} that it spills"
                )
