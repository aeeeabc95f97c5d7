"""The protocol of dataflows; all costs of the array follow from its answers."""

from __future__ import annotations

from abc import abstractmethod
from copy import copy
from functools import cache
from typing import Protocol

from lifsim.contract import answers, asked_where, told_by
from lifsim.hardware.gemm import ArrayShape, Gemm, too_long
from lifsim.hardware.input_reads import InputReads, Reads
from lifsim.hardware.sram_banks import Banks, Ints
from lifsim.hardware.sram_ports import Ports, PortStalls
from lifsim.lazy_dataclass import dataclass
from lifsim.registry import Registry


@dataclass(frozen=True)
class Folds:
    """How one group's GEMM is cut into folds, for one round.

    reductions: folds that add up to the same outputs: 1 if the PEs accumulate them. outputs: sets of outputs, each
    finished by its last reduction fold. stream_cycles, fill_drain_cycles: of one fold.
    """

    reductions: int
    outputs: int
    stream_cycles: int
    fill_drain_cycles: int

    @property
    def count(self) -> int:
        """Folds of one group and round."""
        return self.reductions * self.outputs

    @property
    def cycles(self) -> int:
        """Cycles of one fold."""
        return self.stream_cycles + self.fill_drain_cycles


@dataclass(frozen=True)
class Operands:
    """Elements that the array reads for one group in one round."""

    inputs: int
    weights: int


@dataclass(frozen=True)
class FoldWords:
    """`Folds` as arithmetic, in words. count: of one group and round; fill_drain: cycles of a fold, in numbers, and
    `why` in words."""

    count: str
    fill_drain: str
    why: str


@dataclass(frozen=True)
class OutputBlock:
    """Outputs that are finished together: `pixels` of `filters`; None: all those of the tile at work."""

    pixels: int | None
    filters: int | None


def _no_folds(folds: Folds, *_: object) -> str:
    return too_long(folds.count * folds.cycles) if folds.count and folds.cycles else "folds of one cycle or more each"


def _long_waits(stalls: PortStalls, *_: object) -> str:
    return too_long(stalls.total)


def _many_repeats(repeats: int, *_: object) -> str:
    return "at most 2**32" if repeats > 1 << 32 else ""


def _no_outputs(block: OutputBlock, *_: object) -> str:
    return "pixels and filters of one or more" if 0 in (block.pixels, block.filters) else ""


def _misshapen(reads: Reads, _dataflow: object, _read: object, gemm: Gemm, *_: object) -> str:
    groups = [each.shape[0] if each.ndim == 2 else 0 for each in (reads.waits, reads.words)]
    if groups != [gemm.groups] * 2 or reads.waits.shape != reads.words.shape:
        return f"waits and words of one shape [groups, folds], here [{gemm.groups}, folds]"
    return too_long(reads.waits.size * max(int(each.max(initial=0)) for each in (reads.waits, reads.words)))


class Dataflow(Protocol):
    """One way to map a layer onto an H x W array.

    name: as architectures spell it; title: in words.
    rows, cols: what the array's rows and columns hold, and `streamed` what passes by, in words.
    joins_rounds: whether tick batching streams all rounds through one fold, so that the stationary operand is loaded
        once.
    loads_once: whether tick batching fetches the weights once for all rounds.
    sums_in_pes: whether the partial sums of an output stay in the PEs until it is finished; else they leave, and wait
        between the folds that add up to it.
    holds_pixels: whether a row holds its own output pixel through a fold, and may then skip its zeros.
    takes_parts_of_rows: whether its folds are independent of rows of the map, so that a tile may have parts of them.
    """

    name: str
    title: str
    rows: str
    cols: str
    streamed: str
    joins_rounds: bool = False
    loads_once: bool = False
    sums_in_pes: bool = False
    holds_pixels: bool = False
    takes_parts_of_rows: bool = True

    def refusal(self, accounting: str) -> str:
        """Why the accounting `accounting` must not count it; empty if it may."""
        return ""

    @told_by("words")
    @answers(_no_folds)
    @abstractmethod
    def folds(self, gemm: Gemm, shape: ArrayShape) -> Folds:
        """The folds of one group and round."""
        ...

    @abstractmethod
    def words(self, gemm: Gemm, shape: ArrayShape) -> FoldWords:
        """The folds as arithmetic, in words."""
        ...

    @answers(_no_outputs)
    @abstractmethod
    def finishes(self, gemm: Gemm, shape: ArrayShape) -> OutputBlock:
        """The outputs that the folds of one reduction finish together."""
        ...

    @answers(_no_outputs)
    def held_outputs(self, gemm: Gemm, shape: ArrayShape) -> OutputBlock:
        """The outputs of a tile whose membranes are alive at a time under tick batching. Default: those finished
        together, whose timesteps run back to back."""
        return self.finishes(gemm, shape)

    def membrane_registers(self, shape: ArrayShape) -> int:
        """Outputs whose membranes the array itself can hold. Default: one per PE."""
        return shape.pes

    @abstractmethod
    def operands(self, gemm: Gemm, shape: ArrayShape) -> Operands:
        """The elements that one group reads in one round."""
        ...

    @answers(_long_waits)
    @abstractmethod
    def waits(self, read: InputReads, gemm: Gemm, shape: ArrayShape, rounds: int, ports: Ports) -> PortStalls:
        """The additional cycles of one visit of `rounds` that run together, because of the ports of the buffers."""
        ...

    @asked_where("holds_pixels")
    @answers(_long_waits)
    def row_waits(self, stream: Ints, inputs: Ints, gemm: Gemm, shape: ArrayShape, ports: Ports) -> PortStalls:
        """The waits of folds that stream in `stream` [..., groups, row folds] cycles and whose inputs take `inputs`
        cycles, over all column folds; called only if it `holds_pixels`."""
        raise ValueError(f"{self.name} holds no pixels in its rows")

    @answers(_misshapen)
    @abstractmethod
    def input_reads(self, read: InputReads, gemm: Gemm, banks: Banks, shape: ArrayShape) -> Reads:
        """[groups, folds] the reads of the inputs of one round, once each."""
        ...

    @answers(_many_repeats)
    @abstractmethod
    def input_repeats(self, gemm: Gemm, shape: ArrayShape) -> int:
        """How often a round reads the inputs that `input_reads` counts."""
        ...


@cache
def per_round(dataflow: Dataflow) -> Dataflow:
    """`dataflow` for products whose filters differ in every round, so that they are never loaded once for several
    rounds."""
    if not (dataflow.joins_rounds or dataflow.loads_once):
        return dataflow
    changed = copy(dataflow)
    changed.joins_rounds = changed.loads_once = False
    return changed


DATAFLOWS: Registry[Dataflow] = Registry("dataflow", Dataflow, "lifsim.hardware.array.dataflow", "lifsim.dataflows")
