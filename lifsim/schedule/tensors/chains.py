"""Chains of `channelN` on the array: which filters belong together, and what must stay while their calls are made.

Channel group g of M filters holds filters g*M/N .. (g+1)*M/N - 1; filters that are alike modulo M/N are a chain of N
calls on one state: within a timestep group 0 first, and group 0 of a timestep behind group N-1 of the one before.
Filters are therefore taken chain by chain (relabelled: the N filters of a chain behind each other), groups of a
convolution set by set: those that one chain visits behind each other.
"""

from __future__ import annotations

import numpy as np

from lifsim.lazy_dataclass import dataclass
from lifsim.model.network import Layer
from lifsim.schedule.tensors.rows import Ints
from lifsim.schedule.tensors.storage import bytes_of, map_shape


def linked_groups(layer: Layer, channels: int) -> int:
    """Groups of its convolution that the chains of `layer` connect: N where N divides their number, else, but for a
    single one, all of them."""
    if channels == 1 or layer.groups == 1:
        return 1
    return layer.groups if layer.groups % channels else channels


def visited_groups(layer: Layer, channels: int) -> int:
    """Groups of its convolution in which a chain of `layer` has filters, at most."""
    chains = layer.filters // channels
    members = np.arange(chains)[:, None] + chains * np.arange(channels)
    group = members // layer.group_filters
    return int((1 + (np.diff(group, axis=1) > 0).sum(axis=1)).max())


@dataclass(frozen=True)
class Parted:
    """A state whose chains are parted by what runs one after the other, timestep-major. window: bytes of one image that
    must stay on chip until the last call of the chains at work; parts: in which a chain is worked off, between which
    its state leaves the chip and comes back where there is no room for the window."""

    window: int = 0
    parts: int = 1

    def of(self, images: int) -> Parted:
        """All images together."""
        return Parted(images * self.window, self.parts)


def chains_at_work(layer: Layer, channels: int, filters: int) -> int:
    """Of how many chains of `layer` so many filters are that are taken one after the other."""
    chains = -(-filters // channels) if linked_groups(layer, channels) == 1 else filters
    return min(chains, layer.filters // channels)


def calls_taken(layer: Layer, channels: int) -> Ints:
    """[filters] which call of its chain each filter of `layer` is, in the order in which they are taken. First and last
    calls follow the order of the chains."""
    linked, chains = linked_groups(layer, channels), layer.filters // channels
    if linked == 1:
        return np.tile(np.arange(channels), chains)
    together = layer.group_filters if linked == channels else chains
    return np.tile(np.repeat(np.arange(channels), together), chains // together)


IN_ONE_PIECE = Parted()
"""A state whose chains are worked off from their first to their last call."""


def parted(layer: Layer, channels: int, smallest: int, membrane_bits: int) -> Parted:
    """How filter tiles, whole multiples of `smallest` filters, and groups of its convolution part the chains of `layer`
    if these lie behind each other. A tile may end in a chain: one chain waits, all its pixels. Of groups that chains
    connect, the chains of one group wait, or, where N does not divide their number, all."""
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
