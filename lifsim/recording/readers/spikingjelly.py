"""SpikingJelly's neurons (Fang et al., Science Advances 9(40), 2023), which are LIFSim's, parameter by parameter."""

from __future__ import annotations

from typing import Any

from lifsim.recording.readers.protocol import READERS, Reading, class_in, number

_CHARGES = {
    "IFNode": "if",
    "SimpleIFNode": "if",
    "LIFNode": "lif",
    "SimpleLIFNode": "lif",
    "ParametricLIFNode": "lif",
}
_READOUTS = ("NonSpikingIFNode", "NonSpikingLIFNode")
_BASES = ("BaseNode", "SimpleBaseNode", "NonSpikingBaseNode")


@READERS.register
class SpikingJelly:
    """Of activation_based; single-step and multi-step."""

    name = "spikingjelly"
    title = "IFNode, LIFNode, ParametricLIFNode, step by step or multi-step"

    def read(self, module: Any) -> Reading | None:
        """A reset potential of None is a soft reset."""
        kind = class_in(module, self.name)
        if kind in _READOUTS:
            return Reading(readout=True)
        if kind not in _CHARGES:
            if kind is not None and any(one.__name__ in _BASES for one in type(module).__mro__):
                raise ValueError(f"{kind} must be one of {', '.join(_CHARGES)}, or be described with neurons=")
            return None
        if kind.startswith("Simple") and module.v_reset:
            raise ValueError(f"{kind} begins at 0 and resets to {module.v_reset}: use {kind.removeprefix('Simple')}")
        soft = module.v_reset is None
        keys: dict[str, Any] = {
            "model": _CHARGES[kind],
            "threshold": number(module.v_threshold),
            "reset": "soft" if soft else "hard",
        }
        if not soft:
            keys["u_reset"] = number(module.v_reset)
        if _CHARGES[kind] == "lif":
            tau = 1 / number(module.w.sigmoid()) if kind == "ParametricLIFNode" else number(module.tau)
            keys |= {"tau": tau, "decay_input": bool(module.decay_input)}
        return Reading(keys, 0 if module.step_mode == "m" else None)

    def reset(self, module: Any) -> None:
        """As functional.reset_net does."""
        module.reset()
