"""The tiles of a fused layer, which the array works off whole, all timesteps of a window back to back.

A visit is cut by the filter tiles of its weights. Where its partial sums wait between folds, its membranes do not live
in the registers whatever the tile, or its filters form chains, it is cut into tiles of rows and filters of their own:
of those that spill the fewest bytes, which one row and the fewest filters do, whose membranes have room and whose
chains are whole, the ones that take the fewest cycles, those among them in which the first tile of the weights comes
where others come under the work on it; of equals the fewest tiles.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from enum import Enum, auto
from functools import lru_cache

from lifsim.hardware.array import Cut
from lifsim.lazy_dataclass import dataclass
from lifsim.schedule.tensors.psums import PsumStore, spilled_by
from lifsim.schedule.tick.ways import Way
from lifsim.schedule.timestep.step_cut import VisitCut, VisitShape, price


@dataclass(frozen=True)
class FusedShape:
    """What is to be cut. visit: its product, first rows of all visits, and the tiles of weights to choose from, the
    first of equals; waits: cycles that each of these takes to come, if it is the first. rounds: that run back to back.
    way: in which its chains are worked off; store: as they are."""

    visit: VisitShape
    waits: tuple[int, ...]
    rounds: int
    way: Way
    store: PsumStore

    @property
    def plain(self) -> bool:
        """Whether any tile is as good as another."""
        return self.store.dataflow.sums_in_pes and self.way.membranes is None and self.way.chains is None

    def cut(self, rows: int, filters: int) -> Cut:
        """Into tiles of so many rows, visit by visit."""
        return replace(self.visit.cut(rows, filters), chains=self.way.chains)

    def spilled(self, into: Cut) -> int:
        """Bytes of psums of an image, one way."""
        return spilled_by(self.visit.gemm, into, self.store, self.rounds)

    @property
    def fewest_spilled(self) -> int:
        """Of tiles of one row and the fewest filters, which no others spill less than."""
        return 0 if self.store.dataflow.sums_in_pes else self.spilled(self.cut(1, self.visit.smallest))

    def legal(self, into: Cut) -> bool:
        """Whether membranes of every tile have room, and its chains are worked off as they are to be."""
        tiles = [tile for tile, _ in into.tiles(self.visit.gemm)]
        room, store = self.way.membranes, self.store
        return all(room is None or room.has_room(tile) for tile in tiles) and all(
            self.way.keeps_chains(tile, store.dataflow, store.shape) for tile in tiles
        )


class Rows(Enum):
    """Of a tile: one, under which weights stream; all of a visit; or whichever are the best."""

    EACH = auto()
    ALL = auto()
    ANY = auto()


@lru_cache(4096)
def fused_cut(shape: FusedShape, rows: Rows) -> VisitCut | None:
    """The tiles of a fused layer; None where there are none."""
    visit = shape.visit
    heights = {Rows.EACH: [1], Rows.ALL: visit.heights[-1:], Rows.ANY: visit.heights}[rows]
    if shape.plain:
        return VisitCut(visit.tiles[0], shape.cut(heights[-1], visit.tiles[0]))
    best: tuple[tuple[int, int], VisitCut] | None = None
    for filters, wait in zip(visit.tiles, shape.waits, strict=True):
        for into in _cuts(shape, heights, filters):
            cycles, tiles = price(visit.gemm, into, shape.store, shape.rounds, tick_batched=True)
            if best is None or (wait + cycles, tiles) < best[0]:
                best = (wait + cycles, tiles), VisitCut(filters, into, cycles)
    return None if best is None else best[1]


def _cuts(shape: FusedShape, heights: list[int], filters: int) -> Iterator[Cut]:
    fewest = shape.fewest_spilled
    for width in shape.visit.widths(filters):
        for rows in heights:
            into = shape.cut(rows, width)
            if shape.legal(into) and shape.spilled(into) == fewest:
                yield into
