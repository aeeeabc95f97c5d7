"""A model that was run once: its network, spikes and weights, in memory or as files."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field
from os import PathLike
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lifsim.brief import Brief, Briefly
from lifsim.engine.weights import npz_bytes
from lifsim.errors import Fault, InputError
from lifsim.files import must_not_exist
from lifsim.interchange.text import yaml_bytes
from lifsim.lazy_dataclass import dataclass
from lifsim.model.network import Network
from lifsim.placing import place_file, taken_fault
from lifsim.recording.check import Difference
from lifsim.units import counted

Array = NDArray[Any]


@dataclass(frozen=True, repr=False)
class Recording(Briefly):
    """The result of `lifsim.record`.

    network: ready for `lifsim.run`, on the recorded spikes. weights: for `--weights`, by LIFSim's names. trace: the
    spikes, a file that is there until Python ends; `save` keeps it. inputs: the batch as LIFSim's engine takes it,
    [timesteps, B, ...]; outputs: what the model put out, [timesteps, B, ...]. notes: what is read otherwise, or left
    out. differences: spikes that LIFSim's engine fires otherwise, each within rounding of its threshold.
    sharing: under which the network fires so; "layer" where the model uses one module of neurons for several layers,
    which hand its state on.
    """

    network: Network
    weights: Mapping[str, Array] = field(repr=False)
    trace: Path
    inputs: Array = field(repr=False)
    outputs: Array = field(repr=False)
    notes: tuple[str, ...] = ()
    differences: tuple[Difference, ...] = ()
    sharing: str = "none"

    @property
    def brief(self) -> Brief:
        """Its network, the notes, and where LIFSim's engine fires differently."""
        network, found = self.network, self.differences
        batch = counted(self.inputs.shape[1], "image")
        figures = {
            **network.brief.figures,
            "differences": f"{counted(len(found), 'spike')}, within rounding of the threshold" if found else "none",
            **{f"note {number}": note for number, note in enumerate(self.notes, 1)},
        }
        return Brief(f"recording of {network.name} on {batch}", figures)

    def save(self, name: str | PathLike[str], *, force: bool = False) -> tuple[Path, Path, Path]:
        """Write NAME.yaml and NAME.npz, the workload and its spikes, and weights.npz beside them.

        force: replace files that hold something else. Raises InputError, before anything is written.
        """
        base = Path(name)
        if base.name in ("", ".", "..", "weights"):
            raise InputError(Fault("must be a name of a network, other than weights", path="name"))
        workload, spikes, weights = (
            base.with_name(one) for one in (f"{base.name}.yaml", f"{base.name}.npz", "weights.npz")
        )
        definition = dict(self.network.definition)
        definition |= {"name": base.name, "spikes": {**definition["spikes"], "trace": spikes.name}}
        files = {spikes: self.trace.read_bytes(), weights: npz_bytes(self.weights), workload: yaml_bytes(definition)}
        faults = [fault for path, data in files.items() if not force and (fault := taken_fault(path, data))]
        faults += [must_not_exist(path) for path in files if path.is_dir()]
        if faults:
            raise InputError(dict.fromkeys(faults))
        for path, data in files.items():
            place_file(path, data, replace=force)
        return workload, spikes, weights


def in_order(rows: Array, timesteps: int, shape: tuple[int, ...]) -> Array:
    """[timesteps * B, elements] as [timesteps, B, *shape]."""
    return np.ascontiguousarray(rows).reshape(timesteps, -1, *shape)
