"""The order in which a layer works in the backward pass, and what that moves.

A layer's LIF makes the gradients of its membranes, which serve two products. Of these the update may come

in turn behind every visit of the layer: its sums then stay on chip all the backward pass, beside the weights afterwards
    when all visits of the group have gone back: what waits for it does so in DRAM, but for what spike_out holds where
    nothing comes between, and the weight buffer is its own

whichever moves fewer bytes. docs/model.md, "Training on the accelerator".
"""

from __future__ import annotations

from functools import cached_property
from typing import Literal, NamedTuple

from lifsim.lazy_dataclass import dataclass
from lifsim.model.network import Layer
from lifsim.schedule.chip import Chip
from lifsim.schedule.tensors.rows import row_tiles, tile_filters
from lifsim.schedule.tensors.storage import Reals, RowLayout, bytes_of, step_rows, tick_rows
from lifsim.schedule.tick.nest import Nest
from lifsim.training.forward_again import ForwardAgain
from lifsim.training.gradient_rows import gradient_rows, transposed_filter_bytes
from lifsim.training.nests import BackwardOrder, UpdateOrder, best_backward, best_update

When = Literal["in turn", "afterwards"]
"""When weights are updated."""


@dataclass(frozen=True)
class LayerOrders:
    """The orders of one layer, whole batch. backward: of the backward product, None if nothing needs the gradient of
    its input. update, when: of the weight update. absent: bytes of gradients of membranes that are not on chip for
    the backward product; waiting: for the update. own: whether a LIF or a batch norm makes them; if not, they are
    the output's gradients, which are in DRAM already. again: the forward product if it runs once more, else None."""

    backward: BackwardOrder | None
    update: UpdateOrder
    when: When
    absent: int
    waiting: int
    own: bool
    again: ForwardAgain | None = None

    @property
    def backward_in_words(self) -> str:
        """How the backward product is cut; empty without one."""
        return "" if self.backward is None else f"backward: {self.backward.tiles.in_words('channels', 'weights')}"

    @property
    def update_in_words(self) -> str:
        """When weights are updated, and how the product is cut."""
        return f"update {self.when}: {self.update.tiles.in_words('filters', 'sums')}"

    @property
    def goes_out(self) -> int:
        """Bytes of gradients of membranes that leave the chip."""
        return self.waiting if self.own else 0

    @property
    def comes_back(self) -> int:
        """Bytes of them that the backward product reads, beyond what was read to make them: without a LIF they are the
        same gradients, used when they are read for the first time."""
        if self.backward is None:
            return 0
        return self.backward.gradients if self.own else max(0, self.backward.gradients - self.absent)

    @property
    def total(self) -> int:
        """Bytes of both products and of gradients of membranes on their way to them, and of the weights and inputs
        of the forward product if it runs again."""
        weights = self.backward.weights if self.backward else 0
        again = self.again.weights + self.again.spikes if self.again else 0
        return weights + self.comes_back + self.goes_out + self.update.total + self.waiting + again


