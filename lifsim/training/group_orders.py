"""The order in which the layers of a group work in the backward pass.

A timestep-major group shares the weight buffer: sums that stay for updates in turn, weights that stay (of the backward
products, and of forward products that run again), and the tile at work (`lifsim.training.shared_weights`). The layers
that are updated in turn are found by search: of all sets whose sums fit, the one with which the group moves the fewest
bytes.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import field, replace
from functools import cached_property, lru_cache, reduce
from typing import NamedTuple

from lifsim.lazy_dataclass import dataclass
from lifsim.model.network import Layer
from lifsim.schedule.facts import LayerFacts
from lifsim.schedule.plan import GroupPlan
from lifsim.schedule.timestep.group import Chunks
from lifsim.schedule.weights.residency import WeightSplit
from lifsim.training.forward_again import ForwardAgain, again_tick_batched, facts_again, runs_again, visits_reads
from lifsim.training.nests import BackwardOrder
from lifsim.training.orders import LayerOrders, Products, When, orders_alone
from lifsim.training.shared_weights import Asked, again_of, backward_of, divided, gradient_facts
from lifsim.training.sizes import TrainingSizes


def orders_of(sizes: TrainingSizes, group: GroupPlan) -> dict[int, LayerOrders]:
    """The orders of each layer (by index). A tick-batched layer that runs again does so for all images before the first
    goes back, so that no image can have its update in turn."""
    products = [products_of(sizes, sizes.layers[index]) for index in group.indices]
    chunks = Chunks(sizes.batch, group.images)
    if group.tick_batched:
        again = again_tick_batched(group) if runs_again(sizes, products[0].layer) else None
        return {group.first: replace(orders_alone(products[0], parted=again is None), again=again)}
    facts = facts_again(sizes, group)
    if are_alone(products, group, sizes.batch):
        return {each.layer.index: _visited_once(each, chunks, facts.get(place)) for place, each in enumerate(products)}
    return Together(products, chunks, facts).orders()


def are_alone(products: Sequence[Products], group: GroupPlan, batch: int) -> bool:
    """Whether the visits to each layer of a group follow each other, or there is only one."""
    return group.tick_batched or (group.images >= batch and all(each.layer.rounds == 1 for each in products))


def _visited_once(products: Products, chunks: Chunks, facts: LayerFacts | None) -> LayerOrders:
    """The orders of a layer that is visited once in a timestep-major group: each of its products has the weight buffer
    to itself."""
    orders = orders_alone(products, parted=False)
    if facts is None:
        return orders
    room = products.chip.room
    asked = Asked(0, facts, visits_reads(facts, chunks, room.spike_in), runs_again=True)
    return replace(orders, again=again_of(divided([asked], chunks, room.weight), 0, facts))


def products_of(sizes: TrainingSizes, layer: Layer) -> Products:
    """The products of one layer."""
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
    """A set of layers (indices in the group) that are updated in turn. size: bytes of their sums; saved: bytes that the
    updates then need not move."""

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
    """A group whose layers are visited more than once, chunk by chunk and timestep by timestep. again: layers (places)
    whose forward product runs once more."""

    products: Sequence[Products]
    chunks: Chunks
    again: Mapping[int, LayerFacts] = field(default_factory=dict)

    def orders(self) -> dict[int, LayerOrders]:
        """The best orders; sets are searched in the order of their lower bounds."""
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
        backward, again = self._ways(split)
        return {
            each.layer.index: replace(
                self.in_turn[place] if place in chosen.layers else self.afterwards[place],
                backward=backward.get(place),
                again=again.get(place),
            )
            for place, each in enumerate(self.products)
        }

    @cached_property
    def in_turn(self) -> list[LayerOrders]:
        """Every layer's update in turn, without the other products."""
        return [_updated(each, "in turn", self._absent(each)) for each in self.products]

    @cached_property
    def afterwards(self) -> list[LayerOrders]:
        """Every layer's update afterwards: no membrane gradient waits on chip."""
        return [_updated(each, "afterwards", self._absent(each)) for each in self.products]

    def _absent(self, products: Products) -> int:
        """Bytes of gradients of membranes that spike_out cannot hold through a visit."""
        visits = ((products.made(images, 1, 1), count) for images, count in self.chunks.sizes)
        one = sum(count * max(0, made - products.chip.room.spike_out) for made, count in visits)
        return products.layer.rounds * one

    @cached_property
    def _sets(self) -> list[_Set]:
        """The sets that can be best: no other set of no more bytes saves as much. If all weights fit beside all sums,
        only the set of all layers that save bytes."""
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
    def _asked(self) -> list[Asked]:
        """The backward products that somebody asks for, and the forward products that run again."""
        found = []
        for place, each in enumerate(self.products):
            if each.needed:
                facts, room = gradient_facts(each), each.chip.room
                reads = visits_reads(facts, self.chunks, room.spike_in, room.spike_out)
                found.append(Asked(place, facts, reads, runs_again=False))
        for place, facts in self.again.items():
            reads = visits_reads(facts, self.chunks, self.products[place].chip.room.spike_in)
            found.append(Asked(place, facts, reads, runs_again=True))
        return found

    def _floor(self, taken: int) -> int:
        """A lower bound of the products' bytes: the rest of the buffer is full of weights that stay, and operands come
        in under the largest tiles."""
        room = self.products[0].chip.room.weight - taken
        moved = sum(int(one.reads.min()) for one in self._asked)
        rounds = [one.facts.layer.rounds for one in self._asked]
        for often, size in sorted(zip(rounds, self._sizes, strict=True), reverse=True):
            stays = min(size, room)
            room -= stays
            moved += (size - stays) * often * self.chunks.count + stays
        return moved

    @cached_property
    def _sizes(self) -> list[int]:
        return [one.facts.weight_bytes for one in self._asked]

    def split(self, taken: int) -> WeightSplit | None:
        """How the weight buffer is divided when sums take `taken` bytes of it; None without a product."""
        if not self._asked:
            return None
        return divided(self._asked, self.chunks, self.products[0].chip.room.weight - taken)

    def _ways(self, split: WeightSplit | None) -> tuple[dict[int, BackwardOrder], dict[int, ForwardAgain]]:
        """By place, the backward products and those that run again."""
        backward: dict[int, BackwardOrder] = {}
        again: dict[int, ForwardAgain] = {}
        if split is None:
            return backward, again
        for number, one in enumerate(self._asked):
            if one.runs_again:
                again[one.place] = again_of(split, number, one.facts)
            else:
                backward[one.place] = backward_of(split, number, one.facts)
        return backward, again


def _first(pair: tuple[int, _Set]) -> int:
    return pair[0]


@lru_cache(maxsize=4096)
def _updated(products: Products, when: When, absent: int) -> LayerOrders:
    """The orders of a layer that is updated in this way, without the other products. absent: bytes of membrane
    gradients that its visits find in DRAM."""
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
