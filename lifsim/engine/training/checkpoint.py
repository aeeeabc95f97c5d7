"""A training run on disk after its last complete epoch: the weights, and beside them what resuming needs."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import closing
from pathlib import Path
from typing import Annotated, Any

import numpy as np
from numpy.typing import NDArray

from lifsim.config.json_file import parse_json
from lifsim.engine.training.loop import Progressed
from lifsim.engine.weights import checked_weights, save_arrays
from lifsim.errors import Fault, InputError, did_you_mean
from lifsim.files import beside
from lifsim.lazy_dataclass import dataclass
from lifsim.model.keys import Field
from lifsim.model.network import Network
from lifsim.model.schema import Broken, Model, rule
from lifsim.trace.archive import Archive
from lifsim.units import counted

Array = NDArray[Any]


@dataclass(frozen=True)
class Checkpoint:
    """The state of a training run. settings: those that must be the same to resume it, in plain JSON types."""

    progressed: Progressed
    settings: Mapping[str, Any]


class _Header(Model):
    """The header of a checkpoint file."""

    epoch: Annotated[int, Field(strict=True, ge=0, lt=1 << 63)]
    settings: dict[str, Any]

    @rule
    def state_fits(self) -> Broken:
        """No epoch comes after the last one."""
        epochs = self.settings.get("epochs")
        if isinstance(epochs, int) and self.epoch > epochs:
            yield "epoch", f"{self.epoch} must be <= the {counted(epochs, 'epoch')} of settings.epochs"


def checkpoint_path(weights: Path) -> Path:
    """The checkpoint beside a file of weights: for `w.npz`, `w.checkpoint.npz`. Raises InputError if `weights` does not
    name a file."""
    return beside(weights, ".checkpoint.npz")


def save_checkpoint(weights: Path, checkpoint: Checkpoint) -> None:
    """Write the weights and the checkpoint beside them, each moved into place once it is complete. Raises
    InputError."""
    now = checkpoint.progressed
    header = json.dumps({"epoch": now.epoch, "settings": dict(checkpoint.settings)}, sort_keys=True)
    arrays = {f"weights.{name}": value for name, value in now.weights.items()}
    arrays |= {f"memory.{name}": value for name, value in now.memory.items()}
    save_arrays(checkpoint_path(weights), {"header": np.frombuffer(header.encode(), np.uint8), **arrays})
    save_arrays(weights, now.weights)


def load_checkpoint(weights: Path, network: Network, settings: Mapping[str, Any]) -> Progressed:
    """The checkpoint of the training run of the file `weights`. Raises InputError if it is not of this network, or was
    started with other settings."""
    path = checkpoint_path(weights)
    with closing(Archive(path)) as archive:
        arrays = {name: archive.whole(member) for name, member in archive.arrays.items()}
    header = _header(arrays.get("header"), str(path))
    saved = header.settings
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
        Fault(message, f"memory.{name}", str(path)) for name, message in _memory_faults(parts["memory"], weights_found)
    ]
    if misfits:
        raise InputError(misfits)
    return Progressed(header.epoch, dict(weights_found), parts["memory"])


def _memory_faults(memory: Mapping[str, Array], weights: Mapping[str, Array]) -> Iterator[tuple[str, str]]:
    """Faults of an optimiser's memory (see `Optimiser`): arrays that are missing, unknown, or do not fit `weights`."""
    if not memory:
        return
    kinds = ("velocity",) if any(name.startswith("velocity.") for name in memory) else ("first", "second")
    trained = [name for name in weights if not name.endswith((".running_mean", ".running_var"))]
    wanted = {f"{kind}.{name}": weights[name].shape for kind in kinds for name in trained}
    wanted |= {} if kinds == ("velocity",) else {"count": ()}
    yield from ((name, "must be there: training cannot go on without it") for name in wanted if name not in memory)
    for name, value in memory.items():
        if name not in wanted:
            yield name, f"must be of a weight that is trained{did_you_mean(name, wanted)}"
        elif value.shape != wanted[name] or value.dtype.kind != ("i" if name == "count" else "f"):
            yield name, f"{value.dtype} {list(value.shape)} must be finite and shaped as its weight"
        elif not np.isfinite(value).all() or (name.startswith(("second.", "count")) and (value < 0).any()):
            yield name, "must be finite and shaped as its weight; sums of squares and counts must be >= 0"


def _header(array: Array | None, source: str) -> _Header:
    """The header in `array`. Raises InputError."""
    try:
        text = array.tobytes().decode() if array is not None and array.dtype == np.uint8 else ""
        return parse_json(_Header, text, f"{source}, header")
    except (UnicodeDecodeError, InputError) as error:
        faults = error.faults if isinstance(error, InputError) and array is not None else ()
        raise InputError([*faults, Fault("must be a checkpoint that `lifsim train` wrote", "header", source)]) from None
