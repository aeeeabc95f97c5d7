"""sinabs' neurons: exponential leaks, and [B, T, ...] or [B * T, ...]."""

from __future__ import annotations

from typing import Any

import numpy as np

from lifsim.recording.readers.protocol import READERS, Reading, class_in, number, require_zero, time_constant

_KINDS = ("IAF", "IAFSqueeze", "LIF", "LIFSqueeze")


@READERS.register
class Sinabs:
    """With one spike a timestep; its default of several must be changed."""

    name = "sinabs"
    title = "IAF, IAFSqueeze, LIF, LIFSqueeze, with SingleSpike"

    def read(self, module: Any) -> Reading | None:
        """Its synaptic current leaks before it acts, LIFSim's behind that: potentials are divided by what stays."""
        kind = class_in(module, self.name)
        if kind in ("ExpLeak", "ExpLeakSqueeze"):
            return Reading(readout=True)
        if kind not in _KINDS:
            if kind is not None and any(one.__name__ == "StatefulLayer" for one in type(module).__mro__):
                raise ValueError(f"{kind} must be one of {', '.join(_KINDS)}, or be described with neurons=")
            return None
        if module.spike_fn is None:
            return Reading(readout=True)
        _refuse(module)
        threshold = number(module.spike_threshold)
        kept, current = number(module.alpha_mem_calculated), module.alpha_syn_calculated
        keys: dict[str, Any] = {"reset": _reset(module, threshold), "fires": "at"}
        notes: tuple[str, ...] = ()
        if current is not None:
            stays = number(current)
            keys |= {"model": "cuba_lif", "tau_mem": time_constant(kept), "tau_syn": time_constant(stays)}
            keys |= {"threshold": threshold / stays, "decay_input": bool(module.norm_input)}
            notes = (
                f"potentials are divided by the {np.mean(stays):g} of a current that stays, the threshold with them",
            )
        elif kind.startswith("IAF"):
            keys |= {"model": "if", "threshold": threshold}
        else:
            keys |= {"model": "lif", "tau": time_constant(kept), "threshold": threshold}
            keys["decay_input"] = bool(module.norm_input)
        if kind.endswith("Squeeze"):
            return Reading(keys, 1, (module.batch_size, module.num_timesteps), notes=notes)
        return Reading(keys, 1, notes=notes)

    def reset(self, module: Any) -> None:
        """To membranes of 0."""
        module.reset_states()


def _refuse(module: Any) -> None:
    """Raises ValueError if a neuron does what LIFSim's does not."""
    fires = module.spike_fn if isinstance(module.spike_fn, type) else type(module.spike_fn)
    one_spike = fires.__name__ == "SingleSpike" or getattr(module.spike_fn, "max_num_spikes_per_bin", None) == 1
    if not one_spike:
        way = "make the layer with spike_fn=sinabs.activation.SingleSpike"
        raise ValueError(f"{fires.__name__} may fire several spikes in a timestep, LIFSim's neurons fire one: {way}")
    if module.min_v_mem is not None:
        raise ValueError("min_v_mem must be None: membranes of LIFSim have no lower end")


def _reset(module: Any, threshold: Any) -> str:
    match type(module.reset_fn).__name__:
        case "MembraneSubtract":
            taken = module.reset_fn.subtract_value
            if taken is not None:
                require_zero(number(taken) - threshold, "what a reset subtracts beside the threshold")
            return "soft"
        case "MembraneReset":
            require_zero(module.reset_fn.reset_value, "reset_value")
            return "hard"
        case other:
            raise ValueError(f"reset_fn {other} must be MembraneSubtract or MembraneReset")
