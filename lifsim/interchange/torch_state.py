"""Weights of a PyTorch network: its state_dict, saved as .npz, under LIFSim's names.

    numpy.savez("state.npz", **{name: tensor.cpu().numpy() for name, tensor in model.state_dict().items()})

Modules are matched by the order in which the state_dict lists them, which is that of their definition: the n-th module
with a weight of two or more axes is the network's n-th convolution or linear layer, the n-th with running statistics
the norm of its n-th layer with batch norm. A Conv1d's weight [M, C, k] becomes [M, C, 1, k]. Counters of batches are
left out.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import closing
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lifsim.config.file_kind import WEIGHTS
from lifsim.engine.weights import Weights, checked_weights
from lifsim.errors import Fault, InputError
from lifsim.model.network import Network
from lifsim.model.product import Product
from lifsim.trace.archive import Archive

Array = NDArray[Any]

COUNTER = "num_batches_tracked"


def weights_from_state(path: Path, network: Network) -> Weights:
    """The weights of `network` in the state_dict at `path`. Raises InputError with everything that does not fit."""
    with closing(Archive(path)) as archive:
        archive.refuse_other(WEIGHTS)
        state = {name: archive.whole(archive.arrays[name]) for name in archive.arrays if not name.endswith(COUNTER)}
    modules: dict[str, dict[str, Array]] = {}
    for name, array in state.items():
        module, _, term = name.rpartition(".")
        modules.setdefault(module, {})[term] = array
    layers = [node for node in network.nodes if isinstance(node, Product) and node.weight_shape]
    norms = [f"{layer.name}.bn" for layer in layers if layer.batch_norm]
    found_norms = [module for module, terms in modules.items() if "running_mean" in terms]
    found = [module for module, terms in modules.items() if "weight" in terms and terms["weight"].ndim > 1]
    faults = [
        *_count_faults(path, "convolution and linear modules", found, [layer.name for layer in layers]),
        *_count_faults(path, "batch norms", found_norms, norms),
        *(Fault("must belong to a weight layer or a batch norm", module or name, str(path))
          for module in modules if module not in {*found, *found_norms} for name in modules[module]),
    ]  # fmt: skip
    if faults:
        raise InputError(faults)
    renamed = _renamed(modules, dict(zip([*found, *found_norms], [*(x.name for x in layers), *norms], strict=True)))
    return checked_weights(network, renamed, str(path))


def _count_faults(path: Path, what: str, found: list[str], wanted: list[str]) -> list[Fault]:
    if len(found) == len(wanted):
        return []
    return [Fault(f"has {len(found)} {what}, must have {len(wanted)}", source=str(path))]


def _renamed(modules: Mapping[str, Mapping[str, Array]], names: Mapping[str, str]) -> dict[str, Array]:
    """`names` is LIFSim's name of each module."""
    arrays = {}
    for module, name in names.items():
        for term, array in modules[module].items():
            arrays[f"{name}.{term}"] = np.expand_dims(array, 2) if term == "weight" and array.ndim == 3 else array
    return arrays
