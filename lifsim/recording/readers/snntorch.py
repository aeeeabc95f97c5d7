"""snnTorch's neurons (Eshraghian et al., Proc. IEEE 111(9), 2023): they fire above the threshold, and reset in the
timestep behind the spike unless they are told not to."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from lifsim.recording.readers.protocol import READERS, Reading, class_in, number, time_constant


@READERS.register
class SnnTorch:
    """One timestep a call, with membranes of their own or handed from call to call."""

    name = "snntorch"
    title = "Leaky, Synaptic, Lapicque"

    def read(self, module: Any) -> Reading | None:
        """Their shares that stay are clamped to 0 and 1, as in their forward pass."""
        kind = class_in(module, self.name)
        if kind is None or not any(one.__name__ == "SpikingNeuron" for one in type(module).__mro__):
            return None
        if kind not in _KINDS:
            raise ValueError(f"{kind} must be one of {', '.join(_KINDS)}, or be described with neurons=")
        if module.reset_mechanism == "none":
            return Reading(readout=True)
        _refuse(module)
        keys: dict[str, Any] = {
            "threshold": number(module.threshold),
            "reset": "hard" if module.reset_mechanism == "zero" else "soft",
            "fires": "above",
            "reset_step": "next" if getattr(module, "reset_delay", True) else "this",
        }
        own, notes = _KINDS[kind](module, keys)
        return Reading(keys | own, notes=notes)

    def reset(self, module: Any) -> None:
        """Also where membranes are handed over: what is kept is forgotten."""
        module.reset_mem()


def _refuse(module: Any) -> None:
    """Raises ValueError if a neuron does what LIFSim's does not."""
    if module.state_quant:
        raise ValueError("state_quant must not be given: LIFSim's engine does not round membranes")
    if module.inhibition:
        raise ValueError("inhibition must be False: a neuron of LIFSim's does not look at others")
    if np.any(number(module.graded_spikes_factor) != 1):
        raise ValueError("graded_spikes_factor must be 1: spikes are 0 or 1; fold it into the weights behind it")


Own = tuple[dict[str, Any], tuple[str, ...]]
"""The keys of one kind, beside those that all have, and notes."""


def _leaky(module: Any, keys: Mapping[str, Any]) -> Own:
    """Its delayed reset to zero comes before the leak and the input."""
    own = {"model": "lif", "tau": time_constant(number(module.beta).clip(0, 1)), "decay_input": False}
    early = keys["reset"] == "hard" and keys["reset_step"] == "next"
    return own | ({"reset_order": "before_leak"} if early else {}), ()


def _synaptic(module: Any, _: Mapping[str, Any]) -> Own:
    """Shares of the current and of the membrane."""
    shares = {"tau_syn": number(module.alpha), "tau_mem": number(module.beta)}
    own = {name: time_constant(share.clip(0, 1)) for name, share in shares.items()}
    return {"model": "cuba_lif", "decay_input": False, **own}, ()


def _lapicque(module: Any, keys: Mapping[str, Any]) -> Own:
    """Its inputs charge it by time_step / C, LIFSim's by 1 / tau = time_step / (R C): potentials are divided by R."""
    resistance, capacitance, step = (number(one) for one in (module.R, module.C, module.time_step))
    own = {"model": "lif", "tau": resistance * capacitance / step, "decay_input": True}
    divided = f"potentials are divided by its R of {np.mean(resistance):g}, the threshold with them"
    notes = (divided,) if np.any(resistance != 1) else ()
    return {**own, "threshold": keys["threshold"] / resistance}, notes


_KINDS: Mapping[str, Callable[[Any, Mapping[str, Any]], Own]] = {
    "Leaky": _leaky,
    "Synaptic": _synaptic,
    "Lapicque": _lapicque,
}
