"""The tiling of a layer alone that moves the fewest bytes by the count of a judge who knows more of it than what comes
in and goes: in training, what waits for the statistics of a batch norm, and what is fetched again for it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Protocol

import numpy as np

from lifsim.errors import Fault
from lifsim.model.network import Layer
from lifsim.schedule.chip import TileRoom
from lifsim.schedule.tensors.rows import Ints
from lifsim.schedule.tensors.storage import Reals
from lifsim.schedule.tick.plan import at_once, moved_in
from lifsim.schedule.tick.refusal import refused
from lifsim.schedule.tick.tile_price import NOT_LEGAL
from lifsim.schedule.tick.tilings import Asked, Tilings, higher_nests, nests_of, tilings
from lifsim.schedule.tick.ways import Way
from lifsim.schedule.traffic import LayerTraffic


class Judge(Protocol):
    """Counts what tilings of one layer move."""

    def floors(self, search: Tilings) -> Ints:
        """[orders, r, m] bytes that they cannot go below, but for what is the same of all; of those that are not legal
        anything."""
        ...

    def moved(self, traffic: LayerTraffic) -> int:
        """Bytes under one of them, but for what is the same of all."""
        ...


def judged(
    layer: Layer,
    reals: Reals,
    room: TileRoom,
    batch: int,
    ways: Sequence[Way],
    begun: tuple[int, ...],
    judge: Judge,
) -> LayerTraffic | Fault:
    """What `layer` moves for `batch` images in the tiling that the `judge` says moves the fewest bytes, of equals the
    one that `lifsim.schedule.tick.plan.traffic`, which is told the same, takes. A fault is why none is legal."""
    asked = Asked(layer, reals, room, begun, at_once(layer, batch))
    searches = [tilings(asked, way, nests_of(asked, way)) for way in ways]
    legal = [search for search in searches if search.legal.any()]
    if not legal:
        return refused(layer, begun, [(search.way, search.nest, search.prices) for search in searches])
    fewest, found = NOT_LEGAL, list[Tilings]()
    for search in legal:
        fewest = _look(search, judge, fewest, found)
    for way, nests, most in higher_nests(searches, fewest):
        fewest = _look(tilings(asked, way, nests, most), judge, fewest, found)
    best = min(found, key=lambda search: search.price)
    return moved_in(best, best.best[0])


def _look(search: Tilings, judge: Judge, fewest: int, found: list[Tilings]) -> int:
    """The fewest bytes of `search` and of what has been `found`, where it is kept as the judge counts it, if any of it
    moves no more than that."""
    floors = np.where(search.total < NOT_LEGAL, judge.floors(search), NOT_LEGAL)
    total = np.full_like(floors, NOT_LEGAL)
    for place in zip(*np.unravel_index(np.argsort(floors, axis=None, kind="stable"), floors.shape), strict=True):
        if floors[place] >= NOT_LEGAL or floors[place] > fewest:
            break
        order, row, column = map(int, place)
        total[place] = judge.moved(moved_in(search, (order, row, column)))
        fewest = min(fewest, int(total[place]))
    if total.min() <= min(fewest, NOT_LEGAL - 1):
        found.append(replace(search, total=total))
    return fewest
