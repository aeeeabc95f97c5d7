"""The protocol of sparsities."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterator, Sequence
from dataclasses import field, replace
from math import prod
from typing import Protocol, Self, TypeVar

import numpy as np
from numpy.typing import NDArray

from lifsim.contract import answers, of_any
from lifsim.hardware.array.dataflow import Dataflow, FoldWords
from lifsim.hardware.array.laid import Laid
from lifsim.hardware.gemm import ArrayCycles, Gemm, too_long
from lifsim.hardware.input_reads import InputMap
from lifsim.hardware.sram_banks import Banks
from lifsim.hardware.sram_ports import Ports, PortStalls
from lifsim.lazy_dataclass import dataclass
from lifsim.registry import Registry
from lifsim.trace.receptive import Ones, ones_of_parts, ones_type
from lifsim.trace.source import image_chunks

Number = TypeVar("Number", bound=np.generic)


class SpikeMaps(Protocol):
    """The input spikes of a layer."""

    @property
    def images(self) -> int:
        """Stored images; a single one stands for all."""
        ...

    def read(self, timestep: int, first: int, last: int) -> NDArray[np.uint8]:
        """[last - first, C, H, W] spikes of stored images at a timestep, 0 or 1."""
        ...

    def read_parts(self, timestep: int, first: int, last: int) -> Iterator[NDArray[np.uint8]]:
        """The same in parts [last - first, some of C, H, W], each valid until the next."""
        ...


def _too_many_macs(macs: int, kept: Kept, timestep: int, gemm: Gemm) -> str:
    most = gemm.macs * kept.images
    return f"at most the {most} of round {timestep}" if macs > most else ""


@dataclass(frozen=True, eq=False)
class Kept:
    """What is kept of a layer's spikes: how many ones each output pixel sees; a sparsity that needs more has a
    subclass.

    ones: [B, rounds, groups, pixels] in the receptive field of each output pixel, per image and round, of type
    `ones_type`, or int64 if they are summed. ones_in_both: [B, rounds] for a product of two tensors of spikes, the
    number of products with both factors one; None: one factor is weights.
    """

    ones: Ones
    ones_in_both: NDArray[np.int64] | None = field(default=None, kw_only=True)

    @property
    def images(self) -> int:
        """B."""
        return int(self.ones.shape[0])

    @property
    def rounds(self) -> int:
        """Timesteps that the array computes."""
        return int(self.ones.shape[1])

    def window(self, first: int, end: int) -> Self:
        """Only the rounds from `first` to `end` (exclusive). A subclass that keeps more per round must cut that,
        too."""
        both = None if self.ones_in_both is None else self.ones_in_both[:, first:end]
        return replace(self, ones=self.ones[:, first:end], ones_in_both=both)

    def in_order(self, pixels: NDArray[np.int64]) -> Self:
        """With the output pixels in the order of work. A subclass that keeps more per pixel must reorder that, too."""
        return replace(self, ones=self.ones[..., pixels])

    def of_images(self, chosen: Sequence[int]) -> Self:
        """Only these images. A subclass that keeps more per image must cut that, too."""
        both = None if self.ones_in_both is None else self.ones_in_both[list(chosen)]
        return replace(self, ones=of_rows(self.ones, chosen), ones_in_both=both)

    @answers(_too_many_macs)
    def effective_macs(self, timestep: int, gemm: Gemm) -> int:
        """Effective MACs of one round, all images: ones times the Sc filters of a group, or the products with both
        factors one."""
        if self.ones_in_both is not None:
            return int(np.sum(self.ones_in_both[:, timestep], dtype=np.int64))
        return int(np.sum(self.ones[:, timestep], dtype=np.int64)) * gemm.filters


def _of_others(kept: Kept, _sparsity: object, _read: object, _spikes: object, batch: int, rounds: int) -> str:
    fits = kept.ones.ndim == 4 and kept.ones.shape[:2] == (batch, rounds)
    return "" if fits else f"ones of [images, rounds, groups, pixels], here [{batch}, {rounds}, ...]"


def _of_other_rounds(cycles: tuple[ArrayCycles, ...], _sparsity: object, kept: Kept, _laid: object) -> str:
    if len(cycles) != kept.rounds:
        return f"cycles of each of {kept.rounds} rounds"
    return too_long(sum(each.total for each in cycles))


def _long_waits(stalls: PortStalls, *_: object) -> str:
    return too_long(stalls.total)


def _other_blocks(entry: tuple[NDArray[np.int64], int], _sparsity: object, kept: Kept, _laid: object) -> str:
    blocks, images = entry
    fits = blocks.ndim == 2 and 1 <= len(blocks) <= kept.rounds and blocks.size and images <= kept.images
    if not fits:
        return f"[visits, blocks], visits <= {kept.rounds}, images <= {kept.images}"
    return too_long(blocks.size * int(blocks.max()))


class Sparsity(Protocol):
    """What a zero among the spikes saves.

    name: as architectures spell it; title: in words. gates: whether the MAC of a zero takes no operation energy. skips:
    whether it also takes no PE cycle; `streams` then says in words what a fold streams.
    """

    name: str
    title: str
    gates: bool
    skips: bool
    streams: str

    def refusal(self, dataflow: Dataflow) -> str:
        """The rule that `dataflow` breaks, '' if it supports the dataflow."""
        return ""

    def fills(self, laid: Laid) -> FoldWords | None:
        """Fill and drain cycles of a visit, if they differ from the dataflow's."""
        return None

    def require(self, read: InputMap) -> None:
        """Raises InputError, before spikes are read, if such a layer has more than can be processed."""

    @answers(_of_others)
    def keep(self, read: InputMap, spikes: SpikeMaps, batch: int, rounds: int) -> Kept:
        """What it keeps of the spikes of a layer that reads the map as `read` says."""
        return Kept(ones_of(read, spikes, batch, rounds))

    def kept_bytes(self, read: InputMap) -> int:
        """Bytes of this machine's memory that it keeps per image and round of such a layer."""
        return read.groups * read.pixels * ones_type(read.channels, read.kernel).itemsize

    @answers(_of_other_rounds)
    @abstractmethod
    def cycles(self, kept: Kept, laid: Laid) -> tuple[ArrayCycles, ...]:
        """[rounds] cycles that each round adds, all images; what tick batching does once for all rounds counts in the
        first."""
        ...

    @answers(of_any, each=_other_blocks)
    @abstractmethod
    def blocks(self, kept: Kept, laid: Laid) -> Iterator[tuple[NDArray[np.int64], int]]:
        """([visits, blocks] cycles between two finished sets of outputs, images to which they apply), over all
        images."""
        ...

    @answers(_long_waits)
    @abstractmethod
    def waits(self, kept: Kept, laid: Laid, read: InputMap, ports: Ports) -> PortStalls:
        """Waits for the ports of the buffers that feed the array, all images."""
        ...

    @abstractmethod
    def input_words(self, kept: Kept, laid: Laid, read: InputMap, banks: Banks) -> int:
        """Words that the array reads from spike_in, all rounds and images."""
        ...


