"""Do sinabs' networks become LIFSim's?"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="PyTorch is not installed")
layers = pytest.importorskip("sinabs.layers", reason="sinabs is not installed")

from sinabs.activation import MembraneReset, SingleSpike  # noqa: E402
from torch import nn  # noqa: E402

import lifsim  # noqa: E402
from lifsim.errors import InputError  # noqa: E402
from tests.recording.proof import assert_proved, engine_spikes, run_alone  # noqa: E402

T, B = 6, 2


def test_images_and_timesteps_in_one_axis() -> None:
    torch.manual_seed(0)
    one = {"batch_size": B, "spike_fn": SingleSpike}
    net = nn.Sequential(
        nn.Conv2d(2, 6, 3, bias=False), layers.IAFSqueeze(**one), nn.AvgPool2d(2), nn.Flatten(),
        nn.Linear(6 * 3 * 3, 10), layers.LIFSqueeze(tau_mem=10.0, norm_input=False, **one),
    )  # fmt: skip
    net[4].weight.data.mul_(3)

    def forward(x: torch.Tensor) -> torch.Tensor:
        return net(x.flatten(0, 1)).unflatten(0, (B, T))

    def fresh() -> None:
        net[1].reset_states()
        net[5].reset_states()

    events = (torch.rand(B, T, 2, 8, 8) < 0.4).float()
    recording = lifsim.record(forward, events, timesteps=T, time_axis=1)
    assert [(layer.name, layer.kind) for layer in recording.network.layers] == [("net_0", "conv"), ("net_4", "linear")]
    assert_proved(forward, recording, events, {}, {"net_0": net[0], "net_4": net[4]}, fresh=fresh)
    spikes, _ = engine_spikes(recording)
    fresh()
    _, calls = run_alone(forward, [net[1], net[5]], events)
    for index, name in enumerate(("net_1", "net_5")):
        expected = calls[index][0][1].unflatten(0, (B, T)).movedim(1, 0).numpy()
        assert expected.any()
        np.testing.assert_array_equal(spikes[name], expected)


WAYS: dict[str, Callable[[], Any]] = {
    "LIF": lambda: layers.LIF(tau_mem=8.0, spike_fn=SingleSpike, norm_input=False),
    "LIF, its input decayed": lambda: layers.LIF(tau_mem=2.0, spike_fn=SingleSpike),
    "LIF, reset to 0": lambda: layers.LIF(
        tau_mem=8.0, spike_fn=SingleSpike, reset_fn=MembraneReset(), norm_input=False
    ),
    "LIF with a current": lambda: layers.LIF(tau_mem=8.0, tau_syn=5.0, spike_fn=SingleSpike, norm_input=False),
    "LIF with a current, decayed": lambda: layers.LIF(tau_mem=2.0, tau_syn=5.0, spike_fn=SingleSpike),
    "IAF": lambda: layers.IAF(spike_fn=SingleSpike),
    "IAF with a current": lambda: layers.IAF(spike_fn=SingleSpike, tau_syn=3.0),
}


@pytest.mark.parametrize("way", WAYS)
def test_neurons(way: str) -> None:
    torch.manual_seed(0)
    model = nn.Sequential(nn.Linear(20, 30), WAYS[way](), nn.Linear(30, 5), WAYS[way]())
    model[0].weight.data.mul_(4)
    model[2].weight.data.mul_(8)

    def fresh() -> None:
        model[1].reset_states()
        model[3].reset_states()

    events = (torch.rand(B, T, 20) < 0.5).float()
    recording = lifsim.record(model, events, timesteps=T, time_axis=1)
    neurons: dict[str, tuple[Any, int | None]] = {"lif_1": (model[1], 1), "lif_3": (model[3], 1)}
    assert_proved(model, recording, events, neurons, {"linear_0": model[0], "linear_2": model[2]}, fresh=fresh)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({}, "several spikes in a timestep.*make the layer with spike_fn=sinabs.activation.SingleSpike"),
        ({"spike_fn": SingleSpike, "min_v_mem": -1.0}, "min_v_mem must be None"),
        ({"spike_fn": SingleSpike, "reset_fn": MembraneReset(0.5)}, "reset_value must be 0"),
    ],
)
def test_what_lifsim_cannot_do_is_refused(options: dict[str, Any], words: str) -> None:
    model = nn.Sequential(nn.Linear(20, 30), layers.IAF(**options))
    with pytest.raises(InputError, match=words):
        lifsim.record(model, torch.ones(B, T, 20), timesteps=T, time_axis=1)
