"""Memory of a network in inference and in training, as weights, LIF membranes and activations.

    forward:  weights + states' membranes + the most that activations take at any moment of a timestep
    backward: weights + membranes kept for the backward pass + activations of all timesteps that it reads again

The split of EfficientLIF-Net's figures 1 and 7 (Kim et al., Front. Neurosci. 17:1230002, 2023). Gradients and the
optimiser's state are not in it: sharing LIF neurons leaves them as they are.
"""

from __future__ import annotations

from dataclasses import dataclass

from lifsim.graph.states import states_of
from lifsim.model.arch import Precision
from lifsim.model.network import Layer, Lif, Network, Pool, Tensor, TimeMean
from lifsim.model.product import Product
from lifsim.model.sharing import Sharing
from lifsim.schedule.lif_memory import LifMemory, lif_memory
from lifsim.schedule.storage import Reals, bytes_of, element_bits


@dataclass(frozen=True)
class PhaseBytes:
    """Bytes that one phase holds at a time."""

    weights: int
    lif: int
    activations: int

    @property
    def total(self) -> int:
        """All three."""
        return self.weights + self.lif + self.activations


@dataclass(frozen=True)
class Memory:
    """Of one network, sharing and batch.

    forward; stored, reversed: a backward pass that finds its membranes stored, and one that recomputes them; paper: in
    the convention of EfficientLIF-Net (`LifMemory.paper_backward`). lif, lif_reversed: its membranes beside those of
    the unshared network, stored and recomputed.
    """

    forward: PhaseBytes
    stored: PhaseBytes
    reversed: PhaseBytes
    paper: PhaseBytes
    lif: LifMemory
    lif_reversed: LifMemory


def memory_of(network: Network, sharing: Sharing, precision: Precision, batch: int) -> Memory:
    """What `batch` images take, at these precisions. Raises InputError as `states_of` does."""
    states = states_of(network, sharing)
    lif, undone = (
        lif_memory(network, states, precision.membrane_bits, batch, reverse=reverse) for reverse in (False, True)
    )
    weights = bytes_of(sum(layer.weights for layer in network.layers) * precision.weight_bits)
    reals = Reals.of(network, precision.psum_bits)
    live = bytes_of(batch * live_activation_bits(network, reals))
    kept, again = (
        bytes_of(batch * kept_activation_bits(network, reals, recomputed=recomputed)) for recomputed in (False, True)
    )
    return Memory(
        forward=PhaseBytes(weights, lif.forward, live),
        stored=PhaseBytes(weights, lif.backward, kept),
        reversed=PhaseBytes(weights, undone.backward, again),
        paper=PhaseBytes(weights, lif.paper_backward, kept),
        lif=lif,
        lif_reversed=undone,
    )


def live_activation_bits(network: Network, reals: Reals) -> int:
    """Bits of activations of one image that inference holds at once.

    Within a timestep layers run in order. A tensor that passes between layers (what a layer reads, adds or puts out)
    lives from the layer that makes it to the last one that reads it: the most is

        max over layers i of sum(bits of the tensors alive at i)

    Two kinds live as long as the timesteps go on, and are added: real-valued currents that a layer computed once and
    replays to its LIF (direct encoding), and running means over time.
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

    each tensor once; steps is 1 for what is computed once and replayed, else T. A batch norm whose statistics are
    frozen asks for nothing. recomputed: membranes are, and with them what layers with a LIF put out in front of theirs.
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
