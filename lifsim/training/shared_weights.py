"""Products in the backward pass that take turns in one weight buffer: backward ones, and forward ones that run again.

As in the forward pass (`lifsim.schedule.weights.residency`), but without strips, the buffer is divided into weights
that stay and a region for the tile at work.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import lru_cache
from typing import NamedTuple

from lifsim.schedule.facts import LayerFacts
from lifsim.schedule.tensors.rows import Ints, tile_filters
from lifsim.schedule.timestep.group import Chunks
from lifsim.schedule.weights.demand import WeightDemand
from lifsim.schedule.weights.residency import WeightSplit, best_weights
from lifsim.training.forward_again import ForwardAgain
from lifsim.training.gradient_rows import gradient_rows, transposed_filter_bytes
from lifsim.training.nests import BackwardOrder, Tiles
from lifsim.training.orders import Products


class Asked(NamedTuple):
    """A product in the backward pass that needs weights: of a layer (an index in the group), the backward product, or
    the forward product that runs again. reads: [1 + m] bytes of its other operand that come in, by the tile of
    filters."""

    place: int
    facts: LayerFacts
    reads: Ints
    runs_again: bool


def divided(asked: Sequence[Asked], chunks: Chunks, room: int) -> WeightSplit:
    """How `room` bytes of the weight buffer are divided among the products that need weights."""
    rounds = [one.facts.layer.rounds for one in asked]
    rows = [one.facts.rows.axis.rows_out for one in asked]
    return best_weights(
        WeightDemand(
            layers=tuple(one.facts for one in asked),
            visits=tuple(chunks.count * times for times in rounds),
            row_visits=tuple(chunks.batch * times * each for times, each in zip(rounds, rows, strict=True)),
            absent=(0,) * len(rounds),
            strips=(1,) * len(rounds),
            asked=tuple(tuple(one.reads.tolist()) for one in asked),
            buffer=room,
        )
    )


def backward_of(split: WeightSplit, number: int, facts: LayerFacts) -> BackwardOrder:
    """The product that asked as the `number`-th."""
    tile = max(int(split.tile[number]) - 1, 0)
    filters, count = int(facts.tile_filters[tile]), int(facts.tile_counts[tile])
    tiles = Tiles("weights_outer", facts.rows.axis.rows_out, filters, 1, count)
    fetched, reads, pinned = (int(column[number]) for column in (split.fetched, split.reads, split.pinned))
    return BackwardOrder(tiles, fetched, reads, pinned, split.region)


def again_of(split: WeightSplit, number: int, facts: LayerFacts) -> ForwardAgain:
    """The order of a forward product that runs again, under `split`."""
    filters = int(facts.tile_filters[max(int(split.tile[number]) - 1, 0)])
    fetched, reads, pinned = (int(column[number]) for column in (split.fetched, split.reads, split.pinned))
    return ForwardAgain(fetched, reads, pinned, filters, split.region)


@lru_cache(maxsize=4096)
def gradient_facts(products: Products) -> LayerFacts:
    """The backward product for the division of the weight buffer: like the product of a layer whose filters are the
    channels."""
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
