"""The inputs of a run as plain data: written down to repeat it, and hashed to recognise it."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Any

from lifsim.config.document import Document, Mark
from lifsim.model.arch import Arch
from lifsim.model.network import Network
from lifsim.model.sharing import Sharing
from lifsim.simulate.options import Options

MODEL_VERSION = 22
"""Raised with every change after which the same inputs give other figures: sweeps stored before are not continued."""


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
    """An architecture as the document of its file."""
    return _document(arch.name, resolved_arch(arch))


def network_document(network: Network) -> Document:
    """A network as the document of its file; the path of its trace is absolute."""
    data, trace = dict(network.definition), network.spikes.trace
    if trace is not None:
        data["spikes"] = {**data["spikes"], "trace": str(trace.absolute())}
    return _document(network.name, data)


def _document(name: str, data: dict[str, Any]) -> Document:
    return Document(name, data, {(): Mark(name)})


def sha256_of(tree: object) -> str:
    """SHA-256 of plain data, whatever the order of its keys."""
    return _sha256(text_of(tree))


def sha256_of_texts(texts: Mapping[str, str]) -> str:
    """`sha256_of` a mapping whose values have these texts."""
    return _sha256(f"{{{', '.join(f'{text_of(key)}: {texts[key]}' for key in sorted(texts))}}}")


def text_of(tree: object) -> str:
    """Plain data in words, the same whatever the order of its keys."""
    return json.dumps(tree, sort_keys=True)


def _sha256(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
