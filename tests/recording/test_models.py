"""Do models of every layout become the network that they compute? With neurons described here: no framework is needed
but PyTorch."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="PyTorch is not installed")

from torch import nn  # noqa: E402
from torch.nn import functional  # noqa: E402

import lifsim  # noqa: E402
from lifsim.engine.inference import Engine  # noqa: E402
from lifsim.engine.weights import load_weights  # noqa: E402
from lifsim.errors import InputError  # noqa: E402
from lifsim.recording.readers import Reading  # noqa: E402
from tests.recording.proof import assert_proved  # noqa: E402

T, B = 5, 2


class Own(nn.Module):
    """u' = u/2 + x, fires at 1, resets to 0: one timestep a call, or [T, B, ...] at once."""

    def __init__(self, multi: bool = False) -> None:
        super().__init__()
        self.multi, self.u = multi, 0.0

    def step(self, x: torch.Tensor) -> torch.Tensor:
        charged = 0.5 * self.u + x
        spikes = (charged >= 1).to(x.dtype)
        self.u = charged * (1 - spikes)
        return spikes

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return torch.stack([self.step(one) for one in x]) if self.multi else self.step(x)


def described(own: Own) -> Reading:
    keys = {"model": "lif", "tau": 2.0, "decay_input": False, "reset": "hard"}
    return Reading(keys, time_axis=0 if own.multi else None)


def forget(model: nn.Module) -> Callable[[], None]:
    def reset() -> None:
        for module in model.modules():
            if isinstance(module, Own):
                module.u = 0.0

    return reset


def record(model: Any, batch: Any, **options: Any) -> Any:
    return lifsim.record(model, batch, timesteps=options.pop("timesteps", T), neurons={Own: described}, **options)


def scaled(model: nn.Module, factor: float = 3.0) -> nn.Module:
    """With weights and norms at which neurons fire."""
    with torch.no_grad():
        for module in model.modules():
            if isinstance(module, nn.Conv1d | nn.Conv2d | nn.Linear):
                module.weight.mul_(factor)
            if isinstance(module, nn.BatchNorm2d):
                module.running_mean.uniform_(-0.2, 0.2)
                module.running_var.uniform_(0.5, 2)
                module.weight.uniform_(0.5, 1.5)
                module.bias.uniform_(-0.1, 0.4)
    return model.eval()


class Residual(nn.Module):
    """Convolutions with norms, a shortcut of spikes and one that is projected, pools, and a linear layer."""

    def __init__(self, multi: bool = False) -> None:
        super().__init__()
        self.conv1, self.bn1, self.lif1 = nn.Conv2d(3, 8, 3, padding=1, bias=False), nn.BatchNorm2d(8), Own(multi)
        self.conv2, self.bn2, self.lif2 = nn.Conv2d(8, 8, 3, padding=1), nn.BatchNorm2d(8, eps=1e-3), Own(multi)
        self.conv3, self.lif3 = nn.Conv2d(8, 8, 3, stride=2, padding=1, groups=2), Own(multi)
        self.short = nn.Conv2d(8, 8, 1, stride=2)
        self.fc = nn.Linear(8 * 2 * 2, 10)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        lead = x.shape[:-3] if self.lif1.multi else None

        def at_all(layer: Callable[[Any], Any], x: torch.Tensor) -> torch.Tensor:
            return layer(x) if lead is None else layer(x.flatten(0, 1)).unflatten(0, lead)

        one = self.lif1(at_all(lambda x: self.bn1(self.conv1(x)), x))
        two = self.lif2(at_all(lambda x: self.bn2(self.conv2(x)), one)) + one
        both = at_all(self.conv3, two) + at_all(self.short, two)
        pooled = at_all(lambda x: functional.avg_pool2d(functional.max_pool2d(x, 2), 1), self.lif3(both))
        return self.fc(pooled.flatten(-3))


NAMES = {"lif1": "lif1", "lif2": "lif2", "lif3": "lif3"}


