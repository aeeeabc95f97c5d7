"""Random small networks, machines and ways to train them."""

from __future__ import annotations

from dataclasses import dataclass, replace
from random import Random
from typing import Any

from lifsim.config.arch import load_arch
from lifsim.errors import InputError
from lifsim.model.activity import Gradients
from lifsim.model.arch import Arch
from lifsim.model.network import Network
from lifsim.model.sharing import Sharing
from lifsim.simulate.options import Options
from lifsim.simulate.pipeline import run
from lifsim.simulate.result import Result
from tests.schedule.networks import network

Op = dict[str, Any]
BUFFERS = ("weight", "spike_in", "spike_out", "membrane", "psum")
SHARINGS = ("none", "none", "layer", "channel2", "channel4", "layer+channel2")


@dataclass(frozen=True)
class Drawn:
    """A run to be. Raises InputError where it is not legal."""

    network: Network
    arch: Arch
    sharing: Sharing
    options: Options

    def result(self) -> Result:
        return run(self.arch, self.network, self.sharing, self.options)

    @property
    def in_words(self) -> str:
        net, options = self.network, self.options
        said = (f"T={net.timesteps} B={options.batch}", net.encoding, net.norm_statistics, str(self.sharing),
                options.schedule, options.bptt, self.arch.array.dataflow, self.arch.optimizer.name)  # fmt: skip
        return ", ".join(said)


def drawn(seed: int) -> tuple[Drawn, Result]:
    """The first of the draws of a seed that can be trained."""
    draw = Random(f"training {seed}")  # noqa: S311
    while True:
        one = _draw(draw)
        try:
            return one, one.result()
        except InputError:
            continue


def _draw(draw: Random) -> Drawn:
    relay = draw.random() < 0.1
    batch = draw.choice([1, 1, 2, 2, 3, 4])
    chunks = [size for size in range(1, batch + 1) if batch % size == 0]
    options = Options(
        mode="training",
        batch=batch,
        chunk=draw.choice(chunks),
        seed=draw.randrange(1000),
        schedule="timestep" if relay else draw.choice(["tick", "tick", "timestep", "auto"]),
        bptt=draw.choice(["stored", "reversed", "recomputed"]),
    )
    sharing = Sharing.parse("layer" if relay else draw.choice(SHARINGS)).where_it_fits()
    return Drawn(_network(draw, relay=relay), _arch(draw, relay=relay), sharing, options)


