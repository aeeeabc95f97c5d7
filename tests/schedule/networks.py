"""Random small networks: convolutions, linear layers, pools, residual adds, replayed stems, means over time."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

from lifsim.config.shapes import infer_nodes
from lifsim.config.workload_schema import Workload
from lifsim.model.activity import Spikes
from lifsim.model.layers import hardware_layers
from lifsim.model.network import Network

Op = dict[str, Any]
THREE = st.integers(1, 3)


def network(layers: list[Op], shape: tuple[int, ...], timesteps: int, encoding: str = "rate") -> Network:
    """The network of these operations, unread tensors being its results."""
    document = {
        "name": "random",
        "timesteps": timesteps,
        "input": {"shape": list(shape), "encoding": encoding, "bits": 8},
        "layers": layers,
    }
    spec = Workload.model_validate(document)
    nodes, problems = infer_nodes(spec)
    assert all("must be read" in problem.message for problem in problems), problems
    spikes = Spikes("rates", {}, "test", False)
    return Network("random", "", timesteps, encoding, 8, nodes, hardware_layers(nodes, timesteps), spikes)


@st.composite
def networks(draw: st.DrawFn, timesteps: st.SearchStrategy[int] = THREE) -> Network:
    """Networks whose channels 2 divides, of 1 to 6 weight layers."""
    signal = draw(st.sampled_from([False, False, False, True]))
    size = draw(st.integers(3, 6))
    shape = (2, 1, size) if signal else (2, size, draw(st.integers(2, 4)))
    builder = _Builder(draw, shape, signal)
    for number in range(draw(st.integers(1, 5))):
        builder.convolution(number)
    if draw(st.booleans()):
        if builder.layers[-1]["op"] == "lif" and draw(st.booleans()):
            builder.layers.append({"name": "mean", "op": "time_mean"})
        builder.layers.append({"name": "linear", "op": "linear", "out": draw(st.sampled_from([2, 4]))})
    encoding = draw(st.sampled_from(["rate", "direct"]))
    return network(builder.layers, shape, draw(timesteps), encoding)


class _Builder:
    def __init__(self, draw: st.DrawFn, shape: tuple[int, int, int], signal: bool) -> None:
        self.draw, self.shape, self.signal = draw, shape, signal
        self.layers: list[Op] = []
        self.spikes: list[tuple[str, tuple[int, int, int]]] = []

    def convolution(self, number: int) -> None:
        draw, source, shape = self.draw, None, self.shape
        if self.spikes and draw(st.integers(0, 4)) == 0:
            source, shape = draw(st.sampled_from(self.spikes))
        kernel = draw(st.sampled_from([1, 3]))
        stride = draw(st.sampled_from([1, 1, 1, 1, 2]))
        out = draw(st.sampled_from([2, 2, 2, 4]))
        groups = 2 if shape[0] % 2 == 0 and draw(st.integers(0, 5)) == 0 else 1
        pad = kernel // 2
        conv: Op = {"name": f"conv{number}", "op": "conv", "out": out, "stride": stride, "groups": groups}
        conv |= {"kernel": [1, kernel] if self.signal else kernel, "padding": [0, pad] if self.signal else pad}
        if self.signal:
            conv["stride"] = [1, stride]
        if source:
            conv["input"] = source
        self.layers.append(conv)
        rows = shape[1] if self.signal else (shape[1] + 2 * pad - kernel) // stride + 1
        self.shape = (out, rows, (shape[2] + 2 * pad - kernel) // stride + 1)
        self._add(number)
        if draw(st.integers(0, 9)):
            self._lif(number)
            self.spikes.append((f"lif{number}", self.shape))
            self._pool(number)

    def _lif(self, number: int) -> None:
        lif: Op = {"name": f"lif{number}", "op": "lif"}
        if self.draw(st.integers(0, 3)) == 0:
            lif["group"] = "of" + "x".join(map(str, self.shape)) + self.draw(st.sampled_from(["a", "b"]))
        if self.draw(st.integers(0, 5)) == 0:
            lif["share"] = False
        self.layers.append(lif)

    def _add(self, number: int) -> None:
        operands = [name for name, shape in self.spikes if shape == self.shape]
        if operands and self.draw(st.integers(0, 2)) == 0:
            operand = self.draw(st.sampled_from(operands))
            self.layers.append({"name": f"add{number}", "op": "add", "inputs": [f"conv{number}", operand]})

    def _pool(self, number: int) -> None:
        _, rows, columns = self.shape
        drawn = self.draw(st.integers(0, 5))
        kind = self.draw(st.sampled_from(["max_pool", "avg_pool"]))
        if drawn == 1:
            square: Op = {"kernel": [1, 3], "padding": [0, 1]} if self.signal else {"kernel": 3, "padding": 1}
            self.layers.append({"name": f"pool{number}", "op": kind, **square, "stride": 1})
            if kind == "max_pool":
                self.spikes.append((f"pool{number}", self.shape))
            return
        if rows < 2 or columns < 2 or drawn:
            return
        self.layers.append({"name": f"pool{number}", "op": kind, "kernel": 2})
        self.shape = (self.shape[0], rows // 2, columns // 2)
        if kind == "max_pool":
            self.spikes.append((f"pool{number}", self.shape))


@st.composite
def relay_networks(draw: st.DrawFn, timesteps: st.SearchStrategy[int] = THREE) -> Network:
    """Two to four layers of equal shape, for strips, maps or signals; behind them pools that the next layer reads, and
    pools of other strides, one behind the other or added up, that only others read; residual adds."""
    signal, rows = draw(st.booleans()), draw(st.sampled_from([4, 6, 8, 12]))
    shape = (2, 1, rows) if signal else (2, rows, 2)
    layers: list[Op] = []
    source, read, beside = "input", ["input"], []
    for number in range(draw(st.integers(2, 4))):
        kernel = draw(st.sampled_from([1, 3, 3, 5]))
        layers.append({"name": f"conv{number}", "op": "conv", "out": 2, "input": source, **_window(kernel, signal)})
        if number and draw(st.integers(0, 2)) == 0:
            operand = draw(st.sampled_from([name for name in read if name != "input"]))
            layers.append({"name": f"add{number}", "op": "add", "inputs": [f"conv{number}", operand]})
        layers.append({"name": f"lif{number}", "op": "lif"})
        source = f"lif{number}"
        if draw(st.integers(0, 3)) == 0:
            pool = draw(st.sampled_from([3, 3, 5]))
            layers.append({"name": f"pool{number}", "op": "max_pool", **_window(pool, signal), "input": source})
            source = draw(st.sampled_from([source, f"pool{number}"]))
        read.append(source)
        if draw(st.booleans()):
            _beside(draw, layers, f"beside{number}", f"lif{number}", (signal, rows))
            beside.append(f"beside{number}")
    if draw(st.booleans()):
        of = draw(st.sampled_from([*beside, source]))
        layers.append({"name": "linear", "op": "linear", "out": 2, "input": of})
    return network(layers, shape, draw(timesteps), draw(st.sampled_from(["rate", "direct"])))


def _window(kernel: int, signal: bool, stride: int = 1) -> Op:
    pad = kernel // 2
    if not signal:
        return {"kernel": kernel, "padding": pad, "stride": stride}
    return {"kernel": [1, kernel], "padding": [0, pad], "stride": [1, stride]}


def _beside(draw: st.DrawFn, layers: list[Op], name: str, source: str, map_: tuple[bool, int]) -> None:
    """A pool that is larger than its stride or as large, or one over the whole map, or two behind each other."""
    signal, rows = map_
    kind = draw(st.sampled_from(["max_pool", "avg_pool"]))
    drawn = draw(st.sampled_from(["halves", "overlaps", "whole", "twice"]))
    wide = {"kernel": [1, 2] if signal else 2}
    if drawn == "whole":
        wide = {"kernel": [1, rows] if signal else [rows, 1]}
    if drawn == "overlaps":
        wide = _window(3, signal, 1) | {"padding": [0, 1] if signal else 1}
    layers.append({"name": name, "op": kind, "input": source, **wide})
    if drawn == "twice" and rows % 4 == 0:
        again = {"kernel": [1, 2] if signal else [2, 1]}
        layers.append({"name": f"{name}b", "op": "max_pool", "input": name, **again})


@st.composite
def far_networks(draw: st.DrawFn, timesteps: st.SearchStrategy[int] = THREE) -> Network:
    """Chains of layers of one shape, most of which add what layers far before them made; a few convolve that."""
    count, shape = draw(st.integers(4, 9)), (2, draw(st.integers(2, 6)), draw(st.integers(1, 4)))
    layers: list[Op] = []
    for number in range(count):
        kernel = draw(st.sampled_from([1, 3, 3]))
        layers.append({"name": f"conv{number}", "op": "conv", "out": 2, "kernel": kernel, "padding": kernel // 2})
        if number and draw(st.integers(0, 3)) == 0:
            layers[-1]["input"] = draw(st.sampled_from(["input", *(f"lif{other}" for other in range(number))]))
        if number > 1 and draw(st.integers(0, 3)):
            added = draw(st.sets(st.integers(0, number - 2), min_size=1, max_size=2))
            operands = [f"conv{number}", *(f"lif{other}" for other in sorted(added))]
            layers.append({"name": f"add{number}", "op": "add", "inputs": operands})
        layers.append({"name": f"lif{number}", "op": "lif"})
    return network(layers, shape, draw(timesteps))


def ladder(layers: int) -> Network:
    """A chain of which each layer of the second half adds what its counterpart of the first half made, the last one
    that of the first: 64 channels on maps of 16 x 4, 4 timesteps."""
    operations: list[Op] = []
    for number in range(layers):
        operations.append({"name": f"conv{number}", "op": "conv", "out": 64, "kernel": 3, "padding": 1})
        if number > layers // 2:
            both = [f"conv{number}", f"lif{layers - 1 - number}"]
            operations.append({"name": f"add{number}", "op": "add", "inputs": both})
        operations.append({"name": f"lif{number}", "op": "lif"})
    return network(operations, (64, 16, 4), 4)
