"""Sharing configurations of EfficientLIF-Net: which LIF calls use one set of membranes.

Kim et al., "Sharing leaky-integrate-and-fire neurons for memory-efficient spiking neural networks", Front. Neurosci.
17:1230002, 2023.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass

from lifsim.config.network import Lif, Network
from lifsim.errors import Fault, InputError, did_you_mean, shown
from lifsim.neurons.parameters import varying

MAX_CHANNEL_GROUPS = 1 << 20

_SPELLING = re.compile(r"(layer)?(?:(?(1) ?[+&] ?)c(?:hannel)? ?#?([0-9]{1,12}))?", re.IGNORECASE)


@dataclass(frozen=True)
class Sharing:
    """`layer`: consecutive LIFs of equal shape share; `channels`: N channel groups share in turn (1: no)."""

    layer: bool = False
    channels: int = 1

    def __post_init__(self) -> None:
        if not 1 <= self.channels <= MAX_CHANNEL_GROUPS:
            raise InputError(Fault(f"{self.channels} channel groups must be <= {MAX_CHANNEL_GROUPS}", "sharing"))

    @classmethod
    def parse(cls, text: str) -> Sharing:
        """`none`, `layer`, `channel4`, `layer+channel2`, or the paper's `C#4`, `Layer&C#2`. Raises InputError."""
        name = str(text).strip()
        if name.lower() == "none":
            return cls()
        match = _SPELLING.fullmatch(name)
        if not name or match is None:
            hint = did_you_mean(name, ["none", "layer", "channel2", "channel4", "layer+channel2", "layer+channel4"])
            message = f"{shown(text)} must be none, layer, channelN or layer+channelN{hint}"
            raise InputError(Fault(message, path="sharing"))
        layer, groups = match.groups()
        if groups is None:
            return cls(layer=True)
        if int(groups) < 2:
            raise InputError(Fault(f"{shown(text)}: N of channelN must be >= 2", path="sharing"))
        return cls(layer=layer is not None, channels=int(groups))

    def __repr__(self) -> str:
        return f"Sharing.parse({str(self)!r})"

    def __str__(self) -> str:
        parts = ["layer"] * self.layer + [f"channel{self.channels}"] * (self.channels > 1)
        return "+".join(parts) or "none"


@dataclass(frozen=True)
class State:
    """One set of membranes. shape: of the set, (C/N, H, W) or (F/N,); lifs: the LIFs that use it, in order; variables:
    how many values each of its neurons keeps, the membrane among them; channels: the N channel groups of each LIF that
    use it in turn."""

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
    neighbours in execution order as long as the shape is the same. Raises InputError naming every layer whose channels
    N does not divide, every group of unequal shapes or neurons, and every layer that shares while its neurons differ.
    """
    faults = _divisibility_faults(network, sharing)
    groups = _groups(network.lifs) if sharing.layer else [[lif] for lif in network.lifs]
    for group in groups:
        shapes = {lif.output.shape for lif in group}
        if len(shapes) > 1:
            members = ", ".join(f"{lif.name} {list(lif.output.shape)}" for lif in group)
            faults.append(Fault(f"group {group[0].group!r} must have LIFs of one shape, has {members}", path="sharing"))
        if len({lif.neuron for lif in group}) > 1:
            members = ", ".join(f"{lif.name} ({words})" for lif, words in zip(group, _apart(group), strict=True))
            faults.append(Fault(f"LIFs that share membranes must have one neuron model: {members}", path="sharing"))
        faults += _uneven(group, sharing)
    if faults:
        raise InputError(faults)
    return tuple(_state(group, sharing.channels) for group in groups)


def _state(group: list[Lif], channels: int) -> State:
    shape = group[0].output.shape
    names = tuple(lif.name for lif in group)
    return State(group[0].name, (shape[0] // channels, *shape[1:]), names, len(group[0].neuron.states), channels)


def _apart(group: list[Lif]) -> list[str]:
    """Of each LIF, the model and those parameters that others of the group have otherwise."""
    said = [{"model": lif.neuron.name} | vars(lif.neuron) for lif in group]
    names = [name for name in said[0] if len({one.get(name) for one in said}) > 1]
    return [", ".join(f"{name} {one[name]}" for name in names if name in one) for one in said]


def _uneven(group: list[Lif], sharing: Sharing) -> list[Fault]:
    """Neurons that would use one membrane, and are not alike: those of channels that differ; those of layers of which
    the weights file has the parameters of each."""
    faults = []
    for lif in group:
        names = [
            name
            for name, value in varying(lif.neuron).items()
            if sharing.channels > 1 or (len(group) > 1 and isinstance(value, str))
        ]
        rule = f"must be one number, for the neurons that share membranes under {sharing}"
        faults += [Fault(rule, path=f"{lif.name}.neuron.{name}") for name in names]
    return faults


def _divisibility_faults(network: Network, sharing: Sharing) -> list[Fault]:
    bad = [lif for lif in network.lifs if lif.output.shape[0] % sharing.channels]
    return [
        Fault(f"{sharing} must divide the {lif.output.shape[0]} channels of {lif.name}", path="sharing") for lif in bad
    ]


def _groups(lifs: tuple[Lif, ...]) -> list[list[Lif]]:
    named: dict[str, list[Lif]] = {}
    groups: list[list[Lif]] = []
    previous: Lif | None = None
    for lif in lifs:
        if lif.group is not None:
            if lif.group not in named:
                named[lif.group] = []
                groups.append(named[lif.group])
            named[lif.group].append(lif)
        elif previous and previous.group is None and previous.output.shape == lif.output.shape:
            groups[-1].append(lif)
        else:
            groups.append([lif])
        previous = lif
    return groups
