"""Plain .npz archives of spikes: arrays of 0 and 1 in layer order, with or without an axis of images.

`[T, C, H, W]` or `[T, F]`, the leading axis T or T x B: so are the traces published with LoAS and Prosperity. It
holds T timesteps of B images, T outer ("TB") or B outer ("BT"). `[T, B, C, H, W]` or `[T, B, F]` (BT: `[B, T, ...]`)
have both axes: so do recordings of SpikingJelly in multi-step mode and of snnTorch. A layer may also have one row for
all (the analogue image under direct encoding), one row per image (a mean over time), or one row per timestep (every
image alike).
"""

from __future__ import annotations

import math
from collections.abc import Collection
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lifsim.errors import Fault, InputError
from lifsim.lazy_dataclass import dataclass
from lifsim.trace.archive import Archive, Array
from lifsim.trace.header import MAX_NEURONS, MAX_TIMESTEPS
from lifsim.trace.source import LayerSpikes, Trace
from lifsim.units import counted

LAYOUTS = ("TB", "BT")
MAX_FORTRAN_BYTES = 1 << 30


class PlainLayer(LayerSpikes):
    """A layer of a plain archive. Its CRC is checked before its first spikes are read, its values as they are read."""

    def __init__(self, shape: tuple[int, ...], layout: str, archive: Archive, array: Array) -> None:
        super().__init__(array.name, shape)
        self._layout = layout
        self._archive = archive
        self._array = array
        self._checked = False
        self._rows_of_all: NDArray[Any] | None = None  # of an array in Fortran order, whose rows are not together

    def _read(self, timestep: int, first: int, last: int) -> NDArray[np.uint8]:
        if not self._checked:
            self._archive.check_crc(self._array)
            self._checked = True
        if self._layout == "TB":
            return self._rows(timestep * self.shape[1] + first, last - first)
        rows = [self._rows(image * self.timesteps + timestep, 1) for image in range(first, last)]
        return np.concatenate(rows) if rows else self._rows(0, 0)

    def _rows(self, first: int, count: int) -> NDArray[np.uint8]:
        # A byte of a damaged or hostile file may be neither 0 nor 1; NumPy would take it for True, or worse.
        dtype = np.dtype(np.uint8) if self._array.dtype == np.bool_ else self._array.dtype
        if self._array.fortran_order:
            if self._rows_of_all is None:
                self._rows_of_all = self._archive.whole(self._array).view(dtype).reshape(-1, self.neurons)
            values = self._rows_of_all[first : first + count]
        else:
            row_bytes = self.neurons * dtype.itemsize
            values = np.frombuffer(self._archive.read(self._array, first * row_bytes, count * row_bytes), dtype)
        spikes: NDArray[np.bool_] = np.equal(values, 1)
        if not np.array_equal(spikes, values != 0):  # NaN is neither
            raise self._archive.fault("must hold 0 and 1 only", self.name)
        return spikes.astype(np.uint8).reshape(count, *self.neuron_shape)


def read_plain(archive: Archive, timesteps: int | None = None, layout: str = "TB", sharing: str = "none") -> Trace:
    """The spikes of a plain archive, as a trace.

    timesteps: T; None takes that of the arrays with both axes, else the length of the leading axes, and one image.
    layout: "TB" or "BT", how leading axes hold T and B. sharing: under which they were recorded. Raises InputError with
    all that is wrong.
    """
    if layout not in LAYOUTS:
        raise InputError(Fault(f"{layout!r} must be TB or BT", path="layout"))
    if timesteps is not None and not 1 <= timesteps <= MAX_TIMESTEPS:
        raise InputError(Fault(f"{timesteps} must be 1 to {MAX_TIMESTEPS}", path="timesteps"))
    if not archive.arrays:
        raise archive.fault("must hold at least one array of spikes")
    arrays = archive.arrays.values()
    archive.fail_if([(array.name, message) for array in arrays for message in _faults(array)])
    split = _Split.of(arrays, timesteps, layout)
    leads = {array.name: split.lead(array) for array in arrays}
    archive.fail_if([(array.name, split.misfit(array)) for array in arrays if leads[array.name] is None])
    layers = [
        PlainLayer(lead + _neuron_shape(archive.arrays[name]), layout, archive, archive.arrays[name])
        for name, lead in leads.items()
        if lead is not None
    ]
    provenance = f"plain archive {archive.path.name}{split}"
    return Trace("", sharing, split.timesteps, split.batch, None, provenance, tuple(layers), archive)


