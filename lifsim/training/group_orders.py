"""In which order the layers of a group work on the way back.

A timestep-major group shares the weight buffer: sums that stay for updates in turn, weights that stay, and the tile at
work (`lifsim.schedule.weight_residency`). Which layers are updated in turn is searched: of all sets whose sums fit the
one with which the group moves the fewest bytes.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property, lru_cache, reduce
from typing import NamedTuple

import numpy as np

from lifsim.model.network import Layer
from lifsim.schedule.facts import LayerFacts
from lifsim.schedule.group import Chunks
from lifsim.schedule.input_reads import traversal_reads, whole_reads
from lifsim.schedule.plan import GroupPlan
from lifsim.schedule.rows import Ints, tile_filters
from lifsim.schedule.weight_residency import WeightDemand, WeightSplit, best_weights
from lifsim.training.gradient_rows import gradient_rows, transposed_filter_bytes
from lifsim.training.nests import BackwardOrder, Tiles
from lifsim.training.orders import LayerOrders, Products, When, orders_alone
from lifsim.training.sizes import TrainingSizes


def orders_of(sizes: TrainingSizes, group: GroupPlan) -> dict[int, LayerOrders]:
    """By layer (index)."""
    products = [products_of(sizes, sizes.layers[index]) for index in group.indices]
    if are_alone(products, group, sizes.batch):
        return {each.layer.index: orders_alone(each, parted=group.tick_batched) for each in products}
    return Together(products, Chunks(sizes.batch, group.images)).orders()


def are_alone(products: Sequence[Products], group: GroupPlan, batch: int) -> bool:
    """Whether the visits to each layer of a group follow each other, or are but one."""
    return group.tick_batched or (group.images >= batch and all(each.layer.rounds == 1 for each in products))


def products_of(sizes: TrainingSizes, layer: Layer) -> Products:
    """Those of one layer."""
    return Products(
        layer=layer,
        reals=sizes.facts.reals,
        chip=sizes.chip,
        bits=sizes.chip.precision.of_gradients,
        batch=sizes.batch,
        needed=sizes.has_gradient(layer.input),
        own=layer.lif is not None or layer.index in sizes.facts.norms.layers,
    )


class _Set(NamedTuple):
    """Layers that are updated in turn (by their place in the group). size: bytes of their sums; saved: of what moves
    for the updates."""

    size: int
    saved: int
    layers: frozenset[int]

    def beside(self, other: _Set) -> _Set:
        """Both together."""
        return _Set(self.size + other.size, self.saved + other.saved, self.layers | other.layers)


NOBODY = _Set(0, 0, frozenset())
"""The set of no layer."""


@dataclass(frozen=True)
class Together:
    """A group whose layers are visited more than once, chunk by chunk and timestep by timestep."""

    products: Sequence[Products]
    chunks: Chunks

    def orders(self) -> dict[int, LayerOrders]:
        """The best, searched in the order of their floors."""
        best: tuple[int, _Set, WeightSplit | None] | None = None
        for floor, chosen in sorted(((self._floor(each.size) - each.saved, each) for each in self._sets), key=_first):
            if best is not None and floor >= best[0]:
                break
            split = self.split(chosen.size)
            moved = (split.moved if split else 0) - chosen.saved
            if best is None or moved < best[0]:
                best = moved, chosen, split
        if best is None:
            raise ValueError("a group must have a layer")
        _, chosen, split = best
        backward = dict(zip(self._needed, self._backward(split), strict=True)) if split else {}
        return {
            each.layer.index: replace(
                self.in_turn[place] if place in chosen.layers else self.afterwards[place], backward=backward.get(place)
            )
            for place, each in enumerate(self.products)
        }

    @cached_property
    def in_turn(self) -> list[LayerOrders]:
        """Every layer as it is updated in turn; the backward product left out."""
        return [_updated(each, "in turn", self._absent(each)) for each in self.products]

    @cached_property
    def afterwards(self) -> list[LayerOrders]:
        """The same, afterwards: no gradient of a membrane waits on chip."""
        return [_updated(each, "afterwards", self._absent(each)) for each in self.products]

    def _absent(self, products: Products) -> int:
        """Bytes of gradients of membranes that spike_out cannot hold through a visit."""
        visits = ((products.made(images, 1, 1), count) for images, count in self.chunks.sizes)
        one = sum(count * max(0, made - products.chip.room.spike_out) for made, count in visits)
        return products.layer.rounds * one

    @cached_property
    def _sets(self) -> list[_Set]:
        """Those that may be the best: no other one of as few bytes saves as much. Where all weights stay beside all
        sums, one with all that save."""
        room = self.products[0].chip.room.weight
        both = zip(self.products, self.in_turn, self.afterwards, strict=True)
        each = [
            _Set(products.sums, last.total - turn.total, frozenset({place}))
            for place, (products, turn, last) in enumerate(both)
        ]
        saving = [one for one in each if one.saved > 0 and one.size <= room]
        every = reduce(_Set.beside, saving, NOBODY)
        if every.size + sum(self._sizes) <= room:
            return [every]
        found = [NOBODY]
        for one in saving:
            more = (each.beside(one) for each in found)
            found = list(_undominated([*found, *(each for each in more if each.size <= room)]))
        return found

    @cached_property
    def _needed(self) -> list[int]:
        """Layers (places) with a backward product."""
        return [place for place, each in enumerate(self.products) if each.needed]

    @cached_property
    def _facts(self) -> list[LayerFacts]:
        return [gradient_facts(self.products[place]) for place in self._needed]

    @cached_property
    def _reads(self) -> list[Ints]:
        """By layer, [1 + m] bytes of gradients that come in, by the tile of channels."""
        return [
            self.products[place].layer.rounds
            * np.sum([count * traversal(facts, self.products[place], n) for n, count in self.chunks.sizes], axis=0)
            for place, facts in zip(self._needed, self._facts, strict=True)
        ]

    def _floor(self, taken: int) -> int:
        """Bytes that the backward products cannot go below: all that is left of the buffer full of weights that stay,
        gradients in as large tiles as there are."""
        room, moved = self.products[0].chip.room.weight - taken, sum(int(reads.min()) for reads in self._reads)
        for rounds, size in sorted(zip(self._rounds, self._sizes, strict=True), reverse=True):
            stays = min(size, room)
            room -= stays
            moved += (size - stays) * rounds * self.chunks.count + stays
        return moved

    @cached_property
    def _rounds(self) -> list[int]:
        return [self.products[place].layer.rounds for place in self._needed]

    @cached_property
    def _sizes(self) -> list[int]:
        return [facts.weight_bytes for facts in self._facts]

    def split(self, taken: int) -> WeightSplit | None:
        """How the weight buffer is divided of which sums have `taken` so many bytes; None without a product."""
        if not self._facts:
            return None
        rounds = self._rounds
        rows = [facts.rows.axis.rows_out for facts in self._facts]
        return best_weights(
            WeightDemand(
                layers=tuple(self._facts),
                visits=tuple(self.chunks.count * times for times in rounds),
                row_visits=tuple(self.chunks.batch * times * each for times, each in zip(rounds, rows, strict=True)),
                absent=(0,) * len(rounds),
                strips=(1,) * len(rounds),
                asked=tuple(tuple(each.tolist()) for each in self._reads),
                buffer=self.products[0].chip.room.weight - taken,
            )
        )

    def _backward(self, split: WeightSplit) -> Iterator[BackwardOrder]:
        for place, facts in enumerate(self._facts):
            tile = max(int(split.tile[place]) - 1, 0)
            filters, count = int(facts.tile_filters[tile]), int(facts.tile_counts[tile])
            tiles = Tiles("weights_outer", facts.rows.axis.rows_out, filters, 1, count)
            fetched, reads, pinned = (int(column[place]) for column in (split.fetched, split.reads, split.pinned))
            yield BackwardOrder(tiles, fetched, reads, pinned, split.region)


def _first(pair: tuple[int, _Set]) -> int:
    return pair[0]


@lru_cache(maxsize=4096)
def _updated(products: Products, when: When, absent: int) -> LayerOrders:
    """As it is updated, without the backward product. absent: of gradients of membranes, from its visits."""
    if when == "in turn":
        update, waiting = products.update_in_turn(), absent
    else:
        update = products.update(products.chip.room.weight)
        waiting = products.layer.rounds * products.made(products.batch, 1, 1)
    return LayerOrders(None, update, when, absent, waiting, own=products.own)


def _undominated(sets: Sequence[_Set]) -> Iterator[_Set]:
    most = -1
    for one in sorted(sets, key=lambda each: (each.size, -each.saved)):
        if one.saved > most:
            yield one
            most = one.saved


@lru_cache(maxsize=4096)
def gradient_facts(products: Products) -> LayerFacts:
    """The backward product as weights are kept for it: one of another layer, whose filters are the channels."""
    layer, bits = products.layer, products.chip.precision.weight_bits
    one = transposed_filter_bytes(layer, bits)
    return LayerFacts(
        layer=replace(layer, filters=layer.in_shape[0]),
        when="every",
        rows=gradient_rows(layer, products.bits, 1, 1),
        weight_bytes=layer.in_shape[0] * one,
        operand_bytes=0,
        filter_bytes=one,
        tile_filters=tile_filters(layer.in_shape[0] // layer.groups, products.chip.shape.cols),
        replay_bytes=0,
        psum_spill_bytes=0,
        psum_working_bytes=0,
    )


def traversal(facts: LayerFacts, products: Products, images: int) -> Ints:
    """[1 + m] bytes of gradients of a visit to so many images that come in: what spike_out does not hold."""
    room = products.chip.room
    held = min(images * facts.input_bytes, room.spike_out)
    if images * facts.input_bytes - held <= room.spike_in:
        return whole_reads(facts, images, held)
    return traversal_reads(facts, images, held, room.spike_in)
