"""The protocol of neuron models; memory, costs, spikes and gradients follow from its answers."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Iterator
from dataclasses import is_dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import DTypeLike, NDArray

from lifsim.contract import answers, asked_where
from lifsim.lazy_dataclass import dataclass
from lifsim.neurons.parameters import Numbers, parameters_of
from lifsim.registry import Registry

Array = NDArray[Any]
State = tuple[Array, ...]
"""One array per state variable, in the order of `NeuronModel.states`."""

Broken = Iterator[tuple[str, str]]
"""(parameter, message) of each rule across parameters that does not hold."""


@dataclass(frozen=True)
class StateVariable:
    """A value that each neuron keeps from one call to the next, of precision.membrane_bits bits."""

    name: str
    title: str


MEMBRANE = StateVariable("membrane", "membrane potential")


@dataclass(frozen=True)
class Linear:
    """A call that charges linearly, z' = leak z + gain x + constant, for the backward pass, and ends with a reset that
    changes the membrane alone.

    leak: [variables][variables], gain: [variables], each a number or an array over channels; forgets: whether the reset
    sets the membrane, and does not subtract from it.
    """

    leak: tuple[tuple[Any, ...], ...]
    gain: tuple[Any, ...]
    forgets: bool


@dataclass(frozen=True)
class Compiled:
    """A model's call as a loop for Numba, equal to its vectorised one bit for bit.

    fire: (start, stop, x, state, constants, spikes, charged), as `lifsim.engine.neurons.fire` calls it: pixels `start`
    to `stop` of x [T or 1, P, C], the membrane [P, C/N] in place, spikes uint8 [T, P, C], charged [T, P, C] or empty.
    Of models with one state variable.
    """

    fire: Callable[..., None]


def _not_one_each(values: tuple[object, ...], neuron: NeuronModel) -> str:
    return "" if len(values) == len(neuron.states) else f"a value of each of {len(neuron.states)} state variables"


def _other_state(left: State, neuron: NeuronModel, first: Array | State, *_: object) -> str:
    """Of `charge` and `settle`: as large as the input, or as the state that was charged."""
    like = first[0] if isinstance(first, tuple) else first
    if len(left) != len(neuron.states) or any(each.shape != like.shape or each.dtype.kind != "f" for each in left):
        return f"{len(neuron.states)} arrays {list(like.shape)} of floating-point numbers"
    lost = any(np.isnan(each).any() for each in left) and not np.isnan(like).any()
    return "numbers, none of them nan" if lost else ""


def _other_spikes(fired: Array, _neuron: object, charged: State, *_: object) -> str:
    fits = fired.shape == charged[0].shape and fired.dtype == np.bool_
    return "" if fits else f"an array {list(charged[0].shape)} of bool"


def _not_by_name(constants: Any, _neuron: object, *_: object) -> str:
    fits = isinstance(constants, tuple) and hasattr(constants, "threshold")
    return "" if fits else "a NamedTuple with a threshold"


def _not_square(linear: Linear | None, neuron: NeuronModel) -> str:
    size = len(neuron.states)
    fits = linear is None or [len(linear.gain), *map(len, linear.leak)] == [size] * (size + 1)
    return "" if fits else f"leak and gain of {size} state variables"


def _below_one(error: float, *_: object) -> str:
    return "" if error >= 1 else "a factor of 1 or more"


class NeuronModel(Protocol):
    """One kind of neuron with its parameters: a frozen dataclass, whose fields are the parameters
    (`lifsim.neurons.parameters`), each with a default.

    name: as workloads spell it; title: in words.
    states: the variables that each neuron keeps; the first is the membrane, which fires.
    datapaths: how many of the components of tag lif (and, in the backward pass, of tag pgu) in an architecture's bill
        of materials a call uses: a LIF unit contains that many.
    threshold: the membrane at which it fires.
    """

    name: str
    title: str
    states: tuple[StateVariable, ...] = (MEMBRANE,)
    datapaths: int = 1
    threshold: Numbers

    @abstractmethod
    def broken_rules(self) -> Broken:
        """The rules across its parameters that are broken."""
        ...

    @answers(_not_one_each)
    @abstractmethod
    def rest(self) -> tuple[Numbers, ...]:
        """The value of each state variable before the first call."""
        ...

    @answers(_not_by_name)
    @abstractmethod
    def constants(self, dtype: DTypeLike) -> Any:
        """The parameters as the calls take them, rounded once to `dtype`: scalars, or arrays over channels (and pixels)
        if neurons differ. They include a `threshold`."""
        ...

    @answers(_other_state)
    @abstractmethod
    def charge(self, x: Array, state: State, k: Any) -> State:
        """The state after the input x, before the reset of this call; elementwise."""
        ...

    @answers(_other_spikes)
    @abstractmethod
    def fire(self, charged: State, k: Any) -> Array:
        """Which neurons fire, bool."""
        ...

    @answers(_other_state)
    @abstractmethod
    def settle(self, charged: State, spikes: Array, k: Any) -> State:
        """The state after the call: reset where it fired."""
        ...

    def compiled(self) -> Compiled | None:
        """The call as machine code; None if there is none for these parameters."""
        return None

    @answers(_not_square)
    def linear(self) -> Linear | None:
        """The linear form of the call, in float64, for the backward pass; None: there is no gradient."""
        return None

    @abstractmethod
    def cannot_be_undone(self) -> str | None:
        """Why a call cannot be undone from the state after it; None if it can."""
        ...

    @asked_where("cannot_be_undone", value=None)
    @answers(_below_one)
    def undoing_error(self) -> float:
        """The factor by which undoing one call multiplies rounding errors of the state; called only if calls can be
        undone."""
        raise ValueError(f"no call of {self.name} can be undone")


MOST_DATAPATHS = 1 << 10


def _adjustable(neuron: NeuronModel) -> None:
    """Its fields are parameters, which workloads give; it has a membrane, each of its states once, and datapaths."""
    if not is_dataclass(neuron) or "threshold" not in parameters_of(type(neuron)):
        raise TypeError(f"{type(neuron).__qualname__} must be a frozen dataclass with a parameter threshold")
    names = [state.name for state in neuron.states]
    if names[:1] != [MEMBRANE.name] or len({*names}) < len(names):
        raise TypeError(f"{type(neuron).__qualname__}.states must have MEMBRANE first, and no name twice")
    if not 1 <= neuron.datapaths <= MOST_DATAPATHS:
        asked = f"must be 1 to {MOST_DATAPATHS}, is {neuron.datapaths}"
        raise TypeError(f"{type(neuron).__qualname__}.datapaths {asked}")


NEURONS: Registry[NeuronModel] = Registry("neuron model", NeuronModel, "lifsim.neurons", "lifsim.neurons", _adjustable)