def _has_images(array: Array) -> bool:
    """Whether the array has an axis of images: [T, B, C, H, W] or [T, B, F]."""
    return len(array.shape) in (3, 5)


def _neuron_shape(array: Array) -> tuple[int, ...]:
    return array.shape[2 if _has_images(array) else 1 :]


def _faults(array: Array) -> list[str]:
    faults = []
    if len(array.shape) not in (2, 3, 4, 5):
        forms = "[T, C, H, W] or [T, F], or with images [T, B, C, H, W] or [T, B, F]"
        faults.append(f"must be {forms}, is {list(array.shape)}")
    elif min(array.shape) < 1:
        faults.append(f"must have no axis of length 0, is {list(array.shape)}")
    elif math.prod(_neuron_shape(array)) > MAX_NEURONS:
        faults.append(f"must have at most {MAX_NEURONS} elements per image and timestep, is {list(array.shape)}")
    if array.fortran_order and array.size_bytes > MAX_FORTRAN_BYTES:
        held = f"{array.size_bytes} bytes in Fortran order, which must be read at once"
        faults.append(f"has {held}: at most {MAX_FORTRAN_BYTES} can be; save np.ascontiguousarray(...) of it")
    return faults


@dataclass(frozen=True)
class _Split:
    """How leading axes hold T timesteps of B images. given: whether some array has an axis for each."""

    timesteps: int
    batch: int
    layout: str
    given: bool

    @classmethod
    def of(cls, arrays: Collection[Array], timesteps: int | None, layout: str) -> _Split:
        """T and B of the arrays that have both axes, else of the longest leading axis."""
        both = [_ordered(array.shape[:2], layout) for array in arrays if _has_images(array)]
        if both:
            return cls(
                timesteps or max(timesteps for timesteps, _ in both),
                max(images for _, images in both),
                layout,
                given=True,
            )
        longest = max(array.shape[0] for array in arrays)
        timesteps = longest if timesteps is None else timesteps
        return cls(timesteps, max(1, longest // timesteps), layout, given=False)

    def lead(self, array: Array) -> tuple[int, int] | None:
        """(T or 1, B or 1) of the array's leading axes; None if they are none of them."""
        if _has_images(array):
            timesteps, batch = _ordered(array.shape[:2], self.layout)
            return (timesteps, batch) if timesteps in (1, self.timesteps) and batch in (1, self.batch) else None
        splits = {1: (1, 1), self.batch: (1, self.batch), self.timesteps * self.batch: (self.timesteps, self.batch)}
        if self.batch == 1 or not self.given:  # else [T, C, H, W] beside [T, B, F] is a signal [T, C, L] misread
            splits = {self.timesteps: (self.timesteps, 1)} | splits
        return splits.get(array.shape[0])

    def misfit(self, array: Array) -> str:
        """What is wrong with the leading axes of an array without `lead`."""
        if not _has_images(array):
            return f"{array.shape[0]} must begin with T x B = {self.timesteps} x {self.batch}, or a 1 for either"
        axes = "T, B" if self.layout == "TB" else "B, T"
        first, second = _ordered((self.timesteps, self.batch), self.layout)
        signal = "; a 1-D signal is [T, C, 1, L]" if len(array.shape) == 3 else ""
        return f"{list(array.shape)} must begin with {axes} = {first}, {second}, or a 1 for either{signal}"

    def __str__(self) -> str:
        """In words, for the provenance; '' for one image."""
        axes = "axes" if self.given else f"axis {self.timesteps * self.batch}"
        order = "timesteps outer" if self.layout == "TB" else "images outer"
        words = (
            f" (leading {axes} read as {counted(self.timesteps, 'timestep')} x {counted(self.batch, 'image')}, {order})"
        )
        return words if self.batch > 1 else ""


def _ordered(pair: tuple[int, ...], layout: str) -> tuple[int, int]:
    """(T, B) of two axes in the order of the layout, and back."""
    first, second = pair
    return (first, second) if layout == "TB" else (second, first)
