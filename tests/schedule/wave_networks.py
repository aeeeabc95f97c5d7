"""Random small networks whose layers may run in waves, each with a LIF: strides, pools of all kinds, residual adds."""

from __future__ import annotations

from hypothesis import strategies as st

from lifsim.model.network import Network
from tests.schedule.networks import Op, network

POOLS = ((0, 1, 0), (0, 1, 0), (3, 1, 1), (2, 2, 0), (3, 2, 1), (2, 1, 0))
"""(kernel, stride, padding), 0 for none."""


@st.composite
def wave_networks(draw: st.DrawFn, timesteps: st.SearchStrategy[int], *, alike: bool = False) -> Network:
    """Two to five layers, maps or signals; what several layers read, what none reads, fully connected ones last. alike:
    of one shape."""
    signal = draw(st.integers(0, 3)) == 0
    rows, columns = draw(st.integers(4, 9)), 1 if signal else draw(st.integers(1, 3))
    channels = 2
    layers: list[Op] = []
    source, shape = "input", (channels, rows)
    there: list[tuple[str, tuple[int, int]]] = [("input", shape)]
    for number in range(draw(st.integers(2, 4))):
        if number and draw(st.integers(0, 3)) == 0:
            source, shape = draw(st.sampled_from(there))
        kernel = draw(st.sampled_from([1, 3, 3, 5] if shape[1] >= 3 else [1, 3]))
        stride = (
            draw(st.sampled_from([1, 1, 1, 2])) if not alike and shape[1] > 3 else 1
        )  # a map of one row is a signal
        pad = kernel // 2
        out = 2 if alike else draw(st.sampled_from([2, 2, 4]))
        conv: Op = {"name": f"conv{number}", "op": "conv", "out": out, "input": source}
        layers.append(conv | _window(kernel, stride, pad, signal))
        shape = out, (shape[1] + 2 * pad - kernel) // stride + 1
        operands = [name for name, other in there if other == shape and name != "input"]
        if operands and draw(st.booleans()):
            inputs = [f"conv{number}", draw(st.sampled_from(operands))]
            layers.append({"name": f"add{number}", "op": "add", "inputs": inputs})
        layers.append({"name": f"lif{number}", "op": "lif"})
        source = f"lif{number}"
        kernel, stride, pad = draw(st.sampled_from(POOLS[:3] if alike else POOLS))
        if kernel and shape[1] > max(kernel, 3):
            pool: Op = {"name": f"pool{number}", "op": "max_pool", "input": source}
            layers.append(pool | _window(kernel, stride, pad, signal))
            source, shape = f"pool{number}", (shape[0], (shape[1] + 2 * pad - kernel) // stride + 1)
        there.append((source, shape))
    if draw(st.integers(0, 3)) == 0:
        layers += [{"name": "linear", "op": "linear", "out": 2, "input": source}, {"name": "liflast", "op": "lif"}]
    encoding = draw(st.sampled_from(["rate", "rate", "direct"]))
    return network(layers, (channels, 1, rows) if signal else (channels, rows, columns), draw(timesteps), encoding)


def _window(kernel: int, stride: int, pad: int, signal: bool) -> Op:
    """Along the rows alone."""
    by_rows: list[int] = [1, kernel] if signal else [kernel, 1]
    strides = [1, stride] if signal else [stride, 1]
    return {"kernel": by_rows, "stride": strides, "padding": [0, pad] if signal else [pad, 0]}


@st.composite
def grouped_networks(draw: st.DrawFn, timesteps: st.SearchStrategy[int]) -> Network:
    """Two or three convolutions of 12 channels and several groups, depthwise ones among them, each with a LIF."""
    layers: list[Op] = []
    for number in range(draw(st.integers(2, 3))):
        groups = draw(st.sampled_from([1, 2, 3, 4, 6, 12, 12]))
        conv: Op = {"name": f"conv{number}", "op": "conv", "out": 12, "groups": groups}
        layers += [conv | _window(draw(st.sampled_from([1, 3])), 1, 0, False), {"name": f"lif{number}", "op": "lif"}]
    for layer in layers[::2]:
        layer["padding"] = [layer["kernel"][0] // 2, 0]
    return network(layers, (12, draw(st.integers(3, 6)), draw(st.integers(1, 2))), draw(timesteps))
