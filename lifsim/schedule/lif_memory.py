"""Memory that LIF membranes take in inference and in training, with and without sharing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from lifsim.graph.states import State, any_shared
from lifsim.model.network import Lif, Network
from lifsim.schedule.storage import bytes_of


@dataclass(frozen=True)
class LifMemory:
    """Bytes of membranes: `forward` what inference keeps, `backward` what training keeps for the backward pass.

    The baselines are those of the unshared network, its backward pass made in the same way: like beside like.
    paper_backward: in the convention of EfficientLIF-Net, where a network that shares recomputes its membranes and one
    that does not stores them; to be read beside what the unshared network stores, T times its forward memory.
    """

    forward: int
    backward: int
    forward_baseline: int
    backward_baseline: int
    paper_backward: int


def lif_memory(
    network: Network, states: Sequence[State], membrane_bits: int, batch: int, *, reverse: bool = False
) -> LifMemory:
    """LIF memory of `batch` images whose membranes lie in `states`, b_u bits per state variable of a neuron: those of
    one that has two count twice. reverse: whether the backward pass recomputes membranes, or finds them stored.

        forward  = B * b_u * (elements of the distinct states)
        stored   = B * b_u * T * (elements of all LIF calls)
        reversed = B * b_u * (elements of the distinct states)

    A soft reset can be undone, shared or not (Kim et al. 2023, memory-efficient backpropagation); a LIF with hard reset
    cannot, so that a state which one uses is stored. The copies that an undone call needs as its rounding errors grow
    are not in it. Nothing is shared, nothing saved: then `paper_backward` is what is stored, too.
    """
    alone = [State(lif.name, lif.output.shape, (lif.name,), len(lif.neuron.states)) for lif in network.lifs]
    shares = any_shared(states)

    def backward(sets: Sequence[State], *, recomputed: bool) -> int:
        return bytes_of(batch * membrane_bits * sum(_kept(network, state, recomputed=recomputed) for state in sets))

    return LifMemory(
        forward=_bytes(states, batch * membrane_bits),
        backward=backward(states, recomputed=reverse),
        forward_baseline=_bytes(alone, batch * membrane_bits),
        backward_baseline=backward(alone, recomputed=reverse),
        paper_backward=backward(states, recomputed=shares),
    )


def _bytes(states: Sequence[State], bits: int) -> int:
    return bytes_of(bits * sum(state.values for state in states))


def _kept(network: Network, state: State, *, recomputed: bool) -> int:
    """Values of one image for the backward pass: the last ones, or those of every call."""
    users = [node for node in map(network.node, state.lifs) if isinstance(node, Lif)]
    if recomputed and all(lif.neuron.cannot_be_undone() is None for lif in users):
        return state.values
    return network.timesteps * sum(lif.output.elements * state.variables for lif in users)