@pytest.mark.parametrize("layout", ["one timestep", "loop", "multi-step", "a batch a timestep"])
def test_layouts_are_one_network(layout: str) -> None:
    torch.manual_seed(1)
    multi = layout == "multi-step"
    model = scaled(Residual(multi))
    images = torch.rand(B, 3, 8, 8)
    spikes = (torch.rand(T, B, 3, 8, 8) < 0.5).float()

    def loop(x: torch.Tensor) -> torch.Tensor:
        return torch.stack([model(x) for _ in range(T)])

    def each(batches: Any) -> list[torch.Tensor]:
        return [model(one) for one in batches]

    given: tuple[Any, Any, Any, dict[str, Any]] = {
        "one timestep": (model, images, loop, {}),
        "loop": (loop, images, loop, {}),
        "multi-step": (model, images.expand(T, *images.shape), model, {"time_axis": 0}),
        "a batch a timestep": (model, list(spikes), each, {}),
    }[layout]
    recording = record(given[0], given[1], **given[3])
    assert recording.network.encoding == ("event" if layout == "a batch a timestep" else "direct")
    assert [layer.name.removeprefix("model_") for layer in recording.network.layers] == [
        "conv1", "conv2", "conv3", "short", "fc",
    ]  # fmt: skip
    prefix = "model_" if layout == "loop" else ""
    neurons = {f"{prefix}{name}": (getattr(model, name), 0 if multi else None) for name in NAMES}
    layers = {f"{prefix}{name}": getattr(model, name) for name in ("conv2", "conv3", "short", "fc")}
    assert_proved(given[2], recording, given[1], neurons, layers, fresh=forget(model))
    assert not recording.differences


def test_networks_written_as_functions_are_followed() -> None:
    """Functional calls, a preallocated output that is written to, sums in place, weights that are turned."""
    torch.manual_seed(2)
    first, second = torch.randn(12, 20), torch.randn(12, 6) * 0.5
    lif1, lif2 = Own(), Own()

    def network(x: torch.Tensor) -> torch.Tensor:
        out = torch.zeros(T, B, 6)
        for timestep in range(T):
            spikes = lif1(functional.linear(x, first, torch.full((12,), 0.1)))
            out[timestep] = lif2(spikes @ second)
        return out.mean(0)

    x = torch.rand(B, 20)
    recording = record(network, x)
    assert [layer.kind for layer in recording.network.layers] == ["linear", "linear"]
    assert recording.network.node("mean").output.timesteps == 1
    lif1.u = lif2.u = 0.0
    np.testing.assert_allclose(recording.outputs[0], network(x), rtol=1e-6)


def test_signals_have_one_row() -> None:
    torch.manual_seed(3)
    model = scaled(
        nn.Sequential(nn.Conv1d(3, 8, 3, padding="same"), Own(), nn.MaxPool1d(2), nn.Flatten(), nn.Linear(32, 4))
    )
    signals = torch.rand(B, 3, 8)
    recording = record(model, signals)
    assert recording.network.nodes[0].output.shape == (3, 1, 8)

    def loop(x: torch.Tensor) -> list[torch.Tensor]:
        return [model(x) for _ in range(T)]

    assert_proved(loop, recording, signals, {"lif_1": (model[1], None)}, {"linear_4": model[4]}, fresh=forget(model))


def test_elements_in_another_order_meet_their_weights() -> None:
    """Channels last before the linear layer, as networks of other frameworks have it."""
    torch.manual_seed(4)
    conv, lif, fc = nn.Conv2d(2, 4, 3), Own(), nn.Linear(4 * 6 * 6, 5)
    conv.weight.data.mul_(3)
    out = Own()

    def network(x: torch.Tensor) -> torch.Tensor:
        return torch.stack([out(fc(lif(conv(x)).permute(0, 2, 3, 1).flatten(1))) for _ in range(T)])

    recording = record(network, torch.rand(B, 2, 8, 8))
    weight = recording.weights["fc.weight"].reshape(5, 4, 6, 6)
    np.testing.assert_array_equal(weight, fc.weight.detach().numpy().reshape(5, 6, 6, 4).transpose(0, 3, 1, 2))