@dataclass(frozen=True)
class Products:
    """The two products of a layer for `batch` images. bits: of a gradient. needed: whether anything needs the
    gradient of its input. own: whether a LIF or a batch norm makes the gradients of its sums; if not, they are those
    of its output."""

    layer: Layer
    reals: Reals
    chip: Chip
    bits: int
    batch: int
    needed: bool
    own: bool

    @cached_property
    def sums(self) -> int:
        """Bytes of all gradients of weights."""
        return self.layer.filters * bytes_of(self.layer.reduction * self.bits)

    def made(self, images: int, steps: int, groups: int) -> int:
        """Bytes of gradients of membranes of this many images, in rows of `groups` groups in which `steps` rounds
        are packed together."""
        rows = gradient_rows(self.layer, self.bits, groups, steps)
        return images * groups * rows.axis.rows_in * rows.row_bytes

    def backward(self, room: int, held: int, parts: int) -> BackwardOrder | None:
        """The backward order with `room` bytes for weights and `held` bytes of gradients on chip; None if not
        needed. parts: 1, or the number of images if each is processed by itself."""
        layer = self.layer
        if not self.needed:
            return None
        nests = {steps: self.backward_nest(steps, room) for steps in dict.fromkeys((1, layer.rounds))}
        return best_backward(nests, layer.groups, held, parts)

    def backward_nest(self, steps: int, room: int) -> Nest:
        """The nest of one group of the backward product, with `steps` rounds of an image packed together."""
        layer = self.layer
        one = transposed_filter_bytes(layer, self.chip.precision.weight_bits)
        rows = gradient_rows(layer, self.bits, layer.groups, steps)
        return self._nest(rows, steps, layer.in_shape[0] // layer.groups, one, room)

    def update(self, room: int) -> UpdateOrder:
        """The order of the update with `room` bytes for sums, all rounds of an image together."""
        return best_update(self.update_nest(room), self.layer.groups, self.layer.rounds)

    def update_nest(self, room: int) -> Nest:
        """The nest of one group of the update."""
        layer, one = self.layer, bytes_of(self.layer.reduction * self.bits)
        return self._nest(tick_rows(layer, self.reals), layer.rounds, layer.group_filters, one, room)

    def update_in_turn(self) -> UpdateOrder:
        """The order of the update in turn: all sums stay, and each round of an image is worked on at a time, all
        groups together."""
        return best_update(self.update_nest_in_turn(), 1, 1)

    def update_nest_in_turn(self) -> Nest:
        """The nest of the update in turn, all groups together."""
        filters, room = self.layer.group_filters, self.sums
        one = self.layer.groups * bytes_of(self.layer.reduction * self.bits)
        return self._nest(step_rows(self.layer, self.reals), 1, filters, one, room)

    def _nest(self, rows: RowLayout, together: int, filters: int, filter_bytes: int, room: int) -> Nest:
        return Nest(
            groups=1,
            streams=True,
            batch=self.batch * self.layer.rounds // together,
            rows=row_tiles(rows.axis),
            row_bytes=rows.row_bytes,
            filters=tile_filters(filters, self.chip.shape.cols),
            all_filters=filters,
            filter_bytes=filter_bytes,
            spike_buffer=self.chip.room.spike_in,
            weight_buffer=room,
        )


def orders_alone(products: Products, *, parted: bool) -> LayerOrders:
    """The orders of a layer whose visits follow each other: the update comes after all images, or, if `parted` by
    images, possibly after each image in turn."""
    last = _alone(products, products.chip.room.weight, "afterwards")
    if not parted or products.batch == 1 or products.sums > products.chip.room.weight:
        return last
    turns = _alone(products, products.chip.room.weight - products.sums, "in turn")
    return turns if turns.total < last.total else last


def _alone(products: Products, room: int, when: When) -> LayerOrders:
    """The orders with `room` bytes for weights; in turn, all sums stay beside them."""
    waits, in_turn = waiting_alone(products, when), when == "in turn"
    return LayerOrders(
        products.backward(room, waits.held, waits.parts),
        products.update(products.sums if in_turn else room),
        when,
        absent=waits.all - waits.held,
        waiting=waits.all - waits.held,
        own=products.own,
    )


class WaitingAlone(NamedTuple):
    """Gradients of membranes of a layer whose visits follow each other: bytes of an `image`, of `all` images; held: of
    these in spike_out; parts: 1, or the images, each of which has its update in its turn."""

    image: int
    all: int
    held: int
    parts: int


def waiting_alone(products: Products, when: When) -> WaitingAlone:
    """The gradients that wait, of a layer whose visits follow each other; more than one image's if all images go back
    before the update."""
    layer, batch, in_turn = products.layer, products.batch, when == "in turn"
    image, waits = products.made(1, layer.rounds, layer.groups), products.chip.room.spike_out
    held = batch * min(image, waits) if in_turn else min(batch * image, waits)
    return WaitingAlone(image, batch * image, held, batch if in_turn else 1)
