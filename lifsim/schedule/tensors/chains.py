"""Chains of `channelN` on the array: which filters form a chain, and what must stay on chip while its calls are made.

Of M filters, channel group g holds filters g*M/N .. (g+1)*M/N - 1. Filters that are equal modulo M/N form a chain of N
calls on one state: within a timestep from group 0 to group N-1, and group 0 of a timestep follows group N-1 of the one
before. The array therefore takes filters chain by chain (relabelled, so that the N filters of a chain are neighbours),
and the groups of a grouped convolution set by set, a set being the groups that one chain visits.
"""

from __future__ import annotations

import numpy as np

from lifsim.lazy_dataclass import dataclass
from lifsim.model.network import Layer
from lifsim.schedule.tensors.rows import Ints
from lifsim.schedule.tensors.storage import bytes_of, map_shape


def linked_groups(layer: Layer, channels: int) -> int:
    """How many groups of its convolution the chains of `layer` connect: N if N divides their number; else all, if there
    are several."""
    if channels == 1 or layer.groups == 1:
        return 1
    return layer.groups if layer.groups % channels else channels


def visited_groups(layer: Layer, channels: int) -> int:
    """The most groups of its convolution in which one chain of `layer` has filters."""
    chains = layer.filters // channels
    members = np.arange(chains)[:, None] + chains * np.arange(channels)
    group = members // layer.group_filters
    return int((1 + (np.diff(group, axis=1) > 0).sum(axis=1)).max())


@dataclass(frozen=True)
class Parted:
    """How tiles divide the chains of a state, timestep-major. window: bytes of one image that must stay on chip until
    the last call of the chains at work; parts: into how many a chain is divided. If there is no room for the window,
    the state leaves the chip and comes back between two parts."""

    window: int = 0
    parts: int = 1

    def of(self, images: int) -> Parted:
        """All images together."""
        return Parted(images * self.window, self.parts)


def chains_at_work(layer: Layer, channels: int, filters: int) -> int:
    """To how many chains of `layer` this many consecutive filters belong."""
    chains = -(-filters // channels) if linked_groups(layer, channels) == 1 else filters
    return min(chains, layer.filters // channels)


def calls_taken(layer: Layer, channels: int) -> Ints:
    """[filters] which call of its chain each filter of `layer` is, in the order in which the array takes filters. First
    and last calls follow the order of the chains."""
    linked, chains = linked_groups(layer, channels), layer.filters // channels
    if linked == 1:
        return np.tile(np.arange(channels), chains)
    together = layer.group_filters if linked == channels else chains
    return np.tile(np.repeat(np.arange(channels), together), chains // together)


IN_ONE_PIECE = Parted()
"""A state whose chains run undivided, from their first to their last call."""


def parted(layer: Layer, channels: int, smallest: int, membrane_bits: int) -> Parted:
    """How filter tiles (multiples of `smallest` filters) and groups of its convolution divide the chains of `layer`, if
    chains lie one behind the other. A tile may end within a chain: then that chain waits, with all its pixels. If
    chains connect groups, the chains of one group wait, or, if N does not divide the number of groups, all chains."""
    if layer.lif is None or channels == 1:
        return IN_ONE_PIECE
    linked = linked_groups(layer, channels)
    if linked == 1:
        first = channels * np.arange(layer.filters // channels)
        parts = 1 + int(((first + channels - 1) // smallest - first // smallest).max())
        waiting = 0 if parts == 1 else 1
    else:
        waiting = layer.group_filters if linked == channels else layer.filters // channels
        parts = visited_groups(layer, channels)
    _, rows, columns = map_shape(layer.lif.output.shape)
    return Parted(rows * bytes_of(waiting * columns * membrane_bits) * layer.state_variables, parts)
