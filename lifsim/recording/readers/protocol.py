"""The protocol of readers of a framework's neurons. A reader imports neither the framework nor PyTorch: it recognises a
module by the name of its class."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping
from dataclasses import field
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from lifsim.contract import answers, of_any
from lifsim.lazy_dataclass import dataclass
from lifsim.registry import Registry


@dataclass(frozen=True)
class Reading:
    """A module of neurons as LIFSim's.

    keys: of `neuron:` in a workload, numbers as floats or as arrays that broadcast to the neurons' shape. time_axis: of
    its input and output; None: it takes one timestep a call. flattened: (B, T), of which one may be -1, that axis 0
    holds in that order. readout: it puts out no spikes, and may only read a network out. notes: what was turned into
    something equal.
    """

    keys: Mapping[str, Any] = field(default_factory=dict)
    time_axis: int | None = None
    flattened: tuple[int, int] | None = None
    readout: bool = False
    notes: tuple[str, ...] = ()


class NeuronReader(Protocol):
    """A framework's neurons.

    name: of the framework; title: which of its neurons are read.
    """

    name: str
    title: str

    @answers(of_any, says=(ValueError,))
    @abstractmethod
    def read(self, module: Any) -> Reading | None:
        """The reading of a module; None: it is no neuron of this framework. Raises ValueError with what LIFSim's
        neurons cannot do, and the way out."""
        ...

    @abstractmethod
    def reset(self, module: Any) -> None:
        """Reset the state that earlier calls of a module left."""
        ...


READERS: Registry[NeuronReader] = Registry(
    "neuron reader", NeuronReader, "lifsim.recording.readers", "lifsim.neuron_readers"
)


def class_in(module: Any, package: str) -> str | None:
    """The name of the first class of `package` among those that a module is of; None: it is of none."""
    for one in type(module).__mro__:
        if one.__module__.partition(".")[0] == package:
            return one.__name__
    return None


def number(value: Any) -> NDArray[np.float64]:
    """A number or a tensor of PyTorch, in float64."""
    return np.asarray(value.detach().cpu() if hasattr(value, "detach") else value, np.float64)


def time_constant(kept: NDArray[np.float64]) -> NDArray[np.float64]:
    """tau of a membrane that keeps this share per timestep: 1 / (1 - kept), infinite if all is kept."""
    with np.errstate(divide="ignore"):
        return np.asarray(1 / (1 - kept))


def require_zero(value: Any, what: str) -> None:
    """Raises ValueError if a potential is not 0."""
    if np.any(number(value) != 0):
        raise ValueError(f"{what} must be 0")
