"""What a group in waves moves in those that were chosen for it."""

from __future__ import annotations

from functools import cached_property

from lifsim.hardware.array import Cut
from lifsim.lazy_dataclass import dataclass
from lifsim.schedule.tensors.rows import Ints
from lifsim.schedule.traffic import Held
from lifsim.schedule.waves.waves import Waves
from lifsim.schedule.weights.residency import WeightSplit


@dataclass(frozen=True)
class StateSplit:
    """Membranes of a group. permanent: by state, bytes of a chunk that stay from window to window; transient, reserved:
    what else of their buffer is taken, by those between the first and the last layer, and by the tile at work. read,
    written: [layers] bytes, the whole batch."""

    permanent: dict[str, int]
    transient: int
    reserved: int
    read: Ints
    written: Ints


@dataclass(frozen=True)
class LayerTiles:
    """Of a layer. filters: of a tile of its weights. into: what the array works off whole; held: the membranes that
    their buffer has of one. cycles: of the array, where its chains can be worked off in several ways, else 0."""

    filters: int
    into: Cut
    held: Held
    cycles: int = 0


@dataclass(frozen=True)
class WaveCost:
    """What a group moves in `waves`. residual, out, psum_read, psum_write: [layers] bytes of the batch. tiles: by
    layer."""

    waves: Waves
    split: WeightSplit
    residual: Ints
    out: Ints
    psum_read: Ints
    psum_write: Ints
    tiles: tuple[LayerTiles, ...]
    states: StateSplit

    @property
    def price(self) -> tuple[int, int]:
        """Bytes, then cycles in which chains are worked off."""
        return self.total, sum(one.cycles for one in self.tiles)

    @cached_property
    def total(self) -> int:
        """DRAM bytes of the whole batch."""
        others = self.residual + self.out + self.psum_read + self.psum_write + self.states.read + self.states.written
        return self.split.moved + int(others.sum())
