"""The inputs of a run as plain data: what is written down to run it again, and hashed to know it again."""

from __future__ import annotations

import hashlib
import json
from typing import Any

from lifsim.config.document import Document, Mark
from lifsim.model.arch import Arch
from lifsim.model.network import Network
from lifsim.model.sharing import Sharing
from lifsim.simulate.options import Options

MODEL_VERSION = 20
"""To be raised with every change after which the same inputs give other figures: stored sweeps are not continued."""


def resolved_inputs(arch: Arch, network: Network, sharing: Sharing, options: Options) -> dict[str, Any]:
    """The tree of config.resolved.yaml: `lifsim run --config` takes it."""
    return {
        "arch": resolved_arch(arch),
        "workload": dict(network.definition),
        "sharing": str(sharing),
        "options": options.tree(),
    }


def resolved_arch(arch: Arch) -> dict[str, Any]:
    """An architecture with its defaults and its DRAM device, as a file would say it."""
    return arch.model_dump(mode="json", exclude_none=True)


def arch_document(arch: Arch) -> Document:
    """An architecture as the file that says it."""
    return _document(arch.name, resolved_arch(arch))


def network_document(network: Network) -> Document:
    """A network as the file that says it; the trace that it names is found from any folder."""
    data, trace = dict(network.definition), network.spikes.trace
    if trace is not None:
        data["spikes"] = {**data["spikes"], "trace": str(trace.absolute())}
    return _document(network.name, data)


def _document(name: str, data: dict[str, Any]) -> Document:
    return Document(name, data, {(): Mark(name)})


def sha256_of(tree: object) -> str:
    """SHA-256 of plain data, whatever the order of its keys."""
    return hashlib.sha256(json.dumps(tree, sort_keys=True).encode()).hexdigest()
