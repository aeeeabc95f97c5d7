"""Networks from YAML text."""

from __future__ import annotations

from textwrap import dedent

from lifsim.config.document import parse_document
from lifsim.config.workload import network_of
from lifsim.errors import InputError
from lifsim.model.network import Network


def network(layers: str, *, shape: str = "[2, 8, 8]", encoding: str = "direct", timesteps: int = 4) -> Network:
    """A network of `layers`, a list in YAML."""
    head = f"name: test\ntimesteps: {timesteps}\ninput: {{shape: {shape}, encoding: {encoding}}}\nlayers:\n"
    return network_of(parse_document(head + dedent(layers).strip("\n") + "\n", "test.yaml"))


def faults_of(text: str) -> list[str]:
    """What is said about the workload `text`, one line a fault."""
    try:
        network_of(parse_document(dedent(text).lstrip("\n"), "test.yaml"))
    except InputError as error:
        return [str(fault) for fault in error.faults]
    return []
