"""Memory that LIF membranes take in inference and in training, with and without sharing."""

from __future__ import annotations

from collections.abc import Sequence

from lifsim.graph.states import State, any_shared
from lifsim.keeping import KEEPINGS, CallsOnState, Keeping, Kept
from lifsim.lazy_dataclass import dataclass
from lifsim.model.network import Lif, Network
from lifsim.schedule.plan import Plan
from lifsim.schedule.tensors.storage import bytes_of


@dataclass(frozen=True)
class LifMemory:
    """Bytes of membranes. forward: kept in inference; backward: kept in training for the backward pass; in_flight: the
    part of `backward` that is there only while a timestep is undone.

    The baselines are of the unshared network, with membranes kept in the same way. paper_backward: in the convention of
    EfficientLIF-Net, under which a network that shares undoes its calls from the last states alone, without the copies
    that rounding errors require, and an unshared one stores its membranes; to be compared with what the unshared
    network stores, T times its forward memory.
    """

    forward: int
    backward: int
    forward_baseline: int
    backward_baseline: int
    paper_backward: int
    in_flight: int = 0


@dataclass(frozen=True)
class Together:
    """LIFs of a group that runs timestep by timestep, `images` at a time."""

    lifs: tuple[str, ...]
    images: int = 1


def must_run_together(network: Network, states: Sequence[State]) -> tuple[Together, ...]:
    """The smallest groups in which LIFs of several layers that share membranes can run: with all layers between
    them."""
    names = [lif.name for lif in network.lifs]
    spans = sorted(
        (min(places), max(places))
        for places in ([names.index(lif) for lif in state.lifs] for state in states)
        if len(places) > 1
    )
    merged: list[tuple[int, int]] = []
    for first, last in spans:
        if merged and first <= merged[-1][1]:
            merged[-1] = merged[-1][0], max(last, merged[-1][1])
        else:
            merged.append((first, last))
    return tuple(Together(tuple(names[first : last + 1])) for first, last in merged)


def run_together(plan: Plan) -> tuple[Together, ...]:
    """The groups of `plan` that run timestep by timestep."""
    found = []
    for group in plan.groups:
        lifs = [plan.facts.layers[index].layer.lif for index in group.indices]
        if not (group.tiled or group.fused):
            found.append(Together(tuple(lif.name for lif in lifs if lif), group.images))
    return tuple(found)


def lif_memory(
    network: Network,
    states: Sequence[State],
    membrane_bits: int,
    batch: int,
    keeping: Keeping | None = None,
    groups: Sequence[Together] | None = None,
    unshared_groups: Sequence[Together] = (),
) -> LifMemory:
    """LIF memory of `batch` images whose membranes lie in `states`, with b_u bits per state variable of a neuron.
    keeping: how the backward pass gets the membranes (None: they are stored). groups: which LIFs run timestep by
    timestep (None: the fewest); unshared_groups: the same of the network without sharing.

        forward  = B * b_u * (elements of the distinct states)
        backward = B * (bits that `keeping` keeps of each set's calls)
                   + C * b_u * max over groups (elements of a timestep's calls)    if it holds them while it undoes them

    A state that `keeping` refuses, as reversal refuses a hard reset, is stored. If nothing is shared, `paper_backward`
    is what is stored, too, so that nothing is saved.
    """
    way, alone = keeping or KEEPINGS["stored"], unshared(network)
    together = must_run_together(network, states) if groups is None else groups
    in_flight = _in_flight(network, membrane_bits, way, together)
    in_flight_alone = _in_flight(network, membrane_bits, way, unshared_groups)
    return LifMemory(
        forward=_bytes(states, batch * membrane_bits),
        backward=_kept_bytes(network, states, membrane_bits, batch, way, together) + in_flight,
        forward_baseline=_bytes(alone, batch * membrane_bits),
        backward_baseline=_kept_bytes(network, alone, membrane_bits, batch, way, unshared_groups) + in_flight_alone,
        paper_backward=_paper(network, states, batch * membrane_bits),
        in_flight=in_flight,
    )


def unshared(network: Network) -> list[State]:
    """A set of membranes for each LIF."""
    return [State(lif.name, lif.output.shape, (lif.name,), len(lif.neuron.states)) for lif in network.lifs]


def kept_of(
    network: Network, state: State, membrane_bits: int, keeping: Keeping, groups: Sequence[Together] = ()
) -> Kept:
    """What is kept of the calls on one set of membranes."""
    lifs = [node for node in map(network.node, state.lifs) if isinstance(node, Lif)]
    major = any(state.lifs[0] in group.lifs for group in groups)
    calls = CallsOnState(state, lifs[0].neuron, network.timesteps, membrane_bits, major)
    able = all(keeping.refusal(lif.neuron) is None for lif in lifs)
    return (keeping if able else KEEPINGS["stored"]).kept(calls)


def how_kept(
    network: Network,
    states: Sequence[State],
    membrane_bits: int,
    keeping: Keeping,
    groups: Sequence[Together] | None = None,
) -> str:
    """What is kept beside the last states, in words: `bits`, or `bits and copies` if sets differ. groups: which LIFs
    run timestep by timestep (None: the fewest)."""
    together = must_run_together(network, states) if groups is None else groups
    words = {kept_of(network, state, membrane_bits, keeping, together).how for state in states}
    return " and ".join(sorted(words - {"nothing", "no more"})) or "".join(words)


def _kept_bytes(
    network: Network,
    states: Sequence[State],
    membrane_bits: int,
    batch: int,
    keeping: Keeping,
    groups: Sequence[Together],
) -> int:
    kept = (kept_of(network, state, membrane_bits, keeping, groups) for state in states)
    return bytes_of(batch * sum(one.total for one in kept))


def _in_flight(network: Network, membrane_bits: int, keeping: Keeping, groups: Sequence[Together]) -> int:
    if not keeping.holds_calls:
        return 0
    values = {lif.name: lif.output.elements * len(lif.neuron.states) for lif in network.lifs}
    held = (group.images * sum(values[name] for name in group.lifs) for group in groups)
    return bytes_of(membrane_bits * max(held, default=0))


def _bytes(states: Sequence[State], bits: int) -> int:
    return bytes_of(bits * sum(state.values for state in states))


def _paper(network: Network, states: Sequence[State], bits: int) -> int:
    """Bytes that the paper's convention keeps: of a set of membranes the last state alone, if the network shares and
    the set's calls can be undone; else u' of every call."""
    undone, shares, values = KEEPINGS["reversed"], any_shared(states), 0
    for state in states:
        lifs = [node for node in map(network.node, state.lifs) if isinstance(node, Lif)]
        if shares and all(undone.refusal(lif.neuron) is None for lif in lifs):
            values += state.values
        else:
            values += network.timesteps * sum(lif.output.elements * state.variables for lif in lifs)
    return bytes_of(bits * values)
