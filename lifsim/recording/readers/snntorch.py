"""snnTorch's neurons (Eshraghian et al., Proc. IEEE 111(9), 2023): they fire above the threshold, and reset in the
timestep behind the spike unless they are told not to."""

from __future__ import annotations

from typing import Any

import numpy as np

from lifsim.recording.readers.protocol import READERS, Reading, class_in, number, time_constant

_KINDS = ("Leaky", "Synaptic", "Lapicque")


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
        delayed = bool(getattr(module, "reset_delay", True))
        hard = module.reset_mechanism == "zero"
        keys: dict[str, Any] = {
            "model": "lif",
            "threshold": number(module.threshold),
            "reset": "hard" if hard else "soft",
            "fires": "above",
            "reset_step": "next" if delayed else "this",
            "decay_input": False,
        }
        notes: tuple[str, ...] = ()
        match kind:
            case "Leaky":
                keys["tau"] = time_constant(number(module.beta).clip(0, 1))
                if hard and delayed:
                    keys["reset_order"] = "before_leak"
            case "Synaptic":
                keys["model"] = "cuba_lif"
                keys["tau_syn"] = time_constant(number(module.alpha).clip(0, 1))
                keys["tau_mem"] = time_constant(number(module.beta).clip(0, 1))
            case "Lapicque":
                resistance, capacitance, step = (number(one) for one in (module.R, module.C, module.time_step))
                keys |= {"tau": resistance * capacitance / step, "decay_input": True}
                keys["threshold"] = keys["threshold"] / resistance
                if np.any(resistance != 1):
                    notes = (f"potentials are divided by its R of {np.mean(resistance):g}, the threshold with them",)
        return Reading(keys, notes=notes)

    def reset(self, module: Any) -> None:
        """Also where membranes are handed over: what is kept is forgotten."""
        module.reset_mem()


def _refuse(module: Any) -> None:
    """Raises ValueError where a neuron does what LIFSim's does not."""
    if module.state_quant:
        raise ValueError("state_quant must not be given: LIFSim's engine does not round membranes")
    if module.inhibition:
        raise ValueError("inhibition must be False: a neuron of LIFSim's does not look at others")
    if np.any(number(module.graded_spikes_factor) != 1):
        raise ValueError("graded_spikes_factor must be 1: spikes are 0 or 1; fold it into the weights behind it")
