"""Neuron modules that a model calls for several layers in turn."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from lifsim.errors import Fault, InputError
from lifsim.model.network import Network
from lifsim.recording.check import Difference

Layers = Sequence[Mapping[str, Any]]
Compare = Callable[[Network, str], tuple[Difference, ...]]

STATELESS = "none"
SHARED = "layer"


def fitting(
    networks: Callable[[Layers], Network], layers: Layers, shared: Sequence[Sequence[str]], compare: Compare
) -> tuple[Network, str, tuple[Difference, ...]]:
    """The network that computes what the model did, and under which sharing: each layer with a state of its own, or, if
    that is not what the model computes, one that layers of a module hand on, as LIFSim's layer sharing has it.

    shared: the LIF layers of each module that is used several times. compare: what differs under a sharing; raises
    InputError. Raises InputError if neither fits.
    """
    apart = networks(layers)
    try:
        return apart, STATELESS, compare(apart, STATELESS)
    except InputError as error:
        if not shared:
            raise
        alone = error
    try:
        together = networks(in_groups(layers, shared))
        return together, SHARED, compare(together, SHARED)
    except InputError as error:
        raise InputError([*_told(shared), *alone.faults, *error.faults]) from None


def in_groups(layers: Layers, shared: Sequence[Sequence[str]]) -> list[dict[str, Any]]:
    """The LIF layers of one module in a group of its own; the others share with none."""
    group = {name: names[0] for names in shared for name in names}
    return [
        dict(one) if one["op"] != "lif" else {**one, **_of_group(group.get(one["name"]))}
        for one in layers
    ]  # fmt: skip


def _of_group(group: str | None) -> dict[str, Any]:
    return {"share": False} if group is None else {"group": group}


def _told(shared: Sequence[Sequence[str]]) -> list[Fault]:
    words = (
        "is one module for {layers}, and neither keeps a state for each of them nor hands one on from layer to layer "
        "within every timestep, as LIFSim's layer sharing does: give each layer neurons of its own"
    )
    return [Fault(words.format(layers=", ".join(names)), path=names[0]) for names in shared]
