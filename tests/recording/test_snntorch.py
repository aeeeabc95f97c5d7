"""Do snnTorch's networks, as its tutorials 5 and 6 build them, become LIFSim's?"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

torch = pytest.importorskip("torch", reason="PyTorch is not installed")
snn = pytest.importorskip("snntorch", reason="snnTorch is not installed")

from torch import nn  # noqa: E402

import lifsim  # noqa: E402
from lifsim.errors import InputError  # noqa: E402
from tests.recording.proof import assert_proved  # noqa: E402

T = 8


class Tutorial5(nn.Module):
    """Fully connected, membranes handed from step to step."""

    def __init__(self, make: Callable[[], Any]) -> None:
        super().__init__()
        self.fc1, self.lif1, self.fc2, self.lif2 = nn.Linear(64, 40), make(), nn.Linear(40, 10), make()
        self.fc1.weight.data.mul_(3)
        self.fc2.weight.data.mul_(6)

    def forward(self, x: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        first, second = (
            [one] if isinstance(one, torch.Tensor) else one for one in (self.lif1.reset_mem(), self.lif2.reset_mem())
        )
        spikes, membranes = [], []
        for _ in range(T):
            spk1, *first = self.lif1(self.fc1(x), *first)
            spk2, *second = self.lif2(self.fc2(spk1), *second)
            spikes.append(spk2)
            membranes.append(second[-1])
        return torch.stack(spikes), torch.stack(membranes)


WAYS: dict[str, Callable[[], Any]] = {
    "leaky": lambda: snn.Leaky(beta=0.9),
    "leaky, to zero": lambda: snn.Leaky(beta=0.9, reset_mechanism="zero"),
    "leaky, to zero at once": lambda: snn.Leaky(beta=0.9, reset_mechanism="zero", reset_delay=False),
    "leaky, learnt threshold": lambda: snn.Leaky(beta=0.5, threshold=0.7, learn_threshold=True),
    "synaptic": lambda: snn.Synaptic(alpha=0.7, beta=0.8),
    "synaptic, to zero": lambda: snn.Synaptic(alpha=0.7, beta=0.8, reset_mechanism="zero"),
    "lapicque": lambda: snn.Lapicque(beta=0.6),
    "lapicque, R and C": lambda: snn.Lapicque(R=2.0, C=1.5, threshold=0.7),
    "lapicque, to zero": lambda: snn.Lapicque(beta=0.6, reset_mechanism="zero"),
}


@pytest.mark.parametrize("way", WAYS)
def test_tutorial_5(way: str) -> None:
    torch.manual_seed(0)
    model = Tutorial5(WAYS[way])
    images = torch.rand(3, 64)
    recording = lifsim.record(model, images, timesteps=T)
    neurons: dict[str, tuple[Any, int | None]] = {"lif1": (model.lif1, None), "lif2": (model.lif2, None)}
    assert_proved(model, recording, images, neurons, {"fc2": model.fc2})
    assert any("the state of lif2" in note for note in recording.notes)


def test_tutorial_6_on_digits() -> None:
    """Convolutional, in a Sequential with hidden states, on scikit-learn's digits where they are installed."""
    torch.manual_seed(1)
    beta = {"beta": 0.5, "init_hidden": True}
    net = nn.Sequential(
        nn.Conv2d(1, 12, 3), nn.MaxPool2d(2), snn.Leaky(**beta),
        nn.Conv2d(12, 16, 2), nn.MaxPool2d(2), snn.Leaky(**beta),
        nn.Flatten(), nn.Linear(16, 10), snn.Leaky(**beta, output=True),
    )  # fmt: skip
    for layer in (net[0], net[3], net[7]):
        layer.weight.data.mul_(4)
    images = _digits()

    def forward(x: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        for module in net.modules():
            if isinstance(module, snn.Leaky):
                module.reset_mem()
        out = [net(x) for _ in range(T)]
        return torch.stack([one[0] for one in out]), torch.stack([one[1] for one in out])

    recording = lifsim.record(forward, images, timesteps=T)
    neurons: dict[str, tuple[Any, int | None]] = {f"net_{index}": (net[index], None) for index in (2, 5, 8)}
    assert_proved(forward, recording, images, neurons, {"net_3": net[3], "net_7": net[7]})
    assert lifsim.run(workload=recording.network, sharing="channel2", share_where_possible=True).totals.cycles.total > 0


def _digits() -> torch.Tensor:
    datasets = pytest.importorskip("sklearn.datasets", reason="scikit-learn, which has the digits, is not installed")
    return torch.tensor(datasets.load_digits().images[:3, None] / 16, dtype=torch.float32)


def test_leaks_of_each_neuron_are_in_the_weights() -> None:
    torch.manual_seed(0)
    lif = snn.Leaky(beta=torch.linspace(0.1, 0.9, 12), init_hidden=True)
    model = nn.Sequential(nn.Linear(6, 12), lif)
    model[0].weight.data.mul_(4)
    recording = lifsim.record(model, torch.rand(2, 6), timesteps=T)
    assert recording.weights["lif_1.tau"].shape == (12,)
    assert not recording.differences


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"inhibition": True}, "inhibition must be False"),
        ({"graded_spikes_factor": 2.0}, "graded_spikes_factor must be 1: .* fold it into the weights"),
        ({"state_quant": lambda x: x}, "state_quant must not be given"),
    ],
)
@pytest.mark.filterwarnings("ignore:Inhibition")
def test_what_lifsim_cannot_do_is_refused(options: dict[str, Any], words: str) -> None:
    model = nn.Sequential(nn.Linear(6, 4), snn.Leaky(beta=0.5, init_hidden=True, **options))
    with pytest.raises(InputError, match=words):
        lifsim.record(model, torch.rand(2, 6), timesteps=3)