@pytest.mark.parametrize("pooled", [False, True])
def test_elements_that_are_read_several_times(pooled: bool) -> None:
    """Their weights are added up, and that is told: an adaptive pool to a larger map sees pixels again."""
    torch.manual_seed(4)
    conv, lif, fc, out = nn.Conv2d(2, 4, 3), Own(), nn.Linear(4 * 16, 5), Own()
    conv.weight.data.mul_(3)
    fc.weight.data.mul_(3)
    repeat = nn.AdaptiveMaxPool2d(4) if pooled else nn.AdaptiveAvgPool2d((4, 4))

    def network(x: torch.Tensor) -> torch.Tensor:
        return torch.stack([out(fc(repeat(lif(conv(x))).flatten(1))) for _ in range(T)])

    batch = torch.rand(B, 2, 4, 4)
    recording = record(network, batch)
    np.testing.assert_allclose(
        recording.weights["fc.weight"].reshape(5, 4, 2, 2),
        fc.weight.detach().reshape(5, 4, 2, 2, 2, 2).sum((3, 5)),
        rtol=1e-5,
    )
    assert any("5 x 16 for 5 x 64, and LIFSim counts the products of these" in note for note in recording.notes)
    assert_proved(
        network, recording, batch, {"lif": (lif, None), "out": (out, None)}, {"fc": fc}, times={"fc": 4},
        fresh=forget(nn.Sequential(lif, out)),
    )  # fmt: skip


def test_pixels_in_one_row_are_a_map() -> None:
    """A convolution of signals whose kernel is one pixel, on a map that was flattened, is one of the map."""
    torch.manual_seed(5)
    conv, lif, point, out = nn.Conv2d(2, 4, 3), Own(), nn.Conv1d(4, 6, 1), Own()
    for one in (conv, point):
        one.weight.data.mul_(3)

    def network(x: torch.Tensor) -> torch.Tensor:
        return torch.stack([out(point(lif(conv(x)).flatten(2))).mean(-1) for _ in range(T)])

    batch = torch.rand(B, 2, 6, 5)
    recording = record(network, batch)
    assert recording.network.node("point").output.shape == (6, 4, 3)
    neurons: dict[str, Any] = {"lif": (lif, None), "out": (out, None)}
    assert_proved(
        network, recording, batch, neurons, {"point": point},
        fresh=forget(nn.Sequential(lif, out)),
    )  # fmt: skip


class Twice(nn.Module):
    """One module of neurons for two layers, and one for a third."""

    def __init__(self, handed: bool = False) -> None:
        super().__init__()
        self.a, self.b, self.c = nn.Linear(8, 6), nn.Linear(6, 6), nn.Linear(6, 6)
        self.lif, self.last = Own(), Own()
        for layer in (self.a, self.b, self.c):
            layer.weight.data.mul_(3)
        self.handed, self.states = handed, [0.0, 0.0]

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = self.used(0, self.a(x))
        return self.last(self.c(self.used(1, self.b(x))))

    def used(self, turn: int, x: torch.Tensor) -> torch.Tensor:
        if self.handed:
            self.lif.u = self.states[turn]
        spikes = self.lif(x)
        self.states[turn] = self.lif.u
        return spikes

    def forget(self) -> None:
        self.lif.u = self.last.u = 0.0
        self.states = [0.0, 0.0]


@pytest.mark.parametrize("loops", [False, True])
def test_neurons_of_several_layers_hand_their_state_on(loops: bool) -> None:
    """As under LIFSim's layer sharing: the engine fires the same under it, and otherwise without."""
    torch.manual_seed(7)
    model, batch = Twice(), torch.rand(B, 8)

    def loop(x: torch.Tensor) -> torch.Tensor:
        return torch.stack([model(x) for _ in range(T)])

    recording = record(loop if loops else model, batch)
    assert recording.sharing == "layer"
    first, second, last = recording.network.lifs
    assert (first.group, second.group, last.share) == (first.name, first.name, False)
    assert any(f"{first.name}, {second.name} hand one state on" in note for note in recording.notes)
    model.forget()
    with torch.no_grad():
        expected = loop(batch).numpy()
    np.testing.assert_array_equal(recording.outputs, expected)
    found = {
        sharing: Engine(recording.network, lifsim.Sharing.parse(sharing), recording.weights).run(recording.inputs)
        for sharing in ("none", "layer")
    }
    np.testing.assert_array_equal(found["layer"].outputs, expected)
    assert (found["none"].outputs != expected).any()
    for sharing in ("none", "layer"):
        notes = str(lifsim.run(workload=recording.network, sharing=sharing).notes)
        assert ("recorded under" in notes) == (sharing == "none")


