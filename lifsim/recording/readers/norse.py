"""Norse's neurons (Pehle and Pedersen, 2021), of which dt / tau is the share that a timestep leaks."""

from __future__ import annotations

from typing import Any

import numpy as np

from lifsim.recording.readers.protocol import READERS, Reading, class_in, number, require_zero

_READOUTS = ("LI", "LICell", "LILinearCell", "LIBoxCell")
_BASES = ("SNN", "SNNCell", "SNNRecurrent", "SNNRecurrentCell")
_KINDS = ("LIF", "LIFCell", "LIFBoxCell")


@READERS.register
class Norse:
    """Cells take one timestep a call, the others [T, B, ...]."""

    name = "norse"
    title = "LIF, LIFCell, LIFBoxCell"

    def read(self, module: Any) -> Reading | None:
        """Potentials count from the leak potential, which is 0 in LIFSim."""
        kind = class_in(module, self.name)
        if kind in _READOUTS:
            return Reading(readout=True)
        if kind not in _KINDS:
            if kind is not None and any(one.__name__ in _BASES for one in type(module).__mro__):
                recurrent = ": recurrent inputs are not in LIFSim" if "Recurrent" in kind else ""
                raise ValueError(f"{kind} must be one of {', '.join(_KINDS)}, or be described with neurons={recurrent}")
            return None
        own, axis = module.p, 0 if kind == "LIF" else None
        leak, threshold, reset = (number(one) for one in (own.v_leak, own.v_th, own.v_reset))
        tau = 1 / (module.dt * number(own.tau_mem_inv))
        notes = ("potentials count from its v_leak, which is 0 here",) if np.any(leak != 0) else ()
        if kind != "LIFBoxCell":
            keys = {"model": "cuba_lif", "tau_mem": tau, "tau_syn": 1 / (module.dt * number(own.tau_syn_inv))}
            keys |= {"threshold": threshold - leak, "reset": "hard", "u_reset": reset - leak}
            return Reading(keys, axis, notes=notes)
        keys = {"model": "lif", "tau": tau, "fires": "above"}
        match own.reset_method.__name__:
            case "reset_value":
                require_zero(reset - leak, "v_reset - v_leak of LIFBoxCell")
                return Reading({**keys, "reset": "hard", "threshold": threshold - leak}, axis, notes=notes)
            case "reset_subtract":
                require_zero(leak, "v_leak of a LIFBoxCell that subtracts its threshold")
                return Reading({**keys, "reset": "soft", "threshold": threshold}, axis)
            case other:
                raise ValueError(f"reset_method {other} must be reset_value or reset_subtract")

    def reset(self, module: Any) -> None:
        """Its neurons keep nothing: who calls them hands the state on."""
