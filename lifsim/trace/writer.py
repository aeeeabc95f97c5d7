"""Writes a trace: packed spikes go to spool files beside the target, which are joined at the end."""

from __future__ import annotations

import hashlib
import io
import os
import zipfile
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import field
from pathlib import Path
from types import TracebackType
from typing import IO

import numpy as np
from numpy.lib import format as npy
from numpy.typing import ArrayLike, NDArray

from lifsim.errors import Fault, InputError
from lifsim.files import scratch_beside, writing
from lifsim.lazy_dataclass import dataclass
from lifsim.model.sharing import Sharing
from lifsim.room import require_disk
from lifsim.trace.archive import READ_BYTES
from lifsim.trace.header import Header, LayerHeader, block_bytes, parse_header
from lifsim.trace.packed import HEADER, bits_name
from lifsim.trace.source import Trace, image_chunks
from lifsim.watch import Tally, Watch, unwatched


@dataclass
class _Spool:
    """Packed blocks of one layer as they come, and which `[T, B]` of them have come."""

    file: IO[bytes]
    neuron_shape: tuple[int, ...]
    written: NDArray[np.bool_]
    ones: int = 0

    def write(self, timestep: int, first: int, bits: NDArray[np.uint8]) -> None:
        written = self.written[timestep, first : first + len(bits)]
        if written.any():
            raise ValueError(f"timestep {timestep}, images {first}:{first + len(bits)} must be written once")
        written[:] = True
        self.ones += int(np.bitwise_count(bits).sum(dtype=np.int64))
        self.file.seek((timestep * self.written.shape[1] + first) * bits.shape[1])
        self.file.write(bits.data)

    def shape(self) -> tuple[int, ...] | None:
        """`[T, B, ...]` of what has come, or `[1, B, ...]` if it is the first timestep; None if blocks are missing."""
        timesteps = len(self.written) if self.written[1:].any() else 1
        return (timesteps, self.written.shape[1], *self.neuron_shape) if self.written[:timesteps].all() else None


@dataclass
class TraceWriter:
    """Writes a trace to `path`, as a context manager; the file appears when the block ends, whole or not at all.

    `write` takes any timestep of any layer in any order, so that layers can come one after the other, or timestep by
    timestep as a network computes them; layers stand in the file in the order in which they first came. A layer may
    have its first timestep alone. On an exception, and on blocks that never came (InputError), what was at
    `path` stays. With `overwrite` false, an existing file is refused at once. Folders above it are made.
    Memory: what one `write` is given.
    """

    path: Path
    workload: str
    timesteps: int
    batch: int
    sharing: str = "none"
    seed: int | None = None
    provenance: str = ""
    overwrite: bool = False
    _spools: dict[str, _Spool] = field(default_factory=dict, init=False, repr=False)
    _folder: Path = field(init=False, repr=False)
    _open: ExitStack = field(default_factory=ExitStack, init=False, repr=False)

    def __enter__(self) -> TraceWriter:
        Sharing.parse(self.sharing)
        if not self.overwrite and os.path.lexists(self.path):
            raise self._fault("exists already; it is replaced only on request (--force)")
        if self.path.is_dir():
            raise self._fault("is a folder")
        self._folder = self._open.enter_context(scratch_beside(self.path, parents=True))
        return self

    def write(self, layer: str, timestep: int, spikes: ArrayLike, first: int = 0) -> None:
        """Spikes of images `first`, `first` + 1, ... of `layer` at `timestep`: bool or 0/1, `[images, C, H, W]` or
        `[images, F]`. Raises ValueError if they do not fit what came before."""
        array = np.asarray(spikes).astype(np.bool_, copy=False)
        if not np.array_equal(array, spikes):
            raise ValueError(f"{layer}: spikes must be 0 or 1")
        spool = self._spools.get(layer)
        if spool is None:
            spool = self._spools[layer] = self._spool(array.shape[1:])
        if array.shape[1:] != spool.neuron_shape:
            raise ValueError(f"{layer}: spikes {array.shape[1:]} must be {spool.neuron_shape} as before")
        if not (0 <= timestep < self.timesteps and first >= 0 and first + len(array) <= self.batch):
            raise ValueError(
                f"{layer}: timestep {timestep}, images {first}:{first + len(array)} must be within the trace"
            )
        with writing(self.path):
            spool.write(timestep, first, np.packbits(np.ascontiguousarray(array).reshape(len(array), -1), axis=1))

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        opened = self._open.pop_all()
        if kind is not None:
            opened.__exit__(kind, error, trace)
            return
        with opened, writing(self.path):
            self._finish()

    def _spool(self, neuron_shape: tuple[int, ...]) -> _Spool:
        if len(neuron_shape) not in (1, 3) or 0 in neuron_shape:
            raise ValueError(f"spikes {neuron_shape} must be [images, C, H, W] or [images, F]")
        with writing(self.path):
            file = (self._folder / bits_name(len(self._spools))).open("w+b")
        self._open.callback(_given_up, file)
        return _Spool(file, neuron_shape, np.zeros((self.timesteps, self.batch), np.bool_))

    def _finish(self) -> None:
        shapes = {name: spool.shape() for name, spool in self._spools.items()}
        missing = [name for name, shape in shapes.items() if shape is None]
        if missing or not shapes:
            raise InputError(
                [Fault("has timesteps or images without spikes", name, str(self.path)) for name in missing]
            )
        whole = self._folder / "trace.npz"
        with zipfile.ZipFile(whole, "w", zipfile.ZIP_STORED) as archive:
            layers = tuple(
                LayerHeader(name, shape, self._spools[name].ones, _add_spool(archive, index, self._spools[name], shape))
                for index, (name, shape) in enumerate(shapes.items())
                if shape is not None
            )
            text = self._header(layers).to_json().encode()
            with _member(archive, HEADER, len(text)) as member:
                member.write(text)
        whole.replace(self.path)

    def _header(self, layers: tuple[LayerHeader, ...]) -> Header:
        header = Header(
            self.workload, self.sharing, self.timesteps, self.batch, self.seed, self.provenance, layers
        )  # fmt: skip
        return parse_header(header.to_json().encode(), str(self.path))

    def _fault(self, message: str) -> InputError:
        return InputError(Fault(message, source=str(self.path)))


