"""Do Norse's networks become LIFSim's?"""

from __future__ import annotations

from typing import Any

import pytest

torch = pytest.importorskip("torch", reason="PyTorch is not installed")
norse = pytest.importorskip("norse.torch", reason="Norse is not installed")

from torch import nn  # noqa: E402
from torch.nn import functional  # noqa: E402

import lifsim  # noqa: E402
from lifsim.errors import InputError  # noqa: E402
from tests.recording.proof import assert_proved  # noqa: E402

T = 12


class Example(nn.Module):
    """The convolutional network of Norse's MNIST example, smaller: read out by a leaky integrator."""

    def __init__(self, first: nn.Module) -> None:
        super().__init__()
        self.conv1, self.lif0 = nn.Conv2d(1, 6, 3), first
        self.fc1, self.lif2 = nn.Linear(6 * 3 * 3, 20), norse.LIFCell()
        self.out = norse.LILinearCell(20, 10)
        for layer in (self.conv1, self.fc1):
            layer.weight.data.mul_(8)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        first = second = last = None
        voltages = []
        for _ in range(T):
            z, first = self.lif0(self.conv1(x), first)
            z, second = self.lif2(self.fc1(functional.max_pool2d(z, 2).view(-1, 54)), second)
            voltage, last = self.out(z, last)
            voltages.append(voltage)
        return torch.stack(voltages)


@pytest.mark.parametrize("first", ["LIFCell", "LIFBoxCell", "LIFBoxCell, subtracting", "LIFCell, leaking to -0.2"])
def test_example(first: str) -> None:
    torch.manual_seed(0)
    functions = norse.functional
    made = {
        "LIFCell": lambda: norse.LIFCell(),
        "LIFBoxCell": lambda: norse.LIFBoxCell(),
        "LIFBoxCell, subtracting": lambda: norse.LIFBoxCell(
            functions.lif_box.LIFBoxParameters(reset_method=functions.reset.reset_subtract)
        ),
        "LIFCell, leaking to -0.2": lambda: norse.LIFCell(norse.LIFParameters(v_leak=torch.tensor(-0.2))),
    }[first]()
    model = Example(made)
    images = torch.rand(2, 1, 8, 8)
    recording = lifsim.record(model, images, timesteps=T)
    neurons: dict[str, tuple[Any, int | None]] = {"lif0": (model.lif0, None), "lif2": (model.lif2, None)}
    assert_proved(model, recording, images, neurons, {"fc1": model.fc1})
    assert [layer.name for layer in recording.network.layers] == ["conv1", "fc1", "out"]
    assert any("read-out, not part of the network: out (LILinearCell)" in note for note in recording.notes)


def test_all_timesteps_at_once() -> None:
    torch.manual_seed(1)
    model = norse.SequentialState(nn.Linear(20, 30), norse.LIF(), nn.Linear(30, 5), norse.LIF())
    for layer in (model[0], model[2]):
        layer.weight.data.mul_(12)
    events = (torch.rand(T, 2, 20) < 0.4).float()
    recording = lifsim.record(model, events, timesteps=T, time_axis=0)
    neurons: dict[str, tuple[Any, int | None]] = {"lif_1": (model[1], 0), "lif_3": (model[3], 0)}
    assert_proved(model, recording, events, neurons, {"linear_0": model[0], "linear_2": model[2]})
    assert recording.network.encoding == "event"


def test_a_state_that_is_not_handed_on_is_told() -> None:
    torch.manual_seed(1)
    model = norse.SequentialState(nn.Linear(20, 30), norse.LIFCell())
    model[0].weight.data.mul_(12)
    with pytest.raises(InputError, match="must keep its state from timestep to timestep"):
        lifsim.record(model, torch.rand(2, 20), timesteps=T)


def test_recurrent_neurons_are_refused() -> None:
    model = norse.SequentialState(norse.LIFRecurrentCell(20, 30))
    with pytest.raises(InputError, match=r"LIFRecurrentCell must be .*recurrent inputs are not in LIFSim"):
        lifsim.record(model, torch.rand(2, 20), timesteps=T)
