"""Networks built by hand, node by node, for the tests of the engine."""

from __future__ import annotations

from dataclasses import dataclass, field

from lifsim.layers.conv import Conv
from lifsim.layers.linear import Linear
from lifsim.model.activity import Spikes
from lifsim.model.network import Add, Input, Lif, Network, Node, Pool, Tensor, TimeMean
from lifsim.neurons.lif import LifNeuron

SOFT = LifNeuron(tau=1 / (1 - 0.25), threshold=1.0, reset="soft", u_reset=0.0, decay_input=True)
HARD = LifNeuron(tau=1 / (1 - 0.25), threshold=1.0, reset="hard", u_reset=0.0, decay_input=True)


@dataclass
class Builder:
    """Appends nodes; each reads the one before it unless `of` names another."""

    shape: tuple[int, ...]
    timesteps: int
    encoding: str = "direct"
    nodes: list[Node] = field(default_factory=list)

    def __post_init__(self) -> None:
        direct = self.encoding == "direct"
        steps, levels = (1, None) if direct else (self.timesteps, 1)
        self.nodes.append(Input("input", (), Tensor("input", self.shape, steps, levels)))

    def conv(
        self,
        name: str,
        filters: int,
        kernel: tuple[int, int] = (3, 3),
        stride: tuple[int, int] = (1, 1),
        padding: tuple[int, int] = (1, 1),
        groups: int = 1,
        *,
        bias: bool = False,
        batch_norm: bool = True,
        of: str | None = None,
    ) -> Builder:
        source = self._source(of)
        shape = (filters, *_slide(source.shape, kernel, stride, padding))
        out = Tensor(name, shape, source.timesteps, None)
        channels, height, width = source.shape
        self.nodes.append(
            Conv(
                name,
                (source.name,),
                out,
                (channels, height, width),
                kernel,
                stride,
                padding,
                groups,
                bias=bias,
                batch_norm=batch_norm,
            )
        )
        return self

    def linear(
        self, name: str, filters: int, *, bias: bool = True, batch_norm: bool = False, of: str | None = None
    ) -> Builder:
        source = self._source(of)
        out = Tensor(name, (filters,), source.timesteps, None)
        self.nodes.append(Linear(name, (source.name,), out, source.elements, bias=bias, batch_norm=batch_norm))
        return self

    def lif(
        self,
        name: str,
        neuron: LifNeuron = SOFT,
        group: str | None = None,
        of: str | None = None,
        *,
        share: bool = True,
    ) -> Builder:
        source = self._source(of)
        spikes = Tensor(name, source.shape, self.timesteps, 1)
        self.nodes.append(Lif(name, (source.name,), spikes, neuron, group, share))
        return self

    def pool(
        self,
        name: str,
        kind: str = "max",
        kernel: tuple[int, int] = (2, 2),
        stride: tuple[int, int] | None = None,
        padding: tuple[int, int] = (0, 0),
        of: str | None = None,
    ) -> Builder:
        source = self._source(of)
        levels = source.levels
        if kind == "avg" and levels is not None:
            levels *= kernel[0] * kernel[1]
        shape = (source.shape[0], *_slide(source.shape, kernel, stride or kernel, padding))
        out = Tensor(name, shape, source.timesteps, levels)
        self.nodes.append(Pool(name, (source.name,), out, kind, kernel, stride or kernel, padding))
        return self

    def add(self, name: str, *inputs: str) -> Builder:
        sources = [self._source(of) for of in inputs]
        levels = None if any(x.levels is None for x in sources) else sum(x.levels or 0 for x in sources)
        out = Tensor(name, sources[0].shape, max(x.timesteps for x in sources), levels)
        self.nodes.append(Add(name, inputs, out))
        return self

    def time_mean(self, name: str) -> Builder:
        source = self._source(None)
        self.nodes.append(TimeMean(name, (source.name,), Tensor(name, source.shape, 1, None)))
        return self

    def network(self, name: str = "net") -> Network:
        spikes = Spikes("engine", {}, "", False)
        return Network(name, "", self.timesteps, self.encoding, 8, tuple(self.nodes), (), spikes)

    def _source(self, of: str | None) -> Tensor:
        if of is None:
            return self.nodes[-1].output
        return next(node.output for node in self.nodes if node.name == of)


def _slide(
    shape: tuple[int, ...], kernel: tuple[int, int], stride: tuple[int, int], padding: tuple[int, int]
) -> tuple[int, int]:
    height, width = (
        (size + 2 * p - k) // s + 1 for size, k, s, p in zip(shape[1:], kernel, stride, padding, strict=True)
    )
    return height, width


def vgg16(widths: list[int], image: tuple[int, int, int], timesteps: int, neurons: list[LifNeuron]) -> Network:
    """EfficientLIF-Net's VGG-16: max pools behind convolutions 2, 4, 7 and 10, mean over the last map, classifier.

    lif1 and lif2 keep their membranes to themselves under `layer` sharing.
    """
    build = Builder(image, timesteps)
    for index, (width, neuron) in enumerate(zip(widths, neurons, strict=True), start=1):
        build.conv(f"conv{index}", width).lif(f"lif{index}", neuron, group=f"lif{index}" if index < 3 else None)
        if index in (2, 4, 7, 10):
            build.pool(f"pool{index}")
    _, height, width = build.nodes[-1].output.shape
    return build.pool("mean", "avg", (height, width)).linear("classifier", 10).network("vgg16")


def resnet19(width: list[int], image: tuple[int, int, int], timesteps: int, neuron: LifNeuron = SOFT) -> Network:
    """EfficientLIF-Net's ResNet-19: stem, stages of 3, 3, 2 blocks that start with stride 2, projection shortcuts."""
    build = Builder(image, timesteps).conv("conv1", width[0]).lif("lif_input", neuron, group="stem")
    for stage, (channels, blocks) in enumerate(zip(width[1:], (3, 3, 2), strict=True), start=1):
        for block in range(blocks):
            head, name, stride = build.nodes[-1].output, f"s{stage}b{block}", 2 if block == 0 else 1
            group = f"stage{stage}"
            build.conv(f"{name}_conv1", channels, stride=(stride, stride)).lif(f"{name}_lif1", neuron, group)
            build.conv(f"{name}_conv2", channels)
            shortcut = head.name
            if stride != 1 or head.shape[0] != channels:
                shortcut = f"{name}_shortcut"
                build.conv(shortcut, channels, (1, 1), (stride, stride), (0, 0), of=head.name)
            build.add(f"{name}_add", f"{name}_conv2", shortcut).lif(f"{name}_lif2", neuron, group)
    _, height, columns = build.nodes[-1].output.shape
    return build.pool("mean", "avg", (height, columns)).linear("fc", 10).network("resnet19")
