"""What a way to keep membranes for the backward pass must say of itself: bytes, work and traffic follow from it."""

from __future__ import annotations

from abc import abstractmethod
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from lifsim.contract import answers
from lifsim.graph.states import State
from lifsim.lazy_dataclass import dataclass
from lifsim.neurons import NeuronModel
from lifsim.registry import Registry

Ints = NDArray[np.int64]

MOST_BITS = 1 << 48
"""Of an image, that ways of other packages keep: those of a batch must fit 64 bits."""


@dataclass(frozen=True)
class CallsOnState:
    """All LIF calls on one set of membranes. neuron: that of its LIFs. bits: of one value. timestep_major: whether its
    layers run timestep by timestep, so that others run between two timesteps of theirs; else all timesteps of a tile
    run back to back."""

    state: State
    neuron: NeuronModel
    timesteps: int
    bits: int
    timestep_major: bool

    @property
    def state_bits(self) -> int:
        """Of one state of an image."""
        return self.state.values * self.bits

    @property
    def lif_calls(self) -> int:
        """Of each LIF at each timestep: one per channel group."""
        return self.state.channels

    @property
    def count(self) -> int:
        """All timesteps, LIFs and channel groups."""
        return self.timesteps * len(self.state.lifs) * self.lif_calls

    def none(self) -> Ints:
        """[T, LIFs] of nothing."""
        return np.zeros((self.timesteps, len(self.state.lifs)), np.int64)

    def each(self, bits: int) -> Ints:
        """[T, LIFs] of so many."""
        return self.none() + bits


@dataclass(frozen=True)
class Kept:
    """What a set's calls leave for the backward pass: bits [T, LIFs] of an image; how: what they are, in a word."""

    bits: Ints
    how: str

    @property
    def total(self) -> int:
        """Bits of an image."""
        return int(self.bits.sum())


def _of_other_calls(kept: Kept, _keeping: object, calls: CallsOnState) -> str:
    return _unlike(kept.bits, (calls.timesteps, len(calls.state.lifs)))


def _of_other_bits(bits: Ints, _keeping: object, kept: Kept) -> str:
    return _unlike(bits, kept.bits.shape)


def _unlike(bits: Ints, shape: tuple[int, ...]) -> str:
    if bits.shape != shape:
        return f"bits of [timesteps, LIFs], here {[*shape]}"
    return f"at most {MOST_BITS:,} bits of an image" if sum(map(int, bits.flat)) > MOST_BITS else ""


class Keeping(Protocol):
    """One way. name: as `--bptt` and `--membranes` spell it; title: in words.

    product_again: whether the weight layers run a second time in the backward pass, for the inputs x of their LIFs.
    reads_spikes: whether it takes a LIF's own spikes, which a pool may hide.
    carries_states: whether the states come back from timestep to timestep beside their gradients.
    holds_calls: whether u' of all calls of what is undone at a time (a tile's timesteps, or one timestep of a group)
        are there at once.
    """

    name: str
    title: str
    product_again: bool
    reads_spikes: bool
    carries_states: bool
    holds_calls: bool

    @abstractmethod
    def refusal(self, neuron: NeuronModel) -> str | None:
        """Why calls of `neuron` cannot be had this way, with the way out; None if they can."""
        ...

    @answers(_of_other_calls)
    @abstractmethod
    def kept(self, calls: CallsOnState) -> Kept:
        """What the forward pass keeps."""
        ...

    def sentence(self, kept: str) -> str:
        """What a reader must know of a run: `kept` is in a word what its sets leave (`Kept.how`), or `copies and bits`
        where they differ."""
        return f"{self.title}; kept here: {kept}"

    @answers(_of_other_bits)
    def read_back(self, kept: Kept) -> Ints:
        """[T, LIFs] bits of an image that each LIF's backward pass begins with: those that its own calls left."""
        return kept.bits


KEEPINGS: Registry[Keeping] = Registry("way to keep membranes", Keeping, "lifsim.keeping", "lifsim.keepings")