def test_neurons_of_several_layers_may_keep_a_state_for_each() -> None:
    """As where a model hands membranes to the module that it calls."""
    torch.manual_seed(7)
    model, batch = Twice(handed=True), torch.rand(B, 8)
    recording = record(model, batch)
    assert recording.sharing == "none"
    assert [lif.group for lif in recording.network.lifs] == [None] * 3


class Backwards(Own):
    """Of several layers: keeps a state for neither, nor one for all, but forgets it every other time."""

    def __init__(self) -> None:
        super().__init__()
        self.count = 0

    def step(self, x: torch.Tensor) -> torch.Tensor:
        self.count += 1
        if self.count % 3 == 0:
            self.u = 0.0
        return super().step(x)


def test_neurons_of_several_layers_that_do_neither_are_refused_by_name() -> None:
    torch.manual_seed(7)
    model = Twice()
    model.lif = Backwards()
    with pytest.raises(InputError, match=r"lif: is one module for lif, lif_2, and neither keeps a state for each"):
        record(model, torch.rand(B, 8))


def test_what_no_output_depends_on_is_left_out() -> None:
    first, lif, aside, last = nn.Linear(6, 4), Own(), nn.Linear(4, 3), nn.Linear(4, 2)

    def network(x: torch.Tensor) -> torch.Tensor:
        spikes = lif(first(x))
        aside(spikes)
        return last(spikes)

    recording = record(network, torch.rand(B, 6))
    assert [layer.name for layer in recording.network.layers] == ["first", "last"]
    assert "left out, for no output depends on it: aside" in recording.notes


def test_saved_files_run_alike_and_hold_the_weights(tmp_path: Path) -> None:
    torch.manual_seed(5)
    recording = record(scaled(Residual()), torch.rand(B, 3, 8, 8))
    workload, spikes, weights = recording.save(tmp_path / "mynet")
    assert [path.name for path in (workload, spikes, weights)] == ["mynet.yaml", "mynet.npz", "weights.npz"]
    saved, kept = lifsim.run(workload=workload), lifsim.run(workload=recording.network)
    assert saved.totals.cycles.total == kept.totals.cycles.total
    assert saved.totals.ops.macs_effective == kept.totals.ops.macs_effective
    network = lifsim.load_workload(workload)
    engine = Engine(network, lifsim.Sharing.parse("none"), load_weights(weights, network))
    np.testing.assert_allclose(engine.run(recording.inputs).outputs, recording.outputs, rtol=1e-4, atol=1e-4)
    recording.save(tmp_path / "mynet")  # the same again is no fault
    spikes.write_bytes(b"something else")
    with pytest.raises(InputError, match=r"mynet\.npz"):
        recording.save(tmp_path / "mynet")
    recording.save(tmp_path / "mynet", force=True)
    assert lifsim.run(workload=workload).totals.cycles.total == kept.totals.cycles.total


def test_a_single_timestep_and_image() -> None:
    model = scaled(nn.Sequential(nn.Linear(6, 8), Own(), nn.Linear(8, 2)), 6)
    recording = record(model, torch.rand(1, 6), timesteps=1)
    assert recording.outputs.shape == (1, 1, 2)


def test_double_precision_is_kept() -> None:
    torch.manual_seed(6)
    model = scaled(nn.Sequential(nn.Linear(6, 8), Own(), nn.Linear(8, 2)).double())
    recording = record(model, torch.rand(B, 6, dtype=torch.float64))
    assert {array.dtype for array in recording.weights.values()} == {np.dtype(np.float64)}
