"""What the array is asked to do, the array, and what that cost."""

from __future__ import annotations

from dataclasses import replace
from math import prod

from lifsim.lazy_dataclass import dataclass


def ceil_div(dividend: int, divisor: int) -> int:
    """Exact ceil(dividend / divisor)."""
    return -(-dividend // divisor)


@dataclass(frozen=True)
class Window:
    """How a convolution's products follow from its map. out_rows: E. kernel: (R, S). stride: of rows and columns."""

    out_rows: int = 1
    kernel: tuple[int, int] = (1, 1)
    stride: tuple[int, int] = (1, 1)


@dataclass(frozen=True)
class Gemm:
    """A layer as matrix products, one per convolution group: [pixels Sr, reduction K] x [reduction K, filters Sc].

    pixels: Sr = E*F output pixels. reduction: K = C*R*S/groups products per output. filters: Sc = M/groups of one
    group. groups: products of this shape, run one after the other. window: what a dataflow may know of the convolution
    that it is; a product without one is that of a single row of pixels with a kernel of one. chain: so many filters
    each, which lie behind each other, are to be finished together.
    """

    pixels: int
    reduction: int
    filters: int
    groups: int = 1
    window: Window = Window()
    chain: int = 1

    def __post_init__(self) -> None:
        if min(self.pixels, self.reduction, self.filters, self.groups) < 1:
            raise ValueError(f"{self} must have every dimension >= 1")
        if self.pixels % self.window.out_rows or self.reduction % prod(self.window.kernel):
            raise ValueError(f"{self} must be whole rows of whole windows")

    @property
    def channels(self) -> int:
        """C of one group: K / (R*S)."""
        return self.reduction // prod(self.window.kernel)

    @property
    def row_pixels(self) -> int:
        """F output pixels of a row."""
        return self.pixels // self.window.out_rows

    def tile(self, pixels: int, filters: int) -> Gemm:
        """The product of a tile of so many pixels, rows of the map where they make whole ones, and filters."""
        rows, rest = divmod(pixels, self.row_pixels)
        return replace(self, pixels=pixels, filters=filters, window=replace(self.window, out_rows=1 if rest else rows))

    @property
    def macs(self) -> int:
        """Dense multiply-accumulates of one round."""
        return self.pixels * self.reduction * self.filters * self.groups


@dataclass(frozen=True)
class ArrayShape:
    """The grid of processing elements: `rows` H, `cols` W."""

    rows: int
    cols: int

    def __post_init__(self) -> None:
        if min(self.rows, self.cols) < 1:
            raise ValueError(f"{self} must have rows and cols >= 1")

    @property
    def pes(self) -> int:
        """Processing elements H*W."""
        return self.rows * self.cols

    def filter_cols(self, chain: int) -> int:
        """Columns that take filters of which `chain` each are to be finished together: floor(W/N)*N; all of them where
        not one chain fits, which is parted then."""
        return self.cols // chain * chain or self.cols


@dataclass(frozen=True)
class ArrayCycles:
    """Cycles of the array, by cause.

    array: cycles in which operands stream in. fill_drain: the others, in which a fold's skewed operands reach the far
    corner or stationary operands are loaded. folds: how often operands stream through it.
    """

    array: int
    fill_drain: int
    folds: int

    @property
    def total(self) -> int:
        """array + fill_drain."""
        return self.array + self.fill_drain

    def __add__(self, other: ArrayCycles) -> ArrayCycles:
        return ArrayCycles(self.array + other.array, self.fill_drain + other.fill_drain, self.folds + other.folds)

    def __mul__(self, times: int) -> ArrayCycles:
        return ArrayCycles(self.array * times, self.fill_drain * times, self.folds * times)


NO_CYCLES = ArrayCycles(0, 0, 0)

MOST_CYCLES = 1 << 48
"""That something takes which a member of another package counts, a week at 400 MHz: sums of them, in what divides two
clocks, must fit 64 bits."""


def too_long(cycles: int) -> str:
    """The rule that so many break, "" if none (`lifsim.contract.answers`)."""
    return "" if cycles <= MOST_CYCLES else "at most 2**48 cycles"


def pe_utilisation(macs: int, shape: ArrayShape, cycles: int) -> float:
    """Share of PE-cycles that do a multiply-accumulate: macs / (H*W * cycles); 0 for no cycles.

    With `Gemm.macs` it is the dense utilisation; with the effective ones (`skip.effective_macs`) the useful one.
    """
    return macs / (shape.pes * cycles) if cycles else 0.0
