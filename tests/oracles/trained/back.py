"""The two products of the way back: every order of each, and when weights are updated."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from tests.oracles.trained.nest import Came, Nest, Order, came, legal, orders
from tests.oracles.trained.plain import Layer, Machine, up

Key = tuple[bool, int, int, int]
"""Filters outer, rows, filters, rounds together."""


@dataclass(frozen=True)
class Moved:
    """weights: or sums, one way, of the update; maps: gradients, or spikes; pinned: of weights."""

    weights: int
    maps: int
    pinned: int


def made(layer: Layer, machine: Machine, images: int, together: int, groups: int) -> int:
    """Bytes of the gradients of its sums."""
    rounds_alike = images * groups * layer.rows_out
    return rounds_alike * layer.gradient_row(groups, together, machine.gradient_bits)


def dealt(held: int, parts: int) -> list[tuple[int, int]]:
    """(bytes, how many parts have so many)."""
    each, more = divmod(held, parts)
    return [(size, count) for size, count in ((each + 1, more), (each, parts - more)) if count]


def backward(
    layer: Layer, machine: Machine, batch: int, room: int, held: int, parts: int
) -> Iterator[tuple[Key, Moved]]:
    """Every order of the transposed product, of all groups. parts: images one by one, with other work between."""
    groups, channels = layer.groups, layer.in_shape[0] // layer.groups
    each = up(layer.of_group * layer.kernel[0] * layer.kernel[1] * machine.weight_bits, 8)
    for together in sorted({1, layer.rounds}):
        maps = batch * layer.rounds // together
        row = layer.gradient_row(groups, together, machine.gradient_bits)
        nest = Nest(layer.rows_in, row, channels, each, maps, machine.spike_in, room)
        for order in orders(layer.rows_in, channels, machine.columns):
            windows = layer.backward_windows(order.rows)
            if not legal(nest, order, windows, machine.columns):
                continue
            key = (order.filters_outer, order.rows, order.filters, together)
            if order.filters_outer:
                part = replace(nest, maps=maps // parts)
                weights = parts * groups * came(part, order, windows).filters
                each_part = [(replace(part, held=size), count) for size, count in dealt(held, groups * parts)]
                pinned = 0
            else:
                stays = replace(nest, weight_buffer=room // groups if parts > 1 else room)
                one = came(stays, order, windows)
                weights, pinned = groups * one.filters, groups * one.pinned
                each_part = [(replace(nest, maps=1, held=size), count) for size, count in dealt(held, groups * maps)]
            gradients = sum(count * _rows(one, order, windows) for one, count in each_part)
            yield key, Moved(weights, gradients, pinned)


def _rows(nest: Nest, order: Order, windows: list[list[int]]) -> int:
    return came(nest, order, windows).rows


def update(layer: Layer, machine: Machine, batch: int, room: int) -> Iterator[tuple[Key, Moved]]:
    """Every order of the update, all rounds of an image together."""
    row = layer.input_row(layer.groups, layer.rounds)
    each = up(layer.reduction * machine.gradient_bits, 8)
    nest = Nest(layer.rows_out, row, layer.of_group, each, batch, machine.spike_in, room)
    yield from _updates(layer, machine, nest, layer.groups, layer.rounds)


def update_step_by_step(layer: Layer, machine: Machine, batch: int) -> Iterator[tuple[Key, Moved]]:
    """In turn with timesteps: all sums stay; of all groups together."""
    each = layer.groups * up(layer.reduction * machine.gradient_bits, 8)
    maps = batch * layer.rounds
    row = layer.input_row(1, 1)
    nest = Nest(layer.rows_out, row, layer.of_group, each, maps, machine.spike_in, layer.of_group * each)
    yield from _updates(layer, machine, nest, 1, 1)


def _updates(layer: Layer, machine: Machine, nest: Nest, groups: int, together: int) -> Iterator[tuple[Key, Moved]]:
    for order in orders(layer.rows_out, layer.of_group, machine.columns):
        windows = layer.forward_windows(order.rows)
        if legal(nest, order, windows, machine.columns):
            one: Came = came(nest, order, windows)
            sums = one.filters - nest.filters * nest.each
            yield (
                (order.filters_outer, order.rows, order.filters, together),
                Moved(groups * sums, groups * one.rows, 0),
            )


def all_sums(layer: Layer, machine: Machine) -> int:
    return layer.filters * up(layer.reduction * machine.gradient_bits, 8)


@dataclass(frozen=True)
class Orders:
    """in_turn: of the update. absent: gradients that the product does not find on chip; waiting: that the update does
    not. own: whether they are not the output's."""

    in_turn: bool
    backward: dict[Key, Moved]
    update: dict[Key, Moved]
    absent: int
    waiting: int
    own: bool

    def comes_back(self, moved: Moved) -> int:
        return moved.maps if self.own else max(0, moved.maps - self.absent)

    def backward_total(self, moved: Moved) -> int:
        return moved.weights + self.comes_back(moved)

    @property
    def least(self) -> int:
        """Bytes, both products in their best orders."""
        back = min((self.backward_total(one) for one in self.backward.values()), default=0)
        change = min(one.maps + 2 * one.weights for one in self.update.values())
        return back + change + self.waiting * (2 if self.own else 1)


def alone(layer: Layer, machine: Machine, batch: int, *, asked: bool, image_by_image: bool) -> list[Orders]:
    """The ways of a layer whose visits follow each other: updated afterwards, or, image by image, in turn. asked:
    whether the gradient of its input is."""
    image = made(layer, machine, 1, layer.rounds, layer.groups)
    own = layer.lif is not None or layer.norm is not None
    found = []
    for in_turn in (False, True):
        sums = all_sums(layer, machine)
        if in_turn and (not image_by_image or batch == 1 or sums > machine.weight):
            continue
        held = batch * min(image, machine.spike_out) if in_turn else min(batch * image, machine.spike_out)
        room = machine.weight - sums if in_turn else machine.weight
        back = dict(backward(layer, machine, batch, room, held, batch if in_turn else 1)) if asked else {}
        change = dict(update(layer, machine, batch, sums if in_turn else room))
        found.append(Orders(in_turn, back, change, batch * image - held, batch * image - held, own))
    return found
