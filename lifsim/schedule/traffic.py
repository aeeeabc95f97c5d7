"""Records of what moves between DRAM and the chip."""

from __future__ import annotations

from operator import add
from typing import Literal, Self

from lifsim.hardware.array import Cut
from lifsim.lazy_dataclass import dataclass
from lifsim.model.network import Layer

Order = Literal["weights_outer", "inputs_outer"]


@dataclass(frozen=True)
class DramBytes:
    """DRAM bytes per tensor, exact. weights, spikes_in, residual, *_read are reads; spikes_out, *_write are writes.
    operand: the part of spikes_in that is a second operand, used in place of weights."""

    weights: int = 0
    spikes_in: int = 0
    spikes_out: int = 0
    residual: int = 0
    membrane_read: int = 0
    membrane_write: int = 0
    psum_read: int = 0
    psum_write: int = 0
    operand: int = 0

    def __post_init__(self) -> None:
        if min(self._amounts) < 0:
            name, amount = next((name, amount) for name, amount in vars(self).items() if amount < 0)
            raise ValueError(f"{name} must be >= 0, is {amount}")

    @property
    def _amounts(self) -> tuple[int, ...]:
        return tuple(vars(self).values())

    @property
    def first_operand(self) -> int:
        """The part of spikes_in that passes the spike_in buffer."""
        return self.spikes_in - self.operand

    @property
    def filters(self) -> int:
        """What passes the buffer for weights."""
        return self.weights + self.operand

    @property
    def psum(self) -> int:
        """Partial sums and replayed currents, both ways."""
        return self.psum_read + self.psum_write

    @property
    def reads(self) -> int:
        """Bytes from DRAM."""
        return self.weights + self.spikes_in + self.residual + self.membrane_read + self.psum_read

    @property
    def writes(self) -> int:
        """Bytes to DRAM."""
        return self.spikes_out + self.membrane_write + self.psum_write

    @property
    def total(self) -> int:
        """Bytes over the DRAM's pins."""
        return self.reads + self.writes

    def shown(self) -> dict[str, int]:
        """By tensor, as results show them: partial sums of both directions together, and the total."""
        names = ("weights", "spikes_in", "spikes_out", "residual", "membrane_read", "membrane_write", "psum", "total")
        return {name: getattr(self, name) for name in names}

    def __add__(self, other: Self) -> Self:
        if type(other) is not type(self):
            return NotImplemented
        return type(self)(*map(add, self._amounts, other._amounts))


@dataclass(frozen=True)
class Held:
    """States of one image that the registers do not hold: the most at a time, for which the buffer needs room, and all.
    registers: the most at a time in the registers, if that was computed."""

    most: int
    all: int
    registers: int = 0


@dataclass(frozen=True)
class Tiling:
    """How one layer's work is cut into tiles, per group of a grouped convolution.

    An output tile has `rows` rows (of the map; of the signal's length if 1-D) x `filters` filters; there are
    `row_tiles` x `filter_tiles` of them per image. `order` names the outer loop: "weights_outer" walks filter tile,
    image, row tile; "inputs_outer" image, row tile, filter tile. `resident_weight_bytes` and `resident_spike_bytes` are
    pinned in the buffers beside the tile at work and fetched once (per image, of the spikes under "inputs_outer").
    `cut` are the tiles that the array computes as a whole: these, or, timestep-major, smaller ones whose psums wait
    together. `held`, under tick batching, are the membranes that do not fit into the registers. `lasting_weight_bytes`
    stay from one window of timesteps to the next.
    """

    order: Order
    rows: int
    filters: int
    row_tiles: int
    filter_tiles: int
    resident_weight_bytes: int
    resident_spike_bytes: int
    cut: Cut
    held: Held = Held(0, 0)
    lasting_weight_bytes: int = 0

    def group_sets(self, groups: int) -> int:
        """Number of sets into which the `groups` groups of a convolution fall. Sets run one after the other; the groups
        of a set take turns if chains alternate."""
        return groups // (self.cut.chains.groups if self.cut.chains else 1)


@dataclass(frozen=True)
class LayerTraffic:
    """What one layer moves for the whole batch, and its tiling. computed_again: whether the array computes it at every
    timestep, although once would do if its currents were kept."""

    layer: str
    dram: DramBytes
    tiling: Tiling
    computed_again: bool = False

    def __hash__(self) -> int:
        return hash((self.layer, self.dram.total))

    def as_run(self, layer: Layer) -> Layer:
        """`layer`, whose traffic this is, with the rounds in which it is computed."""
        return layer.computed_again if self.computed_again else layer
