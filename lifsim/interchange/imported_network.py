"""A network imported from another tool with its weights: in memory, or saved as files."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field
from os import PathLike
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lifsim.engine.weights import npz_bytes
from lifsim.errors import InputError
from lifsim.files import beside, check_targets, named
from lifsim.interchange.satasim import unique_names
from lifsim.interchange.text import yaml_bytes
from lifsim.lazy_dataclass import dataclass
from lifsim.model.network import Network
from lifsim.placing import Placed, place_file, taken_fault


@dataclass(frozen=True)
class ImportedNetwork:
    """What `lifsim.import_onnx` returns.

    network: ready for `lifsim.run`; its spikes come from the engine unless a run says otherwise. weights: for
    `lifsim.infer` and `--weights`, under LIFSim's names. notes: what became of each operation, what is read
    otherwise than it may seem, and what is not claimed. source: the file.
    """

    network: Network
    weights: Mapping[str, NDArray[np.floating[Any]]] = field(repr=False)
    notes: tuple[str, ...] = ()
    source: Path = field(default=Path(), repr=False)

    def save(
        self, workload: str | PathLike[str], weights: str | PathLike[str] | None = None, *, force: bool = False
    ) -> tuple[Placed, Placed]:
        """Write the weights (.npz) and the workload (.yaml), which gets the name of its file. Returns both paths.

        weights: the file of the weights; default: NAME_weights.npz beside the workload. force: replace files with
        other content. Raises InputError before anything is written.
        """
        out = named(Path(workload))
        weights_file = beside(out, "_weights.npz") if weights is None else Path(weights)
        check_targets([out, weights_file], [self.source], replace=True)
        definition = {**self.network.definition, "name": unique_names([out.stem])[0]}
        arrays, text = npz_bytes(self.weights), yaml_bytes(definition)
        taken = [taken_fault(path, data) for path, data in ((weights_file, arrays), (out, text))] if not force else []
        faults = [fault for fault in taken if fault is not None]
        if faults:
            raise InputError(faults)
        return place_file(weights_file, arrays, replace=force), place_file(out, text, replace=force)