def _arch(draw: Random, *, relay: bool) -> Arch:
    """relay: with room for weights, and little for membranes."""

    def size(most: int) -> int:
        return draw.choice([draw.randint(2, most // 40), draw.randint(2, most // 8), draw.randint(2, most), 1 << 30])

    sizes = {name: size(4000 if name == "weight" else 1200) for name in BUFFERS}
    if relay:
        sizes |= {"weight": 1 << 30, "membrane": draw.randint(8, 120)}
    weight_bits = draw.choice([1, 4, 8, 16])
    overrides = [
        "dram.model=ideal",
        f"array.rows={draw.randint(1, 6)}",
        f"array.cols={draw.randint(1, 5)}",
        f"array.dataflow={draw.choice(['os', 'os', 'ws', 'is'])}",
        f"precision.weight_bits={weight_bits}",
        f"precision.psum_bits={draw.choice([max(weight_bits, 8), 16, 24])}",
        f"precision.gradient_bits={draw.choice([8, 12, 16])}",
        f"precision.membrane_bits={draw.choice([4, 8, 12, 16])}",
        f"optimizer.name={draw.choice(['sgd', 'momentum', 'adam'])}",
        f"optimizer.state_bits={draw.choice([8, 16, 32])}",
        f"optimizer.master_weights={draw.choice(['true', 'false'])}",
        f"optimizer.lanes={draw.randint(1, 8)}",
        *(f"buffers.{name}.size_bytes={bytes_}" for name, bytes_ in sizes.items()),
        *(f"buffers.{name}.double_buffered={draw.choice(['true', 'false'])}" for name in BUFFERS),
    ]
    return load_arch("sata_training", tuple(overrides))


def _network(draw: Random, *, relay: bool) -> Network:
    """relay: layers of one shape behind each other, which may run in strips."""
    signal = draw.random() < 0.2
    shape = (2, 1, draw.randint(3, 8)) if signal else (draw.choice([1, 2]), draw.randint(3, 6), draw.randint(2, 4))
    built = _Built(draw, shape, signal, alike=relay or draw.random() < 0.2)
    for number in range(draw.randint(2 if relay else 1, 4)):
        built.convolution(number)
    if draw.random() < 0.6:
        built.linear()
    net = network(built.ops, shape, draw.randint(1, 4), draw.choice(["rate", "direct", "event"]))
    rates = {layer.name: (round(draw.random(), 2),) for layer in net.layers}
    return replace(
        net,
        norm_statistics="frozen" if relay else draw.choice(["timestep", "timestep", "all_timesteps", "frozen"]),
        spikes=replace(net.spikes, rates=rates),
        gradients=Gradients(draw.choice([0.0, 0.25, 0.7]), draw.choice([0.0, 0.5]), "test", measured=False),
    )


class _Built:
    """alike: whether all layers have one shape; ops: the operations so far; shape: of what the next one reads; maps:
    (name, shape) that others may add."""

    def __init__(self, draw: Random, shape: tuple[int, int, int], signal: bool, *, alike: bool) -> None:
        self.draw, self.shape, self.signal, self.alike = draw, shape, signal, alike
        self.ops: list[Op] = []
        self.maps: list[tuple[str, tuple[int, int, int]]] = []
        self.neuron: Op = {"reset": draw.choice(["soft", "soft", "hard"])}

    def convolution(self, number: int) -> None:
        draw, name = self.draw, f"conv{number}"
        read = draw.choice(self.maps) if self.maps and draw.random() < 0.2 else None
        shape = read[1] if read else self.shape
        kernel, stride = draw.choice([1, 2, 3, 3, 3]), draw.choice([1, 1, 1, 2])
        pad = draw.randint(0, kernel // 2)
        if self.alike:
            kernel, stride, pad = 3, 1, 1
        is_row = not self.signal and shape[1] == 1  # a map of one row is a signal
        if is_row or min(shape[2:] if self.signal else shape[1:]) + 2 * pad < kernel:
            kernel, pad = 1, 0
        groups = draw.choice([1, 1, 1, *(n for n in (2, shape[0]) if shape[0] % n == 0)])
        groups = 1 if self.alike else groups
        out = groups * draw.choice([1, 2, 4]) if groups > 1 else draw.choice([2, 4, 4, 6, 8])
        out = 4 if self.alike else out
        op: Op = {"name": name, "op": "conv", "out": out, "groups": groups, "batch_norm": draw.random() < 0.4}
        if self.signal:
            op |= {"kernel": [1, kernel], "padding": [0, pad], "stride": [1, stride]}
            size = (1, (shape[2] + 2 * pad - kernel) // stride + 1)
        else:
            op |= {"kernel": kernel, "padding": pad, "stride": stride}
            size = tuple((n + 2 * pad - kernel) // stride + 1 for n in shape[1:])  # type: ignore[assignment]
        if read:
            op["input"] = read[0]
        self.ops.append(op)
        self.shape = (out, *size)
        self._add(name)
        if draw.random() < 0.15:
            self._pool(f"{name}_sums")
        if draw.random() < 0.88:
            self._lif(name)

    def _lif(self, name: str) -> None:
        op: Op = {"name": f"{name}_lif", "op": "lif", "neuron": self.neuron}
        if self.draw.random() < 0.25:
            op["group"] = "of" + "x".join(map(str, self.shape)) + self.draw.choice("ab")
        if self.draw.random() < 0.1:
            op["share"] = False
        self.ops.append(op)
        self.maps.append((f"{name}_lif", self.shape))
        if self.draw.random() < 0.35:
            self._pool(f"{name}_lif")

    def _add(self, name: str) -> None:
        alike = [one for one, shape in self.maps if shape == self.shape]
        if alike and self.draw.random() < 0.5:
            self.ops.append({"name": f"{name}_add", "op": "add", "inputs": [name, self.draw.choice(alike)]})

    def _pool(self, name: str) -> None:
        _, rows, columns = self.shape
        kind = self.draw.choice(["max_pool", "avg_pool"])
        wide, stride, pad = self.draw.choice([(2, 2, 0), (2, 2, 0), (3, 1, 1), (3, 2, 1), (2, 1, 0)])
        least = columns if self.signal else min(rows, columns)
        if least + 2 * pad < wide:
            return
        op: Op = {"name": f"{name}_pool", "op": kind}
        if self.signal:
            op |= {"kernel": [1, wide], "stride": [1, stride], "padding": [0, pad]}
            size = (1, (columns + 2 * pad - wide) // stride + 1)
        else:
            op |= {"kernel": wide, "stride": stride, "padding": pad}
            size = tuple((n + 2 * pad - wide) // stride + 1 for n in (rows, columns))  # type: ignore[assignment]
        self.ops.append(op)
        self.shape = (self.shape[0], *size)
        if name.endswith("lif") and kind == "max_pool":
            self.maps.append((f"{name}_pool", self.shape))

    def linear(self) -> None:
        draw = self.draw
        mean = self.ops[-1]["op"] == "lif" and draw.random() < 0.2
        if mean:
            self.ops.append({"name": "mean", "op": "time_mean"})
        self.ops.append(
            {"name": "linear", "op": "linear", "out": draw.choice([2, 3, 4]), "batch_norm": draw.random() < 0.3}
        )
        if draw.random() < 0.4 and not mean:
            self.ops.append({"name": "linear_lif", "op": "lif", "neuron": self.neuron})
