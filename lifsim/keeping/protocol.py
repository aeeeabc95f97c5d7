"""The protocol of ways to keep membranes for the backward pass; bytes, work and traffic follow from its answers."""

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
"""Most bits of an image that members of other packages may keep: those of a batch must fit 64 bits."""


@dataclass(frozen=True)
class CallsOnState:
    """All LIF calls on one set of membranes. neuron: of its LIFs. bits: of one value. timestep_major: whether its
    layers run timestep-major, so that other layers run between two of their timesteps; else all timesteps of a tile run
    back to back."""

    state: State
    neuron: NeuronModel
    timesteps: int
    bits: int
    timestep_major: bool

    @property
    def state_bits(self) -> int:
        """Bits of one state of an image."""
        return self.state.values * self.bits

    @property
    def lif_calls(self) -> int:
        """Of each LIF at each timestep: one per channel group."""
        return self.state.channels

    @property
    def count(self) -> int:
        """The number of calls: all timesteps, LIFs and channel groups."""
        return self.timesteps * len(self.state.lifs) * self.lif_calls

    def none(self) -> Ints:
        """[T, LIFs] zeros."""
        return np.zeros((self.timesteps, len(self.state.lifs)), np.int64)

    def each(self, bits: int) -> Ints:
        """[T, LIFs] filled with `bits`."""
        return self.none() + bits


@dataclass(frozen=True)
class Kept:
    """What the calls on a set of membranes leave for the backward pass: bits [T, LIFs] of an image; how: what they are,
    in a word."""

    bits: Ints
    how: str

    @property
    def total(self) -> int:
        """Total bits of an image."""
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
    """One way to provide membranes for the backward pass.

    name: as `--bptt` and `--membranes` spell it; title: in words.
    product_again: whether the weight layers run a second time in the backward pass, for the inputs x of their LIFs.
    reads_spikes: whether it needs a LIF's own spikes, which a pool may hide.
    carries_states: whether states are carried between timesteps beside their gradients.
    holds_calls: whether u' of all calls that are undone together (the timesteps of a tile, or one timestep of a group)
        is held at once.
    """

    name: str
    title: str
    product_again: bool
    reads_spikes: bool
    carries_states: bool
    holds_calls: bool

    @abstractmethod
    def refusal(self, neuron: NeuronModel) -> str | None:
        """Why it cannot provide the calls of `neuron`, with the way out; None if it can."""
        ...

    @answers(_of_other_calls)
    @abstractmethod
    def kept(self, calls: CallsOnState) -> Kept:
        """What the forward pass keeps."""
        ...

    def sentence(self, kept: str) -> str:
        """A note on a run. kept: in a word, what its sets of membranes leave (`Kept.how`), or `copies and bits` if they
        differ."""
        return f"{self.title}; kept here: {kept}"

    @answers(_of_other_bits)
    def read_back(self, kept: Kept) -> Ints:
        """[T, LIFs] bits of an image that each LIF reads in the backward pass. Default: those that its own calls
        left."""
        return kept.bits


KEEPINGS: Registry[Keeping] = Registry("way to keep membranes", Keeping, "lifsim.keeping", "lifsim.keepings")
