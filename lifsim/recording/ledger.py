"""Identifies what a model computes, element by element: every element of every tensor of its network has a number.

A PyTorch tensor that holds values of the network has a shadow of the same shape with their numbers. Operations that
move data (reshape, stack, a loop over time) are applied to the shadow as well, so that for each input of an operation
its timestep, image and element are known, whatever the layout.
"""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Mapping
from dataclasses import field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lifsim.lazy_dataclass import dataclass

CONSTANT = -1
"""The number of an element that does not depend on the batch."""


class NotFollowedError(Exception):
    """An operation that LIFSim's networks do not have. readout: whether it may stand behind their outputs."""

    def __init__(self, reason: str, *, readout: bool = False) -> None:
        super().__init__(reason)
        self.reason, self.readout = reason, readout


@dataclass(eq=False)
class Value:
    """A tensor of the network that is recorded, of all its timesteps and images.

    kind: as workloads spell the operation, or "input" or "norm". shape: (C, H, W) or (F,); timesteps: T, or 1 of what
    does not change over time. reads: what it is computed of. keys: what a workload says of it; arrays: its weights.
    first: the number of its first element. computed: [timesteps * B] which rows have come. spikes: what neurons fired,
    [timesteps * B, elements]; seen: of a layer of the array, where its inputs were not zero, likewise. put_out: values
    of what nothing has read so far, likewise.
    """

    kind: str
    name: str
    shape: tuple[int, ...]
    timesteps: int
    reads: tuple[Value, ...]
    keys: Mapping[str, Any]
    arrays: Mapping[str, NDArray[Any]]
    first: int
    computed: NDArray[np.bool_]
    averaged: bool = False
    is_read: bool = False
    spikes: NDArray[np.bool_] | None = None
    seen: NDArray[np.bool_] | None = None
    put_out: NDArray[Any] | None = None

    @property
    def elements(self) -> int:
        """Of one image and timestep."""
        return math.prod(self.shape)

    @property
    def size(self) -> int:
        """Of all."""
        return len(self.computed) * self.elements


@dataclass(eq=False)
class Beyond:
    """The output of an operation that LIFSim's networks do not have. reads: the values that it depends on."""

    reason: str
    readout: bool
    reads: tuple[Value, ...]
    first: int
    size: int = 1


@dataclass
class Ledger:
    """Numbers and their owners. timesteps, batch: T, B."""

    timesteps: int
    batch: int
    owners: list[Value | Beyond] = field(default_factory=list)
    _firsts: list[int] = field(default_factory=list)
    _known: dict[tuple[Any, ...], Value] = field(default_factory=dict)
    _next: int = 0

    @property
    def values(self) -> list[Value]:
        """In the order in which they were first computed."""
        return [owner for owner in self.owners if isinstance(owner, Value)]

    def value(
        self,
        key: tuple[Any, ...],
        name: str,
        shape: tuple[int, ...],
        reads: tuple[Value, ...],
        keys: Mapping[str, Any],
        arrays: Mapping[str, NDArray[Any]] | None = None,
    ) -> Value:
        """The value that `key`, its kind first, tells from others that read the same; a new one if there is none."""
        kind, found = key[0], self._known.get((*key, *map(id, reads)))
        if found is not None:
            return found
        averaged = kind == "time_mean" or any(one.averaged for one in reads)
        static = averaged or (kind not in ("lif", "events") and all(one.timesteps == 1 for one in reads))
        timesteps = 1 if static else self.timesteps
        computed = np.zeros(timesteps * self.batch, np.bool_)
        made = Value(kind, name, shape, timesteps, reads, keys, arrays or {}, self._next, computed, averaged)
        for one in reads:
            one.is_read, one.put_out = True, None
        self._known[(*key, *map(id, reads))] = made
        self._own(made)
        return made

    def beyond(self, reason: str, reads: tuple[Value, ...], *, readout: bool) -> Beyond:
        """A place for what is not followed."""
        made = Beyond(reason, readout, reads, self._next)
        self._own(made)
        return made

    def owner_of(self, lowest: int, highest: int) -> Value | Beyond:
        """Of the numbers from `lowest` to `highest`. Raises NotFollowedError if there is none, or not one."""
        if lowest == CONSTANT:
            raise NotFollowedError("puts constants, as zeros of a padding, beside values of the network")
        first, last = (self.owners[bisect_right(self._firsts, one) - 1] for one in (lowest, highest))
        if first is not last:
            for one in (first, last):
                if isinstance(one, Beyond):
                    return one
            names = " and ".join(one.name for one in (first, last) if isinstance(one, Value))
            raise NotFollowedError(f"reads {names} side by side (concatenation): LIFSim has no layer that does")
        return first

    def owners_of(self, numbers: NDArray[np.int64]) -> list[Value | Beyond]:
        """Of any numbers; constants have none."""
        places = np.unique(np.searchsorted(self._firsts, numbers[numbers != CONSTANT], side="right") - 1)
        return [self.owners[place] for place in places]

    def _own(self, owner: Value | Beyond) -> None:
        self.owners.append(owner)
        self._firsts.append(owner.first)
        self._next += owner.size
