"""Neurons of NIR as LIFSim's, and back: differential equations in steps of dt (explicit Euler).

    LIF      tau v' = (v_leak - v) + R I                            lif, tau / dt timesteps, decay_input
    IF       v' = R I, I a charge a timestep                        if
    CubaLIF  tau_syn i' = -i + w_in S;  tau_mem v' = (v_leak - v) + R i    cuba_lif

LIFSim's membranes count from v_leak, and their inputs have no factor: potentials are divided by R, or by
R w_in dt / tau_syn.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lifsim.interchange.nir_file import NirNode
from lifsim.lazy_dataclass import dataclass

Array = NDArray[Any]
Keys = dict[str, Any]


@dataclass(frozen=True)
class Step:
    """What NIR leaves open about neurons. dt: seconds of a timestep. hard: whether a spike sets the membrane to
    v_reset; if not, it subtracts v_threshold."""

    dt: float
    hard: bool


def neuron_keys(node: NirNode, step: Step, factor: Array) -> Keys:
    """The keys of `neuron:` for a node of a type in `FIRING`; arrays if neurons differ. factor: by which the node's
    inputs are multiplied. Raises ValueError with what LIFSim's neurons cannot do."""
    return {**FIRING[node.kind](node, step, factor), "fires": "above"}


def _resets(node: NirNode, step: Step, leak: Array, gain: Array) -> Keys:
    threshold, reset = _of(node, "v_threshold"), _of(node, "v_reset", 0.0)
    if not step.hard:
        _require((leak == 0).all(), "v_leak must be 0 where spikes subtract v_threshold (--reset soft)")
        return {"reset": "soft", "threshold": threshold / gain}
    return {"reset": "hard", "threshold": (threshold - leak) / gain, "u_reset": (reset - leak) / gain}


def _lif(node: NirNode, step: Step, factor: Array) -> Keys:
    leak, gain = _of(node, "v_leak"), _of(node, "r") * factor
    keys = _resets(node, step, leak, _positive(gain))
    if step.hard:
        _require(np.all(keys["u_reset"] == 0), "v_reset must be v_leak: LIFSim's lif leaks towards what it resets to")
    return {"model": "lif", "tau": _of(node, "tau") / step.dt, "decay_input": True, **keys}


def _if(node: NirNode, step: Step, factor: Array) -> Keys:
    return {"model": "if", **_resets(node, step, np.zeros(()), _positive(_of(node, "r") * factor))}


def _cuba(node: NirNode, step: Step, factor: Array) -> Keys:
    shares = {name: _of(node, name) / step.dt for name in ("tau_mem", "tau_syn")}
    gain = _of(node, "r") * _of(node, "w_in", 1.0) * factor / shares["tau_syn"]
    keys = _resets(node, step, _of(node, "v_leak"), _positive(gain))
    return {"model": "cuba_lif", **shares, "decay_input": True, **keys}


FIRING: Mapping[str, Callable[[NirNode, Step, Array], Keys]] = {"LIF": _lif, "IF": _if, "CubaLIF": _cuba}
"""Types of nodes whose outputs are spikes."""


def _of(node: NirNode, name: str, otherwise: float | None = None) -> Array:
    if name not in node.arrays and otherwise is None:
        raise ValueError(f"must have {name}")
    return np.asarray(node.arrays.get(name, otherwise), np.float64)


def _positive(gain: Array) -> Array:
    _require(
        (gain > 0).all(), "R and what is multiplied with its inputs must be > 0: LIFSim divides potentials by them"
    )
    return gain


def _require(holds: Any, rule: str) -> None:
    if not holds:
        raise ValueError(rule)
