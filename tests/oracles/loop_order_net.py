"""What the literal interpreter of loop orders is told: plain layers, plain loops, plain rooms. Knows nothing of lifsim.

Units: rows are cut along one axis; bits of a row are those of one image and timestep; bytes where bytes are said.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


class IllegalOrderError(AssertionError):
    """A loop order in which something is needed before it is there, or for which there is no room."""


def require(holds: bool, sentence: str) -> None:
    """Raise IllegalOrderError with the sentence unless it holds."""
    if not holds:
        raise IllegalOrderError(sentence)


@dataclass(frozen=True)
class Window:
    """Rows that a row needs: row*stride - padding and kernel - 1 more, those that there are."""

    kernel: int = 1
    stride: int = 1
    padding: int = 0

    def rows(self, row: int, there: int) -> list[int]:
        """Under one row, of so many."""
        top = row * self.stride - self.padding
        return [under for under in range(top, top + self.kernel) if 0 <= under < there]


@dataclass(frozen=True)
class Plane:
    """What layers read and put out: `rows` of row_bits. once: the same at all timesteps. leaves: somebody beyond the
    group reads it, or nobody does, so that DRAM must have all of it."""

    name: str
    rows: int
    row_bits: int
    once: bool = False
    leaves: bool = True


@dataclass(frozen=True)
class State:
    """Membranes in `chains` a row of chain_bytes each; a chain is what the N channel groups of a layer call in turn."""

    name: str
    chains: int
    chain_bytes: int


@dataclass(frozen=True)
class Layer:
    """Reads the plane `source` through a window, computes `rows`, adds those of other planes, fires, pools, puts out.

    filters of filter_bytes, chain by chain; calls: N of a chain. groups: of a convolution, of which each has as many
    filters in a row; of several, filters are in the order of the channels: call n of chain c is filter n * chains + c.
    """

    name: str
    source: str
    window: Window
    rows: int
    filters: int
    filter_bytes: int
    puts: str
    pool: Window = Window()
    adds: tuple[str, ...] = ()
    state: str | None = None
    calls: int = 1
    groups: int = 1

    def call(self, number: int) -> tuple[int, int]:
        """(chain, which call of it) of a filter."""
        if self.groups == 1:
            return divmod(number, self.calls)
        call, chain = divmod(number, self.filters // self.calls)
        return chain, call


@dataclass(frozen=True)
class Net:
    """A network, and how many images and timesteps pass it."""

    timesteps: int
    images: int
    planes: Mapping[str, Plane]
    layers: tuple[Layer, ...]
    states: Mapping[str, State] = field(default_factory=dict)


ENDLESS = 1 << 50


@dataclass(frozen=True)
class Room:
    """Bytes of the buffers."""

    weight: int = ENDLESS
    spike_in: int = ENDLESS
    spike_out: int = ENDLESS
    membrane: int = ENDLESS


@dataclass(frozen=True)
class Nest:
    """How one visit of a layer is cut: row tiles x filter tiles, `weights` or `inputs` outer; rows, filters: of a tile,
    None for all. fold: filters that the array works on together, None for a tile's; alternating: folds take turns at
    every timestep; together: groups of a convolution whose tiles do. stays: weight bytes that are never given up;
    at_work: room for what else a filter tile has."""

    outer: str = "weights"
    rows: int | None = None
    filters: int | None = None
    fold: int | None = None
    alternating: bool = False
    together: int = 1
    stays: int = 0
    at_work: int = ENDLESS


@dataclass(frozen=True)
class Loops:
    """One group in its loop order: for chunks of `images`, for windows of `window` timesteps, for strips of `height`
    rows (None: one of all), for layers, for the timesteps of the window.

    lags: rows by which each layer lies behind the first, in the same timestep; skew: rows by which each timestep of a
    window lies behind the one before it. nests: by layer. permanent: bytes of a state that never leave; transient: of
    its others those that stay between calls that follow each other on it (all, in strips). by_need: strips are those of
    the last layer, the others are as far as it needs them; once: layers that the array computes at the first timestep
    of a window alone, whose currents wait. stops: by image, after how many timesteps it exits: windows that begin
    behind these are not run for it; none: all images run to the end.
    """

    window: int
    height: int | None = None
    lags: tuple[int, ...] = ()
    skew: int = 0
    images: int = 1
    nests: Mapping[str, Nest] = field(default_factory=dict)
    permanent: Mapping[str, int] = field(default_factory=dict)
    transient: int = 0
    by_need: bool = False
    once: frozenset[str] = frozenset()
    stops: tuple[int, ...] = ()

    def runs(self, image: int, window: int) -> bool:
        """Whether an image is worked on in a window (its number)."""
        return not self.stops or window * self.window < self.stops[image]

    @property
    def in_strips(self) -> bool:
        """Whether membranes live from the first layer's strip to the last one's."""
        return self.height is not None
