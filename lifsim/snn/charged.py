"""Membranes on disk: u' of every LIF call, charged and not yet reset, in an .npz file of one array per LIF layer."""

from __future__ import annotations

import shutil
import tempfile
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lifsim.config.network import Network, Node
from lifsim.errors import Fault, InputError

Array = NDArray[Any]


class ChargedWriter:
    """Writes float32 [T, B, C, H, W] or [T, B, F] per LIF layer, as a context manager: streamed to disk beside `path`,
    the file appears whole at the end or not at all. Raises InputError."""

    def __init__(self, path: Path, network: Network, batch: int) -> None:
        self._path = path
        try:
            self._folder = Path(tempfile.mkdtemp(prefix=f".{path.name}.", dir=path.parent))
        except OSError as error:
            raise InputError(Fault(f"cannot be written: {error.strerror}", source=str(path))) from None
        self._arrays = {
            lif.name: np.lib.format.open_memmap(
                self._folder / f"{lif.name}.npy", "w+", np.float32, (network.timesteps, batch, *lif.output.shape)
            )
            for lif in network.lifs
        }

    def write(self, node: Node, step: int, first: int, charged: Array) -> None:
        """Membranes [steps, images, ...] of timesteps from `step` and images from `first` on."""
        steps, images = charged.shape[:2]
        self._arrays[node.name][step : step + steps, first : first + images] = charged

    def __enter__(self) -> ChargedWriter:
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        try:
            names = list(self._arrays)
            self._arrays.clear()  # flushes the maps
            if kind is None:
                self._pack(names)
        except OSError as error:
            raise InputError(Fault(f"cannot be written: {error.strerror}", source=str(self._path))) from None
        finally:
            shutil.rmtree(self._folder, ignore_errors=True)

    def _pack(self, names: list[str]) -> None:
        whole = self._folder / "whole.npz"
        with zipfile.ZipFile(whole, "w", zipfile.ZIP_STORED) as archive:
            for name in names:
                archive.write(self._folder / f"{name}.npy", f"{name}.npy")
        whole.replace(self._path)
