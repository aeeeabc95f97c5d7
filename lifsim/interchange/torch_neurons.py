"""What a state_dict says of neurons: snnTorch's threshold, beta, alpha, R, C and reset, SpikingJelly's w.

Leaky      u' = beta u + x                        tau = 1 / (1 - beta), decay_input: false
Synaptic   i' = alpha i + x,  u' = beta u + i'    tau_syn = 1 / (1 - alpha), tau_mem = 1 / (1 - beta)
Lapicque   u' = (1 - dt/RC) u + (dt/C) x          tau = RC / dt, potentials divided by R
ParametricLIFNode                                 tau = 1 / sigmoid(w)
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lifsim.interchange.torch_modules import Module
from lifsim.lazy_dataclass import dataclass
from lifsim.neurons import NEURONS, NeuronModel
from lifsim.neurons.one_membrane import OneMembrane
from lifsim.neurons.parameters import IN_WEIGHTS, parameters_of

Array = NDArray[Any]

_RESETS = {0: "soft", 1: "hard"}
_ROUNDING = 4
"""Units in the last place by which a parameter may differ from the decimals in the workload."""


@dataclass(frozen=True)
class Stated:
    """A parameter of LIFSim's neuron, as stated by a term of a module. value: a word, a flag, or numbers in float64.
    shown: the statement of the file in words. precision: of its numbers."""

    term: str
    value: Any
    shown: str
    precision: float = 0.0


@dataclass(frozen=True)
class Reading:
    """kind: the framework's neurons; model: LIFSim's. stated: what the file states, by LIFSim's keys. usual: what
    such neurons do that the file does not state. readout: whether they are never reset. note: anything else worth
    saying."""

    kind: str
    model: str
    stated: Mapping[str, Stated]
    usual: Mapping[str, Any] = field(default_factory=dict)
    readout: bool = False
    note: str = ""


class UnfitError(Exception):
    """Neurons that LIFSim does not have: the term that shows it, and why."""

    def __init__(self, term: str, reason: str) -> None:
        super().__init__(reason)
        self.term, self.reason = term, reason


def reading_of(module: Module) -> Reading:
    """The kind and parameters of the neurons of a module. Raises UnfitError."""
    terms = module.terms
    if "w" in terms:
        return _parametric(module)
    if {"R", "C", "time_step"} <= terms.keys():
        return _lapicque(module)
    stated = _snntorch(module)
    usual = {"fires": "above", "reset_step": "next"}
    if "beta" not in terms:
        raise UnfitError("threshold", "must stand beside beta, as in snnTorch's Leaky")
    if "alpha" in terms:
        stated["tau_syn"] = _of_share("alpha", "tau_syn", terms["alpha"])
        stated["tau_mem"] = _of_share("beta", "tau_mem", terms["beta"])
        stated["decay_input"] = _whole_input("beta")
        note = "is read as snnTorch's Synaptic, whose terms are those of its Alpha, too"
        return Reading("snnTorch's Synaptic", "cuba_lif", stated, usual, _is_readout(module), note)
    stated["tau"] = _of_share("beta", "tau", terms["beta"])
    stated["decay_input"] = _whole_input("beta")
    if "reset" in stated and stated["reset"].value == "hard":
        usual |= {"reset_order": "before_leak"}
    return Reading("snnTorch's Leaky", "lif", stated, usual, _is_readout(module))


def _is_readout(module: Module) -> bool:
    return int(module.terms.get("reset_mechanism_val", np.array(0)).flat[0]) == 2


def _snntorch(module: Module) -> dict[str, Stated]:
    """What all neurons of snnTorch state in the same way."""
    terms = module.terms
    for term, array in terms.items():
        if not array.size or not np.isfinite(array).all():
            raise UnfitError(term, "must be finite numbers")
    factor = terms.get("graded_spikes_factor")
    if factor is not None and (factor != 1).any():
        way = "spikes of LIFSim are 0 or 1: multiply the weights that read them by it, and set it to 1"
        raise UnfitError("graded_spikes_factor", f"{_range(factor)} must be 1: {way}")
    stated = {}
    if "threshold" in terms:
        stated["threshold"] = _number("threshold", terms["threshold"], _range(terms["threshold"]))
    if "reset_mechanism_val" in terms and not _is_readout(module):
        number = int(terms["reset_mechanism_val"].flat[0])
        if number not in _RESETS:
            raise UnfitError("reset_mechanism_val", f"{number} must be 0 (subtract), 1 (zero) or 2 (none)")
        stated["reset"] = Stated("reset_mechanism_val", _RESETS[number], f"{number} ({_RESETS[number]} reset)")
        if number == 1:
            stated["u_reset"] = Stated("reset_mechanism_val", np.zeros(()), "1 (reset to 0)")
    return stated


def _of_share(term: str, key: str, share: Array) -> Stated:
    """A time constant from the share that remains after a timestep, clamped as snnTorch does."""
    with np.errstate(divide="ignore"):
        tau = 1 / (1 - share.astype(np.float64).clip(0, 1))
    return _number(term, share, f"{_range(share)} ({key} {_range(tau)})", tau)


def _whole_input(term: str) -> Stated:
    return Stated(term, False, "of neurons that add their input whole (decay_input false)")


def _lapicque(module: Module) -> Reading:
    stated, terms = _snntorch(module), module.terms
    resistance, capacity, step = (terms[name].astype(np.float64) for name in ("R", "C", "time_step"))
    if min(np.min(one) for one in (resistance, capacity, step)) <= 0:
        raise UnfitError("R", "R, C and time_step must be > 0")
    tau = resistance * capacity / step
    stated["tau"] = _number("C", terms["C"], f"{_range(capacity)} (R C / time_step, tau {_range(tau)})", tau)
    stated["decay_input"] = Stated("C", True, "of neurons that divide their input by tau (decay_input true)")
    if "threshold" in stated and (resistance != 1).any():
        divided = terms["threshold"] / resistance
        shown = f"{_range(terms['threshold'])} ({_range(divided)} where potentials are divided by R)"
        stated["threshold"] = _number("threshold", terms["threshold"], shown, divided)
    usual = {"fires": "above", "reset_step": "next"}
    return Reading("snnTorch's Lapicque", "lif", stated, usual, _is_readout(module))


def _parametric(module: Module) -> Reading:
    w = module.terms["w"]
    if w.size != 1 or not np.isfinite(w).all():
        raise UnfitError("w", "must be the one number of SpikingJelly's ParametricLIFNode")
    tau = 1 + np.exp(-w.astype(np.float64))
    stated = {"tau": _number("w", w, f"{_range(w)} (tau {_range(tau)})", tau)}
    note = "a ParametricLIFNode's threshold, reset and decay_input are in no file: they are the workload's"
    return Reading("SpikingJelly's ParametricLIFNode", "lif", stated, note=note)


def _number(term: str, found: Array, shown: str, value: Any = None) -> Stated:
    """The number that was `found`, or `value` derived from it."""
    precision = np.finfo(found.dtype if found.dtype.kind == "f" else np.float32).eps
    return Stated(term, np.asarray(found if value is None else value, np.float64), shown, float(precision))


def _range(array: Any) -> str:
    low, high = float(np.min(array)), float(np.max(array))
    return f"{low:.6g}" if low == high else f"{low:.6g} to {high:.6g}"


def differing(reading: Reading, neuron: NeuronModel, shape: tuple[int, ...]) -> Iterator[tuple[str, Stated, Any]]:
    """(key, statement of the file, value of `neuron`) of all parameters that differ, for neurons of this shape."""
    leakless = isinstance(neuron, OneMembrane) and neuron.leak_tau == np.inf
    never_leaks = leakless and (reading.stated["tau"].value == np.inf).all()
    if reading.model != neuron.name and not never_leaks:
        leak = next(stated for key, stated in reading.stated.items() if key.startswith("tau"))
        yield "model", Stated(leak.term, reading.model, f"of {reading.kind}"), neuron.name
        return
    for key, stated in reading.stated.items():
        if not hasattr(neuron, key) or (never_leaks and key == "decay_input"):
            continue
        own = getattr(neuron, key)
        if isinstance(own, str | bool) and own == IN_WEIGHTS:
            continue
        if isinstance(stated.value, str | bool):
            if own != stated.value:
                yield key, stated, own
        elif not _alike(key, _fitted(stated, shape), fitted(own, shape), stated.precision):
            yield key, stated, _range(own)


def in_weights(reading: Reading, neuron: NeuronModel, shape: tuple[int, ...]) -> dict[str, Array]:
    """The arrays for the weights file, for neurons whose parameters the workload leaves to it."""
    return {
        key: _smallest(_fitted(stated, shape), shape)
        for key, stated in reading.stated.items()
        if isinstance(own := getattr(neuron, key, None), str) and own == IN_WEIGHTS
    }


def taken(reading: Reading, neuron: NeuronModel) -> dict[str, Any]:
    """The keys of a `neuron:` as the file states them; where it states nothing, what such neurons usually are, and
    else what `neuron` is."""
    common = parameters_of(NEURONS[reading.model].__class__).keys() & parameters_of(neuron.__class__).keys()
    keys: dict[str, Any] = {"model": reading.model}
    keys |= {key: _plain(getattr(neuron, key)) for key in sorted(common)} | dict(reading.usual)
    for key, stated in reading.stated.items():
        value = stated.value
        if isinstance(value, np.ndarray):
            value = float(value.flat[0]) if (value == value.flat[0]).all() else IN_WEIGHTS
        keys[key] = value
    return keys


def _plain(value: Any) -> Any:
    return list(value) if isinstance(value, tuple) else value


def _fitted(stated: Stated, shape: tuple[int, ...]) -> Array:
    try:
        return fitted(stated.value, shape)
    except ValueError:
        reason = (
            f"{list(np.shape(stated.value))} must fit neurons of {list(shape)}: one number, or one a channel or neuron"
        )
        raise UnfitError(stated.term, reason) from None


def fitted(value: Any, shape: tuple[int, ...]) -> Array:
    """Numbers, one for all, one per channel or one per neuron, as [C, ...]. Raises ValueError for other shapes."""
    array = np.asarray(value, np.float64)
    while array.ndim > 1 and array.ndim > len(shape) and array.shape[0] == 1:
        array = array[0]
    if array.size == 1:
        array = array.reshape(())
    if array.ndim == 1 and len(array) == shape[0]:
        array = array.reshape(-1, *([1] * (len(shape) - 1)))
    return np.broadcast_to(array, shape)


def _smallest(full: Array, shape: tuple[int, ...]) -> Array:
    """One number per channel, if those of each channel are equal."""
    by_channel = full.reshape(shape[0], -1)
    return (by_channel[:, 0] if (by_channel == by_channel[:, :1]).all() else full).copy()


def _alike(key: str, found: Array, own: Array, precision: float) -> bool:
    """Whether numbers are equal within rounding: the workload has decimals, the file binary numbers. Time constants
    are compared by the share that remains after a timestep."""
    if key.startswith("tau"):
        with np.errstate(divide="ignore"):
            return bool((np.abs(1 / found - 1 / own) <= _ROUNDING * precision).all())
    return bool((np.abs(found - own) <= _ROUNDING * precision * np.abs(own)).all())
