"""Is a tick-batched layer that waits for its batch norm trained in the tiling that moves the fewest bytes of all?"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from random import Random

import numpy as np
import pytest

import lifsim
from lifsim.errors import InputError
from lifsim.schedule.choices import Choices
from lifsim.schedule.plan import alone
from lifsim.schedule.tensors.rows import higher_row_tiles
from lifsim.schedule.tick.judged import Judge
from lifsim.schedule.tick.plan import at_once, moved_in
from lifsim.schedule.tick.tile_price import NOT_LEGAL
from lifsim.schedule.tick.tilings import Asked, Tilings, nests_of, tilings
from lifsim.schedule.window import TICK
from tests.schedule.test_trained_chunks import choices
from tests.training_networks.draw import Drawn, _draw


def drawn(seed: int) -> tuple[Drawn, Choices]:
    """The first of the draws of a seed of which every layer alone can be tick-batched, or runs timestep by timestep."""
    draw = Random(f"tilings {seed}")  # noqa: S311
    while True:
        one = _draw(draw)
        batch = one.options.batch or 1
        of = choices(one.network, one.sharing, one.arch, batch, None, one.options.bptt)
        try:
            for index in range(len(of.facts.layers)):
                of.planned(index, index + 1, TICK)
        except InputError:
            continue
        return one, of


def judges(of: Choices) -> Iterator[tuple[int, Judge]]:
    """By layer that is tick-batched and waits for its norm."""
    assert of.training is not None
    for index in range(len(of.facts.layers)):
        judge = of.training.judge(index)
        if judge is not None and of.planned(index, index + 1, TICK).group.tick_batched:
            yield index, judge


def every(of: Choices, index: int) -> Iterator[Tilings]:
    """Tilings of all heights by all numbers of filters that fill whole columns."""
    layer, reals, room, batch, ways, begun = of._tiled(index)
    asked = Asked(layer, reals, room, begun, at_once(layer, batch))
    for way in ways:
        (nest,) = nests_of(asked, way)
        smallest = int(nest.filters[0])
        widths = np.minimum(np.arange(smallest, nest.all_filters + smallest, smallest), nest.all_filters)
        for rows in (nest.rows, higher_row_tiles(nest.rows.axis)):
            if rows.heights.size:
                yield tilings(asked, way, [replace(nest, rows=rows, filters=widths)])


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(60))
def test_no_tiling_moves_fewer_bytes_in_all_stages(seed: int) -> None:
    """All are counted whole. What a judge counts is all that differs, and no tiling goes below its floor."""
    one, of = drawn(seed)
    assert of.training is not None
    for index, judge in judges(of):
        fewest, rest = NOT_LEGAL, set[int]()
        for search in every(of, index):
            floors = judge.floors(search)
            for order, row, column in np.argwhere(search.total < NOT_LEGAL).tolist():
                traffic = moved_in(search, (order, row, column))
                moved = of.training.moved(alone(index, of.batch, traffic))
                assert floors[order, row, column] <= judge.moved(traffic)
                rest.add(moved - judge.moved(traffic))
                fewest = min(fewest, moved)
        assert len(rest) == 1
        assert of.planned(index, index + 1, TICK).dram_bytes == fewest, one.in_words


@pytest.mark.parametrize("seed", range(12))
def test_of_equals_it_is_the_one_that_inference_would_take(seed: int) -> None:
    """Of all lowest row tiles and narrowest filter tiles, each counted: none is left out for its floor."""
    _, of = drawn(seed)
    for index, judge in judges(of):
        layer, reals, room, batch, ways, begun = of._tiled(index)
        asked, counted = Asked(layer, reals, room, begun, at_once(layer, batch)), list[Tilings]()
        for way in ways:
            search = tilings(asked, way, nests_of(asked, way))
            total = np.full_like(search.total, NOT_LEGAL)
            for order, row, column in np.argwhere(search.total < NOT_LEGAL).tolist():
                total[order, row, column] = judge.moved(moved_in(search, (order, row, column)))
            counted += [replace(search, total=total)] if total.min() < NOT_LEGAL else []
        best = min(counted, key=lambda one: one.price)
        found = of.planned(index, index + 1, TICK).group.layers[0]
        if judge.moved(found) == best.price[0]:  # else a higher row tile moves fewer bytes
            assert found == moved_in(best, best.best[0])


def test_conv3_of_vgg16_keeps_its_weights_for_the_second_pass() -> None:
    """Its 128 filters of 64 maps, 2 bytes a weight, fit. Filters outermost they come once more for the second pass of
    the norm's gradient; inputs outermost they stay."""
    result = lifsim.run(
        "sata_training",
        "vgg16_cifar10",
        mode="training",
        batch=16,
        schedule="tick",
        bptt="recomputed",
        overrides=["dram.model=ideal"],
    )
    assert result.plan is not None
    tiling = result.plan.groups[2].layers[0].tiling
    assert (tiling.order, tiling.resident_weight_bytes) == ("inputs_outer", 128 * 64 * 9 * 2)