def disk_bytes(layers: Iterable[tuple[int, tuple[int, ...]]]) -> int:
    """Bytes of disk that an image takes while a trace is written, given the timesteps and the shape of the neurons of
    each layer. Its spikes are in the spools and in the file at the same time."""
    return 2 * sum(timesteps * block_bytes(shape) for timesteps, shape in layers)


def save(trace: Trace, path: Path, *, overwrite: bool = False, watch: Watch = unwatched) -> None:
    """Write `trace`, wherever its spikes come from, to the file `path`, a chunk at a time. Raises InputError, before a
    spike is read if the disk has no room for them."""
    require_disk(disk_bytes((layer.timesteps, layer.neuron_shape) for layer in trace.layers), trace.batch, path)
    with TraceWriter(
        path, trace.workload, trace.timesteps, trace.batch, trace.sharing, trace.seed, trace.provenance, overwrite
    ) as writer:
        tally = Tally(watch, "spikes", sum(layer.timesteps * trace.batch * layer.neurons for layer in trace.layers))
        for layer in trace.layers:
            for timestep in range(layer.timesteps):
                for first, last in image_chunks(trace.batch, layer.neurons):
                    writer.write(layer.name, timestep, layer.read(timestep, first, last), first)
                    tally.add((last - first) * layer.neurons)


def _given_up(file: IO[bytes]) -> None:
    """Close a spool that is given up, ignoring errors of writing."""
    with suppress(OSError):
        file.close()


@contextmanager
def _member(archive: zipfile.ZipFile, name: str, size_bytes: int) -> Iterator[IO[bytes]]:
    """A stored member, opened to write the uint8 elements of array `name`; without a date, so that equal traces are
    equal files."""
    head = io.BytesIO()
    npy.write_array_header_1_0(head, {"descr": "|u1", "fortran_order": False, "shape": (size_bytes,)})
    info = zipfile.ZipInfo(f"{name}.npy")
    info.file_size = len(head.getvalue()) + size_bytes
    with archive.open(info, "w", force_zip64=size_bytes >= 1 << 30) as member:
        member.write(head.getvalue())
        yield member


def _add_spool(archive: zipfile.ZipFile, index: int, spool: _Spool, shape: tuple[int, ...]) -> str:
    """Copy a spool into the archive; its SHA-256."""
    digest = hashlib.sha256()
    spool.file.seek(0)
    with _member(archive, bits_name(index), shape[0] * shape[1] * block_bytes(spool.neuron_shape)) as member:
        while data := spool.file.read(READ_BYTES):
            digest.update(data)
            member.write(data)
    return digest.hexdigest()