def test_other_neurons_are_refused_by_name() -> None:
    model = nn.Sequential(nn.Linear(6, 4), snn.Alpha(alpha=0.9, beta=0.8, init_hidden=True))
    with pytest.raises(InputError, match="Alpha must be one of Leaky, Synaptic, Lapicque, or be described"):
        lifsim.record(model, torch.rand(2, 6), timesteps=3)


@pytest.mark.parametrize("handed", [False, True])
def test_a_leaky_of_two_layers(handed: bool) -> None:
    """Hands its hidden membrane from layer to layer; with membranes that the model keeps, each layer has its own."""
    torch.manual_seed(0)
    first, second, lif = nn.Linear(8, 6), nn.Linear(6, 6), snn.Leaky(beta=0.8, init_hidden=not handed)
    first.weight.data.mul_(3)
    second.weight.data.mul_(6)

    def model(x: torch.Tensor) -> torch.Tensor:
        out, kept = [], [lif.reset_mem(), lif.reset_mem()]
        for _ in range(T):
            if handed:
                spikes, kept[0] = lif(first(x), kept[0])
                spikes, kept[1] = lif(second(spikes), kept[1])
            else:
                spikes = lif(second(lif(first(x))))
            out.append(spikes)
        return torch.stack(out)

    recording = lifsim.record(model, torch.rand(3, 8), timesteps=T)
    assert recording.sharing == ("none" if handed else "layer")
    assert recording.outputs.any()


def test_a_leaky_of_layers_of_two_sizes_forgets_and_is_refused() -> None:
    """snnTorch begins anew where the shape changes, which is at every call."""
    torch.manual_seed(0)
    first, second, lif = nn.Linear(8, 6), nn.Linear(6, 5), snn.Leaky(beta=0.8, init_hidden=True)
    for layer in (first, second):
        layer.weight.data.mul_(3)
    with pytest.raises(InputError, match=r"is one module for .*, and neither keeps a state"):
        lifsim.record(lambda x: [lif(second(lif(first(x)))) for _ in range(T)], torch.rand(3, 8), timesteps=T)
