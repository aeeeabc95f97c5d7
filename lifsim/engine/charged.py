"""Membranes on disk: u' of every LIF call, charged and not yet reset, in an .npz file of one array per LIF layer."""

from __future__ import annotations

import zipfile
from contextlib import ExitStack, suppress
from pathlib import Path
from types import TracebackType
from typing import IO, Any

import numpy as np
from numpy.lib import format as npy
from numpy.typing import NDArray

from lifsim.files import scratch_beside, writing
from lifsim.lazy_dataclass import dataclass
from lifsim.model.network import Network, Node

Array = NDArray[Any]


@dataclass(frozen=True)
class _Begun:
    """A layer's .npy file whose header has been written. start: offset of its first element, in bytes."""

    file: IO[bytes]
    start: int


class ChargedWriter:
    """Writes float32 [T, B, C, H, W] or [T, B, F] per LIF layer, as a context manager: streamed to disk beside `path`,
    the file appears whole at the end or not at all. Raises InputError."""

    def __init__(self, path: Path, network: Network, batch: int) -> None:
        self._path, self._network, self._batch = path, network, batch
        self._layers: dict[str, _Begun] = {}

    def __enter__(self) -> ChargedWriter:
        with ExitStack() as opened:
            self._folder = opened.enter_context(scratch_beside(self._path, parents=True))
            with writing(self._path):
                for lif in self._network.lifs:
                    self._layers[lif.name] = self._begun(lif, opened)
            self._opened = opened.pop_all()
        return self

    def write(self, node: Node, timestep: int, first: int, charged: Array) -> None:
        """Membranes [timesteps, images, ...] of timesteps from `timestep` and images from `first` on."""
        layer, values = self._layers[node.name], np.ascontiguousarray(charged, np.float32)
        image_bytes = node.output.elements * values.itemsize
        with writing(self._path):  # not through a memory map: a full disk kills the process that writes to one
            for at, images in enumerate(values, timestep):
                layer.file.seek(layer.start + (at * self._batch + first) * image_bytes)
                layer.file.write(images.data)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if kind is not None:
            self._opened.__exit__(kind, error, trace)
            return
        with self._opened, writing(self._path):
            self._pack()

    def _begun(self, lif: Node, opened: ExitStack) -> _Begun:
        file = (self._folder / f"{lif.name}.npy").open("wb")
        opened.callback(_given_up, file)
        shape = (self._network.timesteps, self._batch, *lif.output.shape)
        npy.write_array_header_1_0(file, {"descr": "<f4", "fortran_order": False, "shape": shape})
        return _Begun(file, file.tell())

    def _pack(self) -> None:
        whole = self._folder / "whole.npz"
        with zipfile.ZipFile(whole, "w", zipfile.ZIP_STORED) as archive:
            for name, layer in self._layers.items():
                layer.file.close()
                archive.write(self._folder / f"{name}.npy", f"{name}.npy")
        whole.replace(self._path)


def _given_up(file: IO[bytes]) -> None:
    """Close a file that is given up, ignoring errors of writing."""
    with suppress(OSError):
        file.close()
