"""Memory of a network in inference and in training, as weights, LIF membranes and activations.

    forward:  weights + states' membranes + the most that activations take at any moment of a timestep
    backward: weights + membranes kept for the backward pass + activations of all timesteps that it reads again

The split of EfficientLIF-Net's figures 1 and 7 (Kim et al., Front. Neurosci. 17:1230002, 2023), which has no optimizer:
its state is counted apart. Gradients are not in it: sharing LIF neurons does not change them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from lifsim.graph.states import State, states_of
from lifsim.keeping import KEEPINGS
from lifsim.lazy_dataclass import dataclass
from lifsim.model.arch import Precision
from lifsim.model.network import Layer, Lif, Network, Pool, Tensor, TimeMean
from lifsim.model.product import Product
from lifsim.model.sharing import Sharing
from lifsim.schedule.lif_memory import LifMemory, how_kept, lif_memory
from lifsim.schedule.tensors.storage import Reals, bytes_of, element_bits


@dataclass(frozen=True)
class PhaseBytes:
    """Bytes that one phase holds at a time. optimizer: its state from batch to batch, master weights included."""

    weights: int
    lif: int
    activations: int
    optimizer: int = 0

    @property
    def total(self) -> int:
        """All of it."""
        return self.weights + self.lif + self.activations + self.optimizer


@dataclass(frozen=True)
class Memory:
    """The memory of one network under one sharing, for one batch.

    forward; backward: by way to keep membranes (`lifsim.keeping`); paper: in the convention of EfficientLIF-Net
    (`LifMemory.paper_backward`). lif: by way, its membranes beside those of the unshared network, kept in the same way;
    by_bits: the same for membranes of 8, 16 and 32 bits.
    """

    forward: PhaseBytes
    backward: Mapping[str, PhaseBytes]
    paper: PhaseBytes
    lif: Mapping[str, BackwardLif]
    by_bits: Mapping[int, Mapping[str, BackwardLif]]


@dataclass(frozen=True)
class BackwardLif:
    """Membranes kept in one way; how: what is kept of the calls, in words."""

    memory: LifMemory
    how: str


WIDTHS = (8, 16, 32)
"""Bits of a membrane that are compared: how many calls can be undone depends on them."""


def memory_of(network: Network, sharing: Sharing, precision: Precision, batch: int, optimizer: int = 0) -> Memory:
    """Memory of `batch` images at these precisions. optimizer: bytes of its state. Raises InputError as `states_of`
    does."""
    bits, states = precision.membrane_bits, states_of(network, sharing)
    lif = _ways(network, states, bits, batch)
    stored = lif["stored"].memory
    weights = bytes_of(sum(layer.weights for layer in network.layers) * precision.weight_bits)
    reals = Reals.of(network, precision.psum_bits)
    live = bytes_of(batch * live_activation_bits(network, reals))
    kept, again = (
        bytes_of(batch * kept_activation_bits(network, reals, recomputed=recomputed)) for recomputed in (False, True)
    )
    return Memory(
        forward=PhaseBytes(weights, stored.forward, live),
        backward={
            name: PhaseBytes(weights, one.memory.backward, again if KEEPINGS[name].product_again else kept, optimizer)
            for name, one in lif.items()
        },
        paper=PhaseBytes(weights, stored.paper_backward, kept, optimizer),
        lif=lif,
        by_bits={width: _ways(network, states, width, batch) for width in WIDTHS},
    )


def _ways(network: Network, states: Sequence[State], membrane_bits: int, batch: int) -> dict[str, BackwardLif]:
    """All ways to keep membranes."""
    return {
        name: BackwardLif(
            lif_memory(network, states, membrane_bits, batch, keeping),
            how_kept(network, states, membrane_bits, keeping),
        )
        for name, keeping in KEEPINGS.items()
    }


def live_activation_bits(network: Network, reals: Reals) -> int:
    """Bits of activations of one image that inference holds at once.

    Within a timestep layers run in order. A tensor that passes between layers (what a layer reads, adds or puts out)
    lives from the layer that makes it to the last one that reads it: the most is

        max over layers i of sum(bits of the tensors alive at i)

    Two kinds live through all timesteps, and are added: real-valued currents that a layer computes once and replays to
    its LIF (direct encoding), and running means over time.
    """
    means = {node.output.name for node in network.nodes if isinstance(node, TimeMean)}
    handled = [{tensor.name: tensor for tensor in _handled(layer)} for layer in network.layers]
    tensors = {name: tensor for at_layer in handled for name, tensor in at_layer.items()}
    size = {name: _bits(tensor, reals) for name, tensor in tensors.items()}
    users = {name: [index for index, at_layer in enumerate(handled) if name in at_layer] for name in tensors}
    passing = [name for name in tensors if name not in means]
    most = max(
        sum(size[name] for name in passing if users[name][0] <= index <= users[name][-1])
        for index in range(len(handled))
    )
    replayed = sum(layer.lif_elements * reals.psum_bits for layer in network.layers if layer.rounds < layer.timesteps)
    return most + replayed + sum(size[name] for name in means.intersection(tensors))


def kept_activation_bits(network: Network, reals: Reals, *, recomputed: bool) -> int:
    """Bits of activations of one image that training keeps for the backward pass, over all timesteps:

        sum of steps * elements * bits over
            what weight layers read (gradients of the weights) and max pools read (who was the maximum),
            the spikes of every LIF (its surrogate gradient, its reset),
            the real-valued outputs of weight layers in front of a batch norm (its gradient)

    each tensor once; steps is 1 for what is computed once and replayed, else T. A batch norm with frozen statistics
    needs nothing. recomputed: membranes are recomputed, and with them the outputs of weight layers in front of a LIF.
    """
    fires = {layer.name for layer in network.layers if layer.lif is not None}
    normed = {
        node.name
        for node in network.nodes
        if isinstance(node, Product) and node.batch_norm and network.norm_statistics != "frozen"
    }
    kept: dict[str, Tensor] = {}
    for node in network.nodes:
        if isinstance(node, Product) or (isinstance(node, Pool) and node.kind == "max"):
            kept |= {name: network.node(name).output for name in node.inputs}
        if isinstance(node, Lif) or node.name in (normed - fires if recomputed else normed):
            kept[node.name] = node.output
    return sum(tensor.timesteps * _bits(tensor, reals) for tensor in kept.values())


def _bits(tensor: Tensor, reals: Reals) -> int:
    """Per image and timestep."""
    return tensor.elements * element_bits(tensor, reals)


def _handled(layer: Layer) -> tuple[Tensor, ...]:
    """What `layer` reads, adds and puts out."""
    return (*layer.reads, *layer.residuals, *layer.outputs)
