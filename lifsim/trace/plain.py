"""Plain .npz archives of spikes: arrays of 0 and 1, `[N, C, H, W]` or `[N, F]`, in layer order, N = T x B.

So are the traces published with LoAS and Prosperity. The leading axis holds T timesteps of B images, T outer ("TB") or
B outer ("BT"). A layer may also have one row for all (the analogue image under direct encoding), one row per image (a
mean over time), or one row per timestep (every image alike).
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from lifsim.errors import Fault, InputError
from lifsim.trace.archive import Archive, Array
from lifsim.trace.header import MAX_NEURONS, MAX_TIMESTEPS
from lifsim.trace.source import LayerSpikes, Trace

LAYOUTS = ("TB", "BT")


class PlainLayer(LayerSpikes):
    """A layer of a plain archive. Its CRC is checked before its first spikes are read, its values as they are read."""

    def __init__(self, shape: tuple[int, ...], layout: str, archive: Archive, array: Array) -> None:
        super().__init__(array.name, shape)
        self._layout = layout
        self._archive = archive
        self._array = array
        self._checked = False

    def _read(self, step: int, first: int, last: int) -> NDArray[np.uint8]:
        if not self._checked:
            self._archive.check_crc(self._array)
            self._checked = True
        if self._layout == "TB":
            return self._rows(step * self.shape[1] + first, last - first)
        rows = [self._rows(image * self.steps + step, 1) for image in range(first, last)]
        return np.concatenate(rows) if rows else self._rows(0, 0)

    def _rows(self, first: int, count: int) -> NDArray[np.uint8]:
        row_bytes = self.neurons * self._array.dtype.itemsize
        data = self._archive.read(self._array, first * row_bytes, count * row_bytes)
        if self._array.dtype == np.bool_:
            # A byte of a damaged or hostile file may be neither 0 nor 1; NumPy would take it for True, or worse.
            values = np.frombuffer(data, np.uint8)
        else:
            values = np.frombuffer(data, self._array.dtype)
        spikes = values.astype(np.uint8) if values.dtype != np.uint8 else values
        if not (np.array_equal(spikes, values) and (not spikes.size or spikes.max() <= 1)):
            raise self._archive.fault("must hold 0 and 1 only", self.name)
        return spikes.reshape(count, *self.neuron_shape)


def read_plain(archive: Archive, timesteps: int | None = None, layout: str = "TB", sharing: str = "none") -> Trace:
    """The spikes of a plain archive, as a trace.

    timesteps: T; None takes the length of the leading axes, and one image. layout: "TB" or "BT", how the leading axis
    holds T x B. sharing: under which they were recorded. Raises InputError with all that is wrong.
    """
    if layout not in LAYOUTS:
        raise InputError(Fault(f"{layout!r} must be TB or BT", path="layout"))
    if timesteps is not None and not 1 <= timesteps <= MAX_TIMESTEPS:
        raise InputError(Fault(f"{timesteps} must be 1 to {MAX_TIMESTEPS}", path="timesteps"))
    if not archive.arrays:
        raise archive.fault("must hold at least one array of spikes")
    archive.fail_if([(array.name, message) for array in archive.arrays.values() for message in _rank_faults(array)])
    longest = max(array.shape[0] for array in archive.arrays.values())
    steps = longest if timesteps is None else timesteps
    batch = max(1, longest // steps)
    leads = {array.name: _split(array.shape[0], steps, batch) for array in archive.arrays.values()}
    rule = f"must begin with T x B = {steps} x {batch}, or a 1 for either"
    archive.fail_if([(name, f"{archive.arrays[name].shape[0]} {rule}") for name, lead in leads.items() if lead is None])
    layers = [
        PlainLayer(lead + archive.arrays[name].shape[1:], layout, archive, archive.arrays[name])
        for name, lead in leads.items()
        if lead is not None
    ]
    order = "timesteps outer" if layout == "TB" else "images outer"
    split = f" (leading axis {longest} read as {steps} timesteps x {batch} images, {order})" if batch > 1 else ""
    provenance = f"plain archive {archive.path.name}{split}"
    return Trace("", sharing, steps, batch, None, provenance, tuple(layers), archive)


def _rank_faults(array: Array) -> list[str]:
    faults = []
    if len(array.shape) not in (2, 4):
        hint = "; a 1-D signal is [T, C, 1, L]" if len(array.shape) == 3 else ""
        faults.append(f"must be [T, C, H, W] or [T, F], is {list(array.shape)}{hint}")
    elif min(array.shape) < 1:
        faults.append(f"must have no axis of length 0, is {list(array.shape)}")
    elif math.prod(array.shape[1:]) > MAX_NEURONS:
        faults.append(f"must have at most {MAX_NEURONS} elements per image and timestep, is {list(array.shape)}")
    if array.fortran_order and len(array.shape) > 1:
        faults.append("must be in C order, is in Fortran order; save np.ascontiguousarray(...) of it")
    return faults


def _split(length: int, timesteps: int, batch: int) -> tuple[int, int] | None:
    """(T or 1, B or 1) of a leading axis; None if it is none of them."""
    splits = {1: (1, 1), timesteps: (timesteps, 1), batch: (1, batch), timesteps * batch: (timesteps, batch)}
    return splits.get(length)
