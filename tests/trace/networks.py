"""Small networks made by hand, for traces to fit."""

from __future__ import annotations

from lifsim.layers.conv import Conv
from lifsim.layers.linear import Linear
from lifsim.model.activity import Spikes
from lifsim.model.network import Input, Layer, Lif, Network, Node, Tensor
from lifsim.neurons.lif import LifNeuron

NEURON = LifNeuron(4 / 3, 1.0, "soft", 0.0, True)


def small_network(timesteps: int = 3, rates: dict[str, tuple[float, ...]] | None = None) -> Network:
    """conv1 (sees the image, direct encoding) - lif1 - conv2 - lif2 - fc, on 2 x 5 x 7 images."""
    image = Tensor("input", (2, 5, 7), 1, None)
    inputs = [image, Tensor("lif1", (4, 5, 7), timesteps, 1), Tensor("lif2", (3, 5, 7), timesteps, 1)]
    conv1 = _conv("conv1", image, 4)
    conv2 = _conv("conv2", inputs[1], 3)
    lif1 = Lif("lif1", ("conv1",), inputs[1], NEURON, None)
    lif2 = Lif("lif2", ("conv2",), inputs[2], NEURON, None)
    fc = Linear("fc", ("lif2",), Tensor("fc", (10,), timesteps, None), 105, bias=True)
    nodes: tuple[Node, ...] = (Input("input", (), image), conv1, lif1, conv2, lif2, fc)
    layers = (
        _layer(0, conv1, inputs[0], lif1, timesteps),
        _layer(1, conv2, inputs[1], lif2, timesteps),
        Layer(
            2, "fc", "linear", inputs[2], (105, 1, 1), 10, (1, 1), (1, 1), (0, 0), 1, (10, 1, 1),
            timesteps, timesteps, None, (fc.output,), (), True,
        ),
    )  # fmt: skip
    if rates is None:
        rates = {"conv2": tuple(0.1 * (step + 1) for step in range(timesteps)), "fc": (0.5,)}
    spikes = Spikes("rates", rates, "made up for tests", False)
    return Network("small", "", timesteps, "direct", 8, nodes, layers, spikes)


def _conv(name: str, source: Tensor, filters: int) -> Conv:
    channels, height, width = source.shape
    output = Tensor(name, (filters, height, width), source.timesteps, None)
    return Conv(name, (source.name,), output, (channels, height, width), (3, 3), (1, 1), (1, 1), 1)


def _layer(index: int, conv: Conv, source: Tensor, lif: Lif, timesteps: int) -> Layer:
    filters, height, width = conv.output.shape
    return Layer(
        index, conv.name, "conv", source, conv.in_shape, filters, conv.kernel, conv.stride, conv.padding, 1,
        (filters, height, width), source.timesteps, timesteps, lif, (lif.output,), (),
    )  # fmt: skip
