"""Batch norms in training that take their statistics over the batch: barriers that no schedule crosses.

A channel's mean and variance are known only when all its sums are: of all rows and images of a timestep (or of all
timesteps). Its neurons can be called only then. So a timestep-major group with such a layer works on the whole batch at
a time, and no strips cross the layer; if statistics are over all timesteps, the layer cannot run timestep by timestep
at all. One image is a batch, too: its statistics are over its map. In inference, and in training with frozen
statistics, the norm is folded into the weights, and there is no barrier.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from lifsim.errors import Fault
from lifsim.graph.states import State
from lifsim.lazy_dataclass import dataclass
from lifsim.model.network import Layer, Network
from lifsim.model.product import Product

if TYPE_CHECKING:
    from lifsim.schedule.facts import NetworkFacts


@dataclass(frozen=True)
class Norms:
    """layers: indices of those whose norm needs the statistics of the batch. over_time: those of them whose statistics
    are over several rounds together. handed_on: those of them that put out their sums as they are, and leave the norm
    to the readers, which know the statistics by then."""

    layers: frozenset[int] = frozenset()
    over_time: frozenset[int] = frozenset()
    handed_on: frozenset[int] = frozenset()

    @classmethod
    def of(cls, network: Network) -> Norms:
        """The norms of a network in training."""
        if network.norm_statistics == "frozen":
            return cls()
        normed = [layer for layer in network.layers if _has_norm(network, layer)]
        several = (layer.index for layer in normed if layer.rounds > 1)
        return cls(
            layers=frozenset(layer.index for layer in normed),
            over_time=frozenset(several if network.norm_statistics == "all_timesteps" else ()),
            handed_on=frozenset(layer.index for layer in normed if hands_on_sums(layer)),
        )


NO_NORMS = Norms()
"""Those of inference: none."""


def _has_norm(network: Network, layer: Layer) -> bool:
    node = network.node(layer.name)
    return isinstance(node, Product) and node.batch_norm


def parted_by_norms(network: Network, states: Sequence[State]) -> bool:
    """Whether a norm with statistics over all timesteps is applied between layers that share one of the `states`, which
    then cannot be trained."""
    over_time = Norms.of(network).over_time
    index_of = {layer.lif.name: layer.index for layer in network.layers if layer.lif}
    users = ([index_of[lif] for lif in state.lifs] for state in states if len(state.lifs) > 1)
    return any(over_time.intersection(range(min(layers), max(layers) + 1)) for layers in users)


def hands_on_sums(layer: Layer) -> bool:
    """Whether `layer` puts out its sums and nothing else."""
    return layer.lif is None and all(tensor.name == layer.name for tensor in layer.outputs)


def barriers(facts: NetworkFacts, first: int, last: int) -> list[int]:
    """Those of layers first..last whose norm is applied within the group."""
    members = range(first, last + 1)
    return [
        index
        for index in members
        if index in facts.norms.layers and (index not in facts.norms.handed_on or _is_read(facts, index, members))
    ]


def _is_read(facts: NetworkFacts, index: int, members: Sequence[int]) -> bool:
    outputs = facts.layers[index].layer.outputs
    return any(reader in members for tensor in outputs for reader in facts.tensors[tensor.name].readers)


def chunk_of(facts: NetworkFacts, first: int, last: int, batch: int, chunk: int | None) -> int | None:
    """The images that layers first..last, timestep-major, must work on at a time: the whole batch if a norm needs it;
    else `chunk` (None: the best number)."""
    return batch if barriers(facts, first, last) else chunk


def timestep_major_faults(facts: NetworkFacts, first: int, last: int, batch: int, chunk: int | None) -> Iterator[Fault]:
    """The reasons why a norm forbids layers first..last to run timestep by timestep in chunks of this many images."""
    crossed = barriers(facts, first, last)
    waiting = [_name(facts, index) for index in crossed if index in facts.norms.over_time]
    if waiting:
        does = f"{_span(facts, first, last)} {'runs' if first == last else 'run'} timestep by timestep"
        way_out = "timestep or frozen"
        if any(len(state.layers) > 1 and first <= state.layers[0] <= last for state in facts.states):
            way_out += ", or the layers share no membranes (share: false, or another sharing)"
        else:
            way_out += ", or the layers tick-batched"
        why = f"a neuron of {waiting[0]!r} waits for the sums of the timesteps to come"
        yield Fault(f"'all_timesteps' must be {way_out}, where {does}: {why}", path="norm_statistics")
    if crossed and chunk is not None and chunk < batch:
        does = f"{_span(facts, first, last)} {'runs' if first == last else 'run'} timestep by timestep"
        why = f"the batch norm of {_name(facts, crossed[0])!r} has the statistics of all images"
        yield Fault(f"{chunk} must be {batch}, the batch, where {does}: {why}", path="chunk")


def _span(facts: NetworkFacts, first: int, last: int) -> str:
    return _name(facts, first) if first == last else f"{_name(facts, first)} to {_name(facts, last)}"


def _name(facts: NetworkFacts, index: int) -> str:
    return facts.layers[index].layer.name
