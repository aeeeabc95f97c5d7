"""Is what cannot be recorded refused with the reason, and with what to do?"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

torch = pytest.importorskip("torch", reason="PyTorch is not installed")

from torch import nn  # noqa: E402
from torch.nn import functional  # noqa: E402

import lifsim  # noqa: E402
from lifsim.errors import InputError  # noqa: E402
from tests.recording.test_models import Own, described  # noqa: E402

T = 3


def refused(model: Any, batch: Any = None, **options: Any) -> str:
    given = torch.rand(2, 6) if batch is None else batch
    with pytest.raises(InputError) as caught:
        lifsim.record(model, given, **{"timesteps": T, "neurons": {Own: described}, **options})
    return str(caught.value)


def around(middle: Callable[[Any], Any]) -> Callable[[Any], Any]:
    first, lif, last, out = nn.Linear(6, 4), Own(), nn.Linear(4, 4), Own()
    return lambda x: out(last(middle(lif(first(x)))))


MIDDLES: dict[str, tuple[Callable[[Any], Any], str]] = {
    "unknown operation": (functional.gelu, "gelu is no operation of LIFSim's networks"),
    "scale": (lambda x: x * 0.5, "scales by a constant: fold it into the weights"),
    "offset": (lambda x: x + 0.5, "adds a constant: fold it into the weights"),
    "product": (lambda x: x * x, "a product of two tensors element by element"),
    "concatenation": (
        lambda x: torch.cat([x[:, :2], x[:, :2] + x[:, 2:]], 1),
        "to other ones of",
    ),
    "half of it": (lambda x: x[:, :2].repeat(1, 2), "twice and others not"),
    "padding": (lambda x: functional.pad(x[:, :3], (0, 1)), "pad is no operation"),
    "images mixed": (lambda x: torch.cat([x[:, :2], x.flip(0)[:, 2:]], 1), "with images or timesteps mixed"),
    "decision": (lambda x: x if x.sum() > 0 else 2 * x, "must not decide in Python by values of the network: __bool__"),
    "item": (lambda x: x * int(x.sum().item() > -1), "must not decide in Python by values of the network: item"),
    "NumPy": (lambda x: torch.from_numpy(x.numpy()), "must not decide in Python by values of the network: numpy"),
    "dropout": (lambda x: functional.dropout(x, 0.5), "must not drop out at random: call model.eval()"),
    "layer norm": (lambda x: functional.layer_norm(x, (4,)), "layer_norm is no operation"),
}


@pytest.mark.parametrize("middle", MIDDLES)
def test_what_stands_between_layers(middle: str) -> None:
    model, words = MIDDLES[middle]
    told = refused(around(model))
    assert words in told


@pytest.mark.parametrize(
    ("layer", "words"),
    [
        (nn.Conv2d(2, 4, 3, dilation=2), "dilation must be 1"),
        (nn.Conv2d(2, 4, 3, padding=1, padding_mode="circular"), "pad is no operation"),
        (nn.ConvTranspose2d(2, 4, 3), "conv_transpose2d is no operation"),
        (nn.MaxPool2d(2, ceil_mode=True), "ceil_mode must be False"),
        (nn.AvgPool2d(3, padding=1, count_include_pad=False), "count_include_pad must be True"),
        (nn.AdaptiveAvgPool2d(4), "windows must divide the map"),
        (nn.Upsample(scale_factor=2), "interpolate is no operation"),
        (nn.GroupNorm(1, 2), "group_norm is no operation"),
        (nn.BatchNorm2d(2), "must not normalise by the statistics of the batch: call model.eval()"),
        (nn.BatchNorm2d(2).eval(), "must stand directly behind a convolution or linear layer"),
    ],
)
def test_layers_that_lifsim_has_not(layer: nn.Module, words: str) -> None:
    model = nn.Sequential(nn.Conv2d(1, 2, 3), Own(), layer, nn.Flatten(), nn.LazyLinear(4), Own())
    training = layer.training
    layer.eval()
    with torch.no_grad():
        model(torch.rand(2, 1, 8, 8))
    layer.train(training)
    model[1].u = model[5].u = 0.0
    assert words in refused(model, torch.rand(2, 1, 8, 8))


def test_timesteps_that_do_not_match() -> None:
    first, lif = nn.Linear(6, 4), Own()

    def loop(x: torch.Tensor) -> torch.Tensor:
        return torch.stack([lif(first(x)) for _ in range(T)])

    assert "takes 3 timesteps, and timesteps=2" in refused(loop, timesteps=2)
    assert "was computed at 3 of 5 timesteps: timesteps=5 must be" in refused(loop, timesteps=5)
    events = torch.ones(4, 2, 6)
    assert "has 4 timesteps, must have timesteps=3" in refused(loop, events, time_axis=0)
    assert "4 tensors must be timesteps=3 of one shape" in refused(loop, list(events))


def test_batches_that_are_none() -> None:
    model = nn.Sequential(nn.Linear(6, 4), Own())
    assert "must be spikes, 0 or 1" in refused(model, torch.rand(T, 2, 6), time_axis=0)
    assert "must be a tensor" in refused(model, 3)
    assert "must be [B, F], [B, C, L] or [B, C, H, W]" in refused(model, torch.rand(6))
    assert "2 must be 0 or 1" in refused(model, torch.ones(T, 2, 6), time_axis=2)


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_numbers_that_are_not_finite(value: float) -> None:
    """In images, in spikes and in weights, as `lifsim.infer` says it."""
    model, images, events = nn.Sequential(nn.Linear(6, 4), Own()), torch.rand(2, 6), torch.ones(T, 2, 6)
    images[1, 3] = events[0, 1, 3] = events[2, 0, 0] = value
    assert "batch: 1 of 12 values are not finite" in refused(model, images)
    assert "batch: 2 of 36 values are not finite" in refused(model, events, time_axis=0)
    assert "batch: 2 of 36 values are not finite" in refused(model, list(events))
    for term in (model[0].weight, model[0].bias):
        kept = term.data.clone()
        term.data.view(-1)[0] = value
        assert f"1 of {kept.numel()} values are not finite" in refused(model)
        term.data.copy_(kept)


class Graded(nn.Module):
    """Spikes of two."""

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return 2.0 * (x > 0)


def test_spikes_that_are_none() -> None:
    model = nn.Sequential(nn.Linear(6, 4), Graded())
    assert "puts out 2: spikes must be 0 or 1" in refused(model, neurons={Graded: lambda _: {"model": "if"}})


def test_neurons_that_nobody_knows() -> None:
    """The reason names them, and how to describe them; as do models without any that is known."""
    model = nn.Sequential(nn.Linear(6, 4), Graded(), nn.Linear(4, 4), Own())
    assert "if Graded are spiking neurons, describe them: neurons={Graded: ...}" in refused(model)
    assert 'neurons={MyLIF: lambda own: {"model": "lif"' in refused(nn.Sequential(nn.Linear(6, 4), Graded()))


def test_neurons_that_are_described_wrongly() -> None:
    torch.manual_seed(1)
    model = nn.Sequential(nn.Linear(6, 40), Own())
    model[0].weight.data.mul_(5)
    told = refused(model, neurons={Own: lambda _: {"model": "lif", "tau": 2.0, "decay_input": False, "reset": "soft"}})
    assert "1" in told
    assert "fires otherwise than LIFSim's neuron with the parameters that were read" in told
    unknown = refused(nn.Sequential(nn.Linear(6, 4), Own()), neurons={Own: lambda _: {"model": "lif", "tua": 2.0}})
    assert "did you mean 'tau'" in unknown or "tau" in unknown


def test_weights_that_change_over_time() -> None:
    lif = Own()

    def model(x: torch.Tensor) -> torch.Tensor:
        return torch.stack([lif(functional.linear(x, torch.full((4, 6), float(t)))) for t in range(T)])

    assert "must be how often the model runs, with the same weights every time" in refused(model)


def test_scripted_models() -> None:
    assert "operations of scripted, traced and compiled models" in refused(torch.jit.script(nn.Linear(6, 4)))


def test_several_outputs() -> None:
    first, left, right = nn.Linear(6, 4), nn.Linear(4, 2), nn.Linear(4, 3)
    lif = Own()

    def model(x: torch.Tensor) -> list[torch.Tensor]:
        spikes = lif(first(x))
        return [left(spikes), right(spikes)]

    assert "must have one output, has left, right: return one of them" in refused(model)


def test_nothing_to_run() -> None:
    assert "must be a module of PyTorch, or a function" in refused(3)
