"""Which LIF calls use one set of membranes: the states of a network under a sharing."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

from lifsim.errors import Fault, InputError
from lifsim.lazy_dataclass import dataclass
from lifsim.model.network import Lif, Network
from lifsim.model.sharing import WAYS_OUT, Sharing
from lifsim.neurons.parameters import varying
from lifsim.units import counted


@dataclass(frozen=True)
class State:
    """One set of membranes. shape: of the set, (C/N, H, W) or (F/N,); lifs: the LIFs that use it, in order; variables:
    values per neuron, including the membrane; channels: the number N of channel groups of each LIF that use it in
    turn."""

    name: str
    shape: tuple[int, ...]
    lifs: tuple[str, ...]
    variables: int = 1
    channels: int = 1

    @property
    def is_shared(self) -> bool:
        """Whether more than one call of a timestep uses it."""
        return len(self.lifs) * self.channels > 1

    @property
    def elements(self) -> int:
        """Membranes per image."""
        return math.prod(self.shape)

    @property
    def values(self) -> int:
        """Values of all variables per image."""
        return self.elements * self.variables


def states_of(network: Network, sharing: Sharing) -> tuple[State, ...]:
    """The membrane sets of `network` under `sharing`, in order of first use.

    Under `layer`, LIFs of one explicit `group:` share one set, wherever they stand; the others share with their
    neighbours in execution order as long as the shape is the same. A LIF with `share: false` has a set of its own.
    Raises InputError naming every layer whose channels N does not divide, every group of unequal shapes or neurons, and
    every layer that shares although its neurons differ. If sharing is only where possible, such layers get sets of
    their own instead.
    """
    sets = list(_sets(network, sharing))
    if not sharing.where_possible:
        divisions = _undivided([lif for one in sets for lif in one.undivided], sharing)
        if faults := [*divisions, *(fault for one in sets for fault in one.faults)]:
            raise InputError(faults)
    return tuple(state for one in sets for state in one.states)


def any_shared(states: Sequence[State]) -> bool:
    """Whether more than one call of a timestep uses any of these states."""
    return any(state.is_shared for state in states)


def channels_of(network: Network, sharing: Sharing) -> dict[str, int]:
    """By LIF, the number of channel groups that use its set in turn: N, or 1 if it does not share. Also works, with the
    intended numbers, if `states_of` finds faults."""
    return {lif.name: one.channels for one in _sets(network, sharing) for lif in one.lifs}


def channels_by_layer(network: Network, states: Sequence[State]) -> tuple[int, ...]:
    """By layer of `network`, the number of channel groups that use its membranes, in `states`, in turn; 1 for a layer
    without membranes."""
    of_lif = {name: state.channels for state in states for name in state.lifs}
    return tuple(of_lif[layer.lif.name] if layer.lif else 1 for layer in network.layers)


def most_channels(states: Sequence[State]) -> int:
    """The number of channel groups that share LIF units: the largest of any layer."""
    return max((state.channels for state in states), default=1)


def left_unshared(network: Network, sharing: Sharing) -> tuple[str, ...]:
    """The LIFs that sharing where possible leaves unshared, each with its shape."""
    if not sharing.where_possible:
        return ()
    return tuple(
        f"{lif.name} {list(lif.output.shape)}" for one in _sets(network, sharing) if not one.fits for lif in one.lifs
    )


@dataclass(frozen=True)
class _Set:
    """LIFs that should use one set of membranes, `wanted` channel groups of each in turn. undivided: LIFs whose
    channels are not divisible by that; faults: other obstacles."""

    lifs: tuple[Lif, ...]
    wanted: int
    where_possible: bool
    undivided: tuple[Lif, ...] = ()
    faults: tuple[Fault, ...] = ()

    @property
    def fits(self) -> bool:
        return not (self.undivided or self.faults)

    @property
    def channels(self) -> int:
        return 1 if not self.fits and self.where_possible else self.wanted

    @property
    def states(self) -> Iterator[State]:
        apart = not self.fits and self.where_possible
        for lifs in [(lif,) for lif in self.lifs] if apart else [self.lifs]:
            channels, *pixels = lifs[0].output.shape
            shape, names = (channels // self.channels, *pixels), tuple(lif.name for lif in lifs)
            yield State(names[0], shape, names, len(lifs[0].neuron.states), self.channels)


def _sets(network: Network, sharing: Sharing) -> Iterator[_Set]:
    for group in _groups(network.lifs) if sharing.layer else [[lif] for lif in network.lifs]:
        if not group[0].share:
            yield _Set(tuple(group), 1, sharing.where_possible)
            continue
        undivided = tuple(lif for lif in group if lif.output.shape[0] % sharing.channels)
        faults = (*_unlike(group), *_uneven(group, sharing))
        yield _Set(tuple(group), sharing.channels, sharing.where_possible, undivided, faults)


def _unlike(group: list[Lif]) -> Iterator[Fault]:
    """Shapes and neurons that differ within a group."""
    if len({lif.output.shape for lif in group}) > 1:
        members = ", ".join(f"{lif.name} {list(lif.output.shape)}" for lif in group)
        message = f"group {group[0].group!r} must have LIFs of one shape, has {members}"
        yield Fault(message + WAYS_OUT, path="sharing", stands=_layers(group))
    if len({lif.neuron for lif in group}) > 1:
        members = ", ".join(f"{lif.name} ({words})" for lif, words in zip(group, _apart(group), strict=True))
        message = f"LIFs that share membranes must have one neuron model: {members}"
        yield Fault(message + WAYS_OUT, path="sharing", stands=_layers(group))


def _layers(lifs: Sequence[Lif]) -> tuple[str, ...]:
    """The keys of these in a workload."""
    return tuple(f"layers.{lif.name}" for lif in lifs)


def _apart(group: list[Lif]) -> list[str]:
    """For each LIF, its model and those of its parameters that differ within the group."""
    said = [{"model": lif.neuron.name} | vars(lif.neuron) for lif in group]
    names = [name for name in said[0] if len({one.get(name) for one in said}) > 1]
    return [", ".join(f"{name} {one[name]}" for name in names if name in one) for one in said]


def _uneven(group: list[Lif], sharing: Sharing) -> Iterator[Fault]:
    """Neurons that would use one membrane although their parameters differ: between channels, or between layers whose
    parameters are in the weights file."""
    for lif in group:
        for name, value in varying(lif.neuron).items():
            if sharing.channels > 1 or (len(group) > 1 and isinstance(value, str)):
                rule = f"must be one number, for the neurons that share membranes under {sharing}"
                key = f"layers.{lif.name}.neuron.{name}"
                yield Fault(rule + WAYS_OUT, path=key, stands=(key, f"neuron.{name}", f"layers.{lif.name}"))


def _undivided(lifs: Sequence[Lif], sharing: Sharing) -> Iterator[Fault]:
    """One fault for all LIFs whose channels N does not divide."""
    by_channels: dict[int, list[str]] = {}
    for lif in lifs:
        by_channels.setdefault(lif.output.shape[0], []).append(lif.name)
    if by_channels:
        named = (f"the {counted(channels, 'channel')} of {', '.join(names)}" for channels, names in by_channels.items())
        rule = f"{sharing} must divide {'; '.join(named)}{WAYS_OUT}"
        yield Fault(rule, path="sharing", stands=_layers(lifs))


def _groups(lifs: tuple[Lif, ...]) -> list[list[Lif]]:
    named: dict[str, list[Lif]] = {}
    groups: list[list[Lif]] = []
    previous: Lif | None = None
    for lif in lifs:
        if lif.group is not None and lif.share:
            if lif.group not in named:
                named[lif.group] = []
                groups.append(named[lif.group])
            named[lif.group].append(lif)
        elif previous and lif.share and _is_neighbour(previous, lif):
            groups[-1].append(lif)
        else:
            groups.append([lif])
        previous = lif
    return groups


def _is_neighbour(previous: Lif, lif: Lif) -> bool:
    """Whether they share without an explicit group."""
    return previous.share and previous.group is None and previous.output.shape == lif.output.shape
