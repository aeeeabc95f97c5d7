"""Random small networks: convolutions, linear layers, pools, residual adds, replayed stems, means over time."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

from lifsim.config.shapes import infer_nodes
from lifsim.config.workload_schema import Workload
from lifsim.model.layers import hardware_layers
from lifsim.model.network import Network, Spikes

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
