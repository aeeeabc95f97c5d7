"""DRAM bytes of a layer's two products in the backward pass, as their loop orders move them: weights, gradients of
membranes, spikes, sums."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property

import numpy as np

from lifsim.lazy_dataclass import dataclass
from lifsim.model.network import Layer
from lifsim.report.explain.line import Line, minus, plus, product, times
from lifsim.report.explain.weights import VisitedWeights, overflow
from lifsim.schedule.plan import GroupPlan
from lifsim.schedule.tensors.rows import RowTiles
from lifsim.schedule.tick.nest import Nest, fetched, inputs_outer
from lifsim.schedule.timestep.group import Chunks
from lifsim.training.forward_again import visit_reads
from lifsim.training.gradient_rows import transposed_filter_bytes
from lifsim.training.group_orders import are_alone, products_of
from lifsim.training.nests import Tiles
from lifsim.training.orders import LayerOrders, Products, WaitingAlone, waiting_alone
from lifsim.training.shared_weights import gradient_facts
from lifsim.training.sizes import TrainingSizes
from lifsim.units import counted, noun_of

UNIT = "bytes"


@dataclass(frozen=True)
class NestTerms:
    """One tiling of a loop nest, for one of `groups` groups of the convolution."""

    nest: Nest
    tiles: Tiles
    groups: int

    @property
    def weights_outer(self) -> bool:
        """Whether filters stay on chip while all maps pass."""
        return self.tiles.order == "weights_outer"

    @property
    def visits(self) -> int:
        """The number of row tiles, all maps together."""
        return self.nest.batch * self.tiles.row_tiles

    @property
    def everything(self) -> int:
        """Bytes of all filters."""
        return self.nest.all_filters * self.nest.filter_bytes

    @property
    def streamed(self) -> int:
        """Bytes by which the tiles exceed their buffer."""
        nest = self.nest
        return overflow(nest.all_filters, self.tiles.filters, nest.filter_bytes, nest.weight_buffer)

    def again(self, resident: int, visits: int) -> str:
        """Bytes by which one group's filters are read more often than once, as a term. resident: bytes that stay on
        chip throughout."""
        if self.weights_outer:
            return product(visits - 1, self.streamed) if self.streamed and visits > 1 else ""
        back = minus(str(self.everything), resident)
        return f"{visits - 1}*({back})" if visits > 1 and self.everything > resident else ""

    def maps(self, images: int, held: int) -> str:
        """Bytes read for this many maps of one group (one map under the second order), as a term. held: bytes that
        are on chip already."""
        images = images if self.weights_outer else 1
        every = images * self._rows.covered * self.nest.row_bytes
        stays = self._stays(every, held)
        moved = int(fetched(self.nest, images, np.full_like(self._rows.heights, stays))[self._row])
        once = str(max(0, stays - held))
        if self.weights_outer:
            return plus(once, product(self.tiles.filter_tiles, moved) if moved else "")
        streams = self.tiles.rows == 1 and every > self.nest.spike_buffer + held
        over = self._rows.single_windows * self.nest.row_bytes - self.nest.spike_buffer
        streamed = int(np.maximum(over, 0).sum()) if streams else 0
        more = self.tiles.filter_tiles - 1
        return plus(once, str(moved), product(more, streamed) if streamed and more else "")

    def _stays(self, every: int, held: int) -> int:
        if every <= self.nest.spike_buffer + held:
            return int(every)
        beside = max(self.nest.spike_buffer - int(self.nest.window[self._row]), 0)
        return int(min(every, beside + held))

    @property
    def _rows(self) -> RowTiles:
        return self.nest.rows

    @cached_property
    def _row(self) -> int:
        return int(np.flatnonzero(self._rows.heights == self.tiles.rows)[0])

    @property
    def why(self) -> str:
        """How maps are read, in words."""
        if self.weights_outer:
            tiles = counted(self.tiles.filter_tiles, "tile")
            return f"what stays of the maps once, the rest for {tiles if tiles == '1 tile' else f'each of {tiles}'}"
        rows = f"{counted(self.tiles.row_tiles, 'row tile')} of a map"
        return f"windows of {rows}, each once" + (", and what overflows for each tile" if self.tiles.rows == 1 else "")


@dataclass(frozen=True)
class ProductLines:
    """The lines of one layer's products."""

    sizes: TrainingSizes
    layer: Layer
    group: GroupPlan
    orders: LayerOrders

    @cached_property
    def products(self) -> Products:
        """The products among whose orders these were chosen."""
        return products_of(self.sizes, self.layer)

    @cached_property
    def alone(self) -> bool:
        """Whether its visits follow each other; if not, other layers run in between."""
        every = [products_of(self.sizes, self.sizes.layers[index]) for index in self.group.indices]
        return are_alone(every, self.group, self.sizes.batch)

    def weights(self) -> Iterator[Line]:
        """Weights of the backward product."""
        order, layer = self.orders.backward, self.layer
        if order is None:
            return
        why = f"channels x ceil({layer.group_filters}*{layer.kernel[0]}*{layer.kernel[1]}"
        why += f"*{self.sizes.chip.precision.weight_bits}/8) bytes"
        if self.alone:
            terms, (_, _, _, parts) = self._backward_terms, self._waiting
            resident = order.resident // layer.groups
            parts = parts if terms.weights_outer else 1
            again = terms.again(resident, terms.visits // parts)
            expression = times(product(layer.groups, parts), plus(str(terms.everything), again))
            what = "groups x (what one group has" if parts == 1 else "groups and images x (what one group has"
            why = f"{what}, {why}" + (f", and again for {counted(terms.visits // parts, 'visit')})" if again else ")")
        else:
            expression, why = self._visited.expression, why + self._visited.why
        yield Line("weights", expression, order.weights, UNIT, why)

    def gradients(self) -> Iterator[Line]:
        """Gradients of membranes, read for the backward product."""
        order = self.orders.backward
        if order is None or not order.gradients:
            return
        if self.alone:
            expression, why = self._dealt, self._backward_terms.why
        else:
            facts, room = gradient_facts(self.products), self.products.chip.room
            tile = self._visited.tile(facts)
            visits = [
                product(count, int(visit_reads(facts, images, room.spike_in, room.spike_out)[tile]))
                for images, count in Chunks(self.sizes.batch, self.group.images).sizes
            ]
            expression = times(product(self.layer.rounds), plus(*visits))
            why = "rounds x chunks x what of a visit's gradients is not on chip, again for halos and tiles of channels"
        if not self.orders.own:
            expression = minus(f"({expression})", self.orders.absent)
            why += "; without a LIF they are the output's, of which those above are used as they come"
        if self.orders.comes_back:
            yield Line("membrane gradients in", expression, self.orders.comes_back, UNIT, why)

    def goes_out(self) -> Iterator[Line]:
        """Gradients of membranes written to DRAM until the update, as far as spike_out cannot hold them."""
        if self.orders.goes_out:
            expression, why = self._waits
            yield Line("membrane gradients out", expression, self.orders.goes_out, UNIT, why)

    def waiting(self) -> Iterator[Line]:
        """The same gradients, read by the update."""
        if self.orders.waiting:
            expression, why = self._waits
            yield Line("membrane gradients in", expression, self.orders.waiting, UNIT, why)

    def update(self) -> Iterator[Line]:
        """Spikes read by the update, and the sums that the weight buffer cannot hold."""
        order, terms = self.orders.update, self._update_terms
        each = terms.maps(terms.nest.batch, 0)
        often = product(terms.groups, 1 if terms.weights_outer else terms.nest.batch)
        yield Line("spikes in", times(often, each), order.spikes, UNIT, f"the input again: {terms.why}")
        if not order.sums:
            return
        expression = times(product(terms.groups), plus(terms.again(self._sums_stay, terms.visits)))
        visits, held = noun_of(terms.visits, "visit"), noun_of(order.all_sums, "byte")
        why = f"between {terms.visits} {visits} what the weight buffer does not hold of {order.all_sums} {held} of sums"
        yield Line("weight gradients out", expression, order.sums, UNIT, why)
        yield Line("weight gradients in", expression, order.sums, UNIT, "and in again")

    @property
    def _in_turn(self) -> bool:
        return self.orders.when == "in turn"

    @cached_property
    def _waiting(self) -> WaitingAlone:
        return waiting_alone(self.products, self.orders.when)

    @cached_property
    def _backward_terms(self) -> NestTerms:
        order = self.orders.backward
        if order is None:
            raise ValueError(f"{self.layer.name} must have a backward product")
        nest = self.products.backward_nest(order.tiles.together, order.region)
        return NestTerms(nest, order.tiles, self.layer.groups)

    @property
    def _dealt(self) -> str:
        """The bytes of maps when what is held on chip is shared evenly among them."""
        terms, (_, _, held, parts) = self._backward_terms, self._waiting
        count = self.layer.groups * (parts if terms.weights_outer else terms.nest.batch)
        each, more = divmod(held, count)
        images = terms.nest.batch // parts
        some = [(count - more, each), (more, each + 1)]
        return plus(*(f"{often}*({terms.maps(images, size)})" for often, size in some if often))

    @property
    def _visited(self) -> VisitedWeights:
        """Weights of a backward product that takes turns with other layers."""
        order, layer = self.orders.backward, self.layer
        if order is None:
            raise ValueError(f"{layer.name} must have a backward product")
        return VisitedWeights(
            groups=layer.groups,
            filters=layer.in_shape[0],
            tile_filters=order.tiles.filters,
            filter_bytes=transposed_filter_bytes(layer, self.sizes.chip.precision.weight_bits),
            region=order.region,
            stay=order.resident,
            visits=Chunks(self.sizes.batch, self.group.images).count * layer.rounds,
            rows=self.sizes.batch * layer.rounds * gradient_facts(self.products).rows.axis.rows_out,
        )

    @cached_property
    def _update_terms(self) -> NestTerms:
        products, tiles = self.products, self.orders.update.tiles
        if self._in_turn and not self.alone:
            return NestTerms(products.update_nest_in_turn(), tiles, 1)
        room = products.sums if self._in_turn else products.chip.room.weight
        return NestTerms(products.update_nest(room), tiles, self.layer.groups)

    @property
    def _sums_stay(self) -> int:
        """Bytes of one group's sums that stay on chip, under the second order."""
        nest, tiles = self._update_terms.nest, self.orders.update.tiles
        column = int(np.flatnonzero(nest.filters == tiles.filters)[0])
        return int(inputs_outer(nest).resident_weights[column])

    @property
    def _waits(self) -> tuple[str, str]:
        products, rounds, room = self.products, self.layer.rounds, self.sizes.chip.room.spike_out
        if self.alone:
            each, _, held, _ = self._waiting
            why = "images x bytes of gradients of membranes, rows from a byte on, but for those in spike_out"
            return minus(product(self.sizes.batch, each), held), why
        if not self._in_turn:
            each = products.made(self.sizes.batch, 1, 1)
            why = "rounds x bytes of gradients of membranes: all wait until the group has gone back"
            return product(rounds, each), why
        visits = [(products.made(images, 1, 1), count) for images, count in self._chunks]
        terms = (f"{count}*({made} - {room})" for made, count in visits if made > room)
        return times(
            product(rounds), plus(*terms)
        ), "rounds x chunks x what spike_out does not hold of a visit's gradients"

    @property
    def _chunks(self) -> list[tuple[int, int]]:
        return Chunks(self.sizes.batch, self.group.images).sizes
