"""Are differences that are rounding listed, and all others refused? Without PyTorch."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from lifsim.config.document import Document, Mark
from lifsim.config.workload import parse_workload
from lifsim.errors import InputError
from lifsim.model.network import Network
from lifsim.recording.check import Difference, differences
from lifsim.recording.recording import Recording

WEIGHTS = {"fc.weight": np.array([[0.5, 0.5], [0.25, 0.0]], np.float32)}
INPUTS = np.ones((1, 1, 2), np.float32)
FIRED = np.array([[1, 0], [1, 0], [1, 0]], bool).reshape(3, 1, 2)
"""The first neuron's current is its threshold, and it fires at it; the second one's is a quarter of it."""


def network() -> Network:
    layers = [
        {"name": "fc", "op": "linear", "input": "input", "out": 2},
        {"name": "lif", "op": "lif", "input": "fc", "neuron": {"model": "lif", "reset": "hard", "decay_input": False}},
    ]
    data = {"name": "net", "timesteps": 3, "input": {"shape": [2]}, "layers": layers}
    return parse_workload(Document("net", data, {(): Mark("net")}))


def test_what_lifsim_fires_too_is_no_difference() -> None:
    assert differences(network(), "none", WEIGHTS, INPUTS, {"lif": FIRED}, FIRED) == ()


def test_a_spike_at_the_threshold_is_listed_once() -> None:
    """What the neuron does afterwards follows from it."""
    fired = FIRED.copy()
    fired[1:, 0, 0] = [False, False]
    found = differences(network(), "none", WEIGHTS, INPUTS, {"lif": fired}, fired)
    assert found == (Difference("lif", 1, 0, (0,), 0.0),)


def test_a_spike_far_from_the_threshold_is_refused() -> None:
    fired = FIRED.copy()
    fired[0, 0, 1] = True
    with pytest.raises(InputError, match=r"lif: fires otherwise .* timestep 0 of image 0, element \[1\], 0\.75 from"):
        differences(network(), "none", WEIGHTS, INPUTS, {"lif": fired}, fired)


def test_other_outputs_are_refused() -> None:
    with pytest.raises(InputError, match=r"lif: puts out values that differ .* by up to 0\.001"):
        differences(network(), "none", WEIGHTS, INPUTS, {"lif": FIRED}, FIRED + 0.001)


def test_what_follows_from_a_difference_in_a_state_that_is_handed_on_is_not_listed() -> None:
    """The first layer's neuron is at its threshold; whether it is reset decides what the second layer fires."""
    neuron = {"model": "if", "reset": "hard"}
    layers = [
        {"name": "a", "op": "linear", "input": "input", "out": 1},
        {"name": "lif1", "op": "lif", "neuron": neuron, "group": "both"},
        {"name": "b", "op": "linear", "out": 1, "bias": True},
        {"name": "lif2", "op": "lif", "neuron": neuron, "group": "both"},
    ]
    data = {"name": "net", "timesteps": 2, "input": {"shape": [1]}, "layers": layers}
    shared = parse_workload(Document("net", data, {(): Mark("net")}))
    weights = {"a.weight": np.ones((1, 1), np.float32), "b.weight": np.zeros((1, 1), np.float32)}
    weights["b.bias"] = np.full(1, 0.6, np.float32)
    inputs = np.ones((1, 1, 1), np.float32)

    def fired(*spikes: int) -> np.ndarray:
        return np.array(spikes, bool).reshape(2, 1, 1)

    as_lifsim = {"lif1": fired(1, 1), "lif2": fired(0, 0)}  # 1, reset, 0.6; 1.6, reset, 0.6
    assert differences(shared, "layer", weights, inputs, as_lifsim, as_lifsim["lif2"]) == ()
    above = {"lif1": fired(0, 0), "lif2": fired(1, 1)}  # 1, 1.6, reset; 1, 1.6, reset
    found = differences(shared, "layer", weights, inputs, above, above["lif2"])
    assert found == (Difference("lif1", 0, 0, (0,), 0.0),)
    with pytest.raises(InputError, match="lif2: fires otherwise"):
        differences(shared, "none", weights, inputs, as_lifsim, as_lifsim["lif2"])


def test_a_recording_tells_its_network_its_notes_and_how_many_spikes_differ() -> None:
    difference = Difference("lif", 1, 0, (0,), 0.0)
    found = Recording(network(), WEIGHTS, Path("net.npz"), INPUTS, FIRED, ("a softmax is left out",), (difference,))
    title, *lines = repr(found).splitlines()
    assert title == "recording of net on 1 image"
    shown = {line[:13].strip(): line[13:].strip() for line in lines[-2:]}
    assert shown == {
        "differences": "1 spike, within rounding of the threshold",
        "note 1": "a softmax is left out",
    }
    assert "LIF neurons" in found._repr_html_()
    assert Recording(network(), WEIGHTS, Path("net.npz"), INPUTS, FIRED).brief.figures["differences"] == "none"