def ones_of(read: InputMap, spikes: SpikeMaps, batch: int, rounds: int) -> Ones:
    """[B, rounds, groups, pixels] the ones that each output pixel sees of `spikes`."""
    stored = min(batch, spikes.images)
    work = np.empty((stored, rounds, read.groups, read.pixels), ones_type(read.channels, read.kernel))
    for images, timestep, ones in _part_by_part(read, spikes, stored, rounds):
        work[images, timestep] = ones
    return work if stored == batch else np.broadcast_to(work[:1], (batch, *work.shape[1:]))


def summed_ones(read: InputMap, spikes: SpikeMaps, batch: int, rounds: int) -> Ones:
    """[B, rounds, 1, 1] `ones_of` summed over groups and pixels, without keeping any map."""
    stored = min(batch, spikes.images)
    work = np.empty((stored, rounds, 1, 1), np.int64)
    for images, timestep, ones in _part_by_part(read, spikes, stored, rounds):
        work[images, timestep] = np.sum(ones, axis=(1, 2), keepdims=True, dtype=np.int64)
    return work if stored == batch else np.broadcast_to(work[:1], (batch, *work.shape[1:]))


def _part_by_part(read: InputMap, spikes: SpikeMaps, stored: int, rounds: int) -> Iterator[tuple[slice, int, Ones]]:
    """(some of the `stored` images, timestep, [images, groups, pixels] ones) of all of them."""
    of_image = read.groups * read.channels, read.height, read.width
    for first, last in image_chunks(stored, prod(of_image)):
        for timestep in range(rounds):
            parts, shape = spikes.read_parts(timestep, first, last), (last - first, *of_image)
            ones = ones_of_parts(parts, shape, read.kernel, read.stride, read.padding, read.groups)
            yield slice(first, last), timestep, ones.reshape(last - first, read.groups, read.pixels)


def of_rows(rows: NDArray[Number], chosen: Sequence[int]) -> NDArray[Number]:
    """The `chosen` of `rows`; where one stands for all of them, so it does."""
    if rows.strides[0] == 0:
        return np.broadcast_to(rows[:1], (len(chosen), *rows.shape[1:]))
    return rows[list(chosen)]


SPARSITIES: Registry[Sparsity] = Registry("sparsity", Sparsity, "lifsim.hardware.array.sparsity", "lifsim.sparsities")
