"""LIFSim's own trace files, one bit per spike.

An .npz file of the uint8 arrays `header` (JSON, `lifsim.trace.header`) and `bits_0000`, `bits_0001`, ..., one per layer
in network order. A layer is a row of T x B blocks, one per timestep and image, t outer; a block is np.packbits of the
flattened `[C, H, W]` or `[F]` spikes, the first in the highest bit, padded with zeros to whole bytes. So any timestep
of any image is read without its neighbours. Files are written stored, not deflated; deflated ones are read as well, but
then going back to an earlier timestep or image inflates the layer from its start.
"""

from __future__ import annotations

import hashlib

import numpy as np
from numpy.typing import NDArray

from lifsim.trace.archive import READ_BYTES, Archive, Array
from lifsim.trace.header import Header, LayerHeader, parse_header
from lifsim.trace.source import LayerSpikes, Trace

HEADER = "header"
MAX_HEADER_BYTES = 16 << 20


def bits_name(index: int) -> str:
    """Name of the array that holds layer `index`."""
    return f"bits_{index:04d}"


class PackedLayer(LayerSpikes):
    """A layer of a packed trace. Its checksum and its count of ones are checked before its first spikes are read."""

    def __init__(self, header: LayerHeader, archive: Archive, array: Array) -> None:
        super().__init__(header.name, header.shape)
        self._header = header
        self._archive = archive
        self._array = array
        self._verified = False

    def packed(self, timestep: int, first: int, last: int) -> NDArray[np.uint8]:
        """Packed spikes of images `first` to `last` (exclusive, as stored) at `timestep`, `[last - first, bytes]`."""
        if not self._verified:
            self.verify()
        block = self._header.block_bytes
        offset = (timestep * self.shape[1] + first) * block
        data = self._archive.read(self._array, offset, (last - first) * block)
        return np.frombuffer(data, np.uint8).reshape(last - first, block)

    def _read(self, timestep: int, first: int, last: int) -> NDArray[np.uint8]:
        bits = np.unpackbits(self.packed(timestep, first, last), axis=1, count=self.neurons)
        return bits.reshape(last - first, *self.neuron_shape)

    def verify(self) -> None:
        """Check SHA-256 and the count of ones, a piece at a time. Raises InputError."""
        digest, ones = hashlib.sha256(), 0
        for offset in range(0, self._array.size_bytes, READ_BYTES):
            data = self._archive.read(self._array, offset, min(READ_BYTES, self._array.size_bytes - offset))
            digest.update(data)
            ones += int(np.bitwise_count(np.frombuffer(data, np.uint8)).sum(dtype=np.int64))
        if digest.hexdigest() != self._header.sha256:
            raise self._archive.fault("checksum is wrong: the spikes are not those that were written", self.name)
        if ones != self._header.ones:
            raise self._archive.fault(f"has {ones} ones where its header says {self._header.ones}", self.name)
        self._verified = True


def read_packed(archive: Archive) -> Trace:
    """The trace in `archive`. Raises InputError unless header and arrays are complete and consistent."""
    header = _read_header(archive)
    expected = {bits_name(index): layer for index, layer in enumerate(header.layers)}
    faults = [(name, "belongs to no layer of the header") for name in archive.arrays if name not in {HEADER, *expected}]
    for name, layer in expected.items():
        array = archive.arrays.get(name)
        if array is None:
            faults.append((layer.name, f"must have its bits in array {name}"))
        elif array.dtype != np.uint8 or array.shape != (layer.packed_bytes,):
            need = f"uint8 [{layer.packed_bytes}] for {list(layer.shape)}"
            faults.append((layer.name, f"must have {need} in {name}, has {array.dtype} {list(array.shape)}"))
    archive.fail_if(faults)
    return Trace(
        workload=header.workload,
        sharing=header.sharing,
        timesteps=header.timesteps,
        batch=header.batch,
        seed=header.seed,
        provenance=header.provenance,
        layers=tuple(PackedLayer(layer, archive, archive.arrays[name]) for name, layer in expected.items()),
        file=archive,
    )


def _read_header(archive: Archive) -> Header:
    array = archive.arrays[HEADER]
    if array.dtype != np.uint8 or len(array.shape) != 1 or array.size_bytes > MAX_HEADER_BYTES:
        raise archive.fault(f"must be uint8 text of at most {MAX_HEADER_BYTES} bytes", HEADER)
    archive.check_crc(array)
    return parse_header(archive.read(array, 0, array.size_bytes), str(archive.path))
