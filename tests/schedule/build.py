"""Small networks and architectures, built by hand."""

from __future__ import annotations

from lifsim.layers.conv import Conv
from lifsim.layers.linear import Linear
from lifsim.model.activity import Spikes
from lifsim.model.arch import Arch
from lifsim.model.network import Input, Layer, Lif, Network, Node, Tensor
from lifsim.neurons.lif import LifNeuron

SOFT = LifNeuron(tau=4 / 3, threshold=1.0, reset="soft", u_reset=0.0, decay_input=True)
PORTS = {"read_pj": 1.0, "write_pj": 1.0, "leakage_mw": 1.0, "area_mm2": 1.0, "source": "test"}
ENDLESS = 1 << 50


def arch(
    rows: int = 4,
    cols: int = 4,
    dataflow: str = "os",
    weight: int = ENDLESS,
    spike_in: int = ENDLESS,
    spike_out: int = ENDLESS,
    membrane: int = ENDLESS,
    psum: int = ENDLESS,
    double_buffered: bool = False,
    weight_bits: int = 8,
    psum_bits: int = 16,
    membrane_bits: int = 8,
) -> Arch:
    """An architecture of which only what schedules look at is given."""
    sizes = {"weight": weight, "spike_in": spike_in, "spike_out": spike_out, "membrane": membrane, "psum": psum}
    return Arch.model_validate(
        {
            "name": "test",
            "clock_hz": "400MHz",
            "technology_nm": 32,
            "array": {"rows": rows, "cols": cols, "dataflow": dataflow},
            "precision": {"weight_bits": weight_bits, "psum_bits": psum_bits, "membrane_bits": membrane_bits},
            "components": [
                {"name": tag, "tag": tag, "kernel": "adder", "width_bits": 8} for tag in ("spike_mac", "lif")
            ],
            "buffers": {
                name: {"size_bytes": size, "double_buffered": double_buffered, **PORTS} for name, size in sizes.items()
            },
            "dram": {"energy_pj_per_bit": 1.0, "source": "test"},
        }
    )


def conv_layer(
    in_shape: tuple[int, int, int],
    filters: int,
    kernel: tuple[int, int] = (3, 3),
    stride: tuple[int, int] = (1, 1),
    padding: tuple[int, int] = (1, 1),
    groups: int = 1,
    timesteps: int = 2,
    rounds: int | None = None,
    levels: int | None = 1,
) -> Layer:
    """One convolution and its LIF; its input is the network's."""
    rounds = timesteps if rounds is None else rounds
    out = tuple(
        (size + 2 * p - k) // s + 1 for size, p, k, s in zip(in_shape[1:], padding, kernel, stride, strict=True)
    )
    out_shape = (filters, out[0], out[1])
    spikes = Tensor("conv.lif", out_shape, timesteps, 1)
    return Layer(
        index=0,
        name="conv",
        kind="conv",
        input=Tensor("input", in_shape, rounds, levels),
        in_shape=in_shape,
        filters=filters,
        kernel=kernel,
        stride=stride,
        padding=padding,
        groups=groups,
        out_shape=out_shape,
        rounds=rounds,
        timesteps=timesteps,
        lif=Lif("conv.lif", ("conv",), spikes, SOFT, None),
        outputs=(spikes,),
        residuals=(),
    )


def network_of(*layers: Layer, input_bits: int = 8) -> Network:
    """The network of these layers, the first one's input being its own."""
    nodes: list[Node] = [Input("input", (), layers[0].input)]
    for layer in layers:
        psums = Tensor(layer.name, layer.out_shape, layer.rounds, None)
        if layer.kind == "conv":
            nodes.append(
                Conv(layer.name, (layer.input.name,), psums, layer.in_shape, layer.kernel, layer.stride, layer.padding,
                     layer.groups, batch_norm=True)
            )  # fmt: skip
        else:
            nodes.append(Linear(layer.name, (layer.input.name,), psums, layer.in_shape[0], batch_norm=True))
        if layer.lif is not None:
            nodes.append(layer.lif)
    timesteps = max(layer.timesteps for layer in layers)
    spikes = Spikes("rates", {}, "test", False)
    return Network("test", "", timesteps, "direct", input_bits, tuple(nodes), tuple(layers), spikes)
