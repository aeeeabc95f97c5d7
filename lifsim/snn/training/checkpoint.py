"""A training run on disk after its last whole epoch: the weights, and beside them what is needed to go on."""

from __future__ import annotations

import json
from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lifsim.config.network import Network
from lifsim.errors import Fault, InputError
from lifsim.snn.training.loop import Progressed
from lifsim.snn.weights import checked_weights, save_arrays
from lifsim.trace.archive import Archive

Array = NDArray[Any]


@dataclass(frozen=True)
class Checkpoint:
    """What a training run has come to. settings: what must be the same for it to go on, in plain JSON types."""

    progressed: Progressed
    settings: Mapping[str, Any]


def checkpoint_path(weights: Path) -> Path:
    """The checkpoint beside a file of weights: `w.npz` has `w.checkpoint.npz`."""
    return weights.with_name(f"{weights.stem}.checkpoint.npz")


def save_checkpoint(weights: Path, checkpoint: Checkpoint) -> None:
    """Write the weights and the checkpoint beside them, each moved into place when whole. Raises InputError."""
    now = checkpoint.progressed
    header = json.dumps({"epoch": now.epoch, "settings": dict(checkpoint.settings)}, sort_keys=True)
    arrays = {f"weights.{name}": value for name, value in now.weights.items()}
    arrays |= {f"memory.{name}": value for name, value in now.memory.items()}
    save_arrays(checkpoint_path(weights), {"header": np.frombuffer(header.encode(), np.uint8), **arrays})
    save_arrays(weights, now.weights)


def load_checkpoint(weights: Path, network: Network, settings: Mapping[str, Any]) -> Progressed:
    """Where the training run of the file `weights` stands. Raises InputError if it is not of this network, or was
    started with other settings."""
    path = checkpoint_path(weights)
    with closing(Archive(path)) as archive:
        arrays = {name: archive.whole(member) for name, member in archive.arrays.items()}
    epoch, saved = _header(arrays.get("header"), str(path))
    differing = [
        Fault(f"{settings.get(name)!r} must be {saved.get(name)!r}, as when training began", name, str(path))
        for name in sorted(settings.keys() | saved.keys())
        if settings.get(name) != saved.get(name)
    ]
    if differing:
        raise InputError(differing)
    parts: dict[str, dict[str, Array]] = {"weights": {}, "memory": {}}
    for name, value in arrays.items():
        kind, _, rest = name.partition(".")
        if kind in parts:
            parts[kind][rest] = value
    weights_found = checked_weights(network, parts["weights"], str(path))
    misfits = [
        Fault("must be finite and shaped as its weight", f"memory.{name}", str(path))
        for name, value in parts["memory"].items()
        if not np.isfinite(value).all() or (name != "count" and value.shape != _shape(weights_found, name))
    ]
    if misfits:
        raise InputError(misfits)
    return Progressed(epoch, dict(weights_found), parts["memory"])


def _shape(weights: Mapping[str, Array], memory: str) -> tuple[int, ...] | None:
    weight = weights.get(memory.partition(".")[2])
    return None if weight is None else weight.shape


def _header(array: Array | None, source: str) -> tuple[int, Mapping[str, Any]]:
    try:
        header = json.loads(array.tobytes()) if array is not None and array.dtype == np.uint8 else None
        epoch, settings = (header["epoch"], header["settings"]) if isinstance(header, dict) else (None, None)
    except (ValueError, KeyError, RecursionError):
        epoch, settings = None, None
    if not isinstance(epoch, int) or epoch < 0 or not isinstance(settings, dict):
        raise InputError(Fault("must be a checkpoint that `lifsim train` wrote", "header", source))
    return epoch, settings
