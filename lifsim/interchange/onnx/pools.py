"""Pools, and means over a whole map."""

from __future__ import annotations

from lifsim.interchange.onnx.built import NO_PADS, Signal, name_of
from lifsim.interchange.onnx.operands import Given
from lifsim.interchange.onnx.windows import Windows, unpadded, windows_of


def max_pool(given: Given) -> Signal:
    """MaxPool. It may pad with zeros here: spikes are never lower."""
    node, x = given.node, given.signal()
    if any(node.outputs[1:]) and any(given.built.readers.get(one) for one in node.outputs[1:]):
        raise ValueError("must put out no indices: LIFSim's pools have none")
    if x.pads != NO_PADS and not x.spikes:
        unpadded(x, node)
    return _pool(given, x, "max_pool", windows_of(node, x, node.ints("kernel_shape", ())))


def average_pool(given: Given) -> Signal:
    """AveragePool. LIFSim's divides by the whole window, including padding."""
    node, x = given.node, unpadded(given.signal(), given.node)
    windows = windows_of(node, x, node.ints("kernel_shape", ()))
    if windows.padding != (0, 0) and not node.whole("count_include_pad", 0):
        raise ValueError("count_include_pad must be 1 where it pads: LIFSim's mean divides by the whole window")
    return _pool(given, x, "avg_pool", windows)


def global_max(given: Given) -> Signal:
    """GlobalMaxPool."""
    return _whole(given, "max_pool", keep=True)


def global_average(given: Given) -> Signal:
    """GlobalAveragePool."""
    return _whole(given, "avg_pool", keep=True)


def mean(given: Given) -> Signal:
    """ReduceMean over all pixels."""
    return _reduced(given, "avg_pool")


def highest(given: Given) -> Signal:
    """ReduceMax over all pixels."""
    return _reduced(given, "max_pool")


def _reduced(given: Given, op: str) -> Signal:
    x, axes = given.signal(), given.ints(1, "axes")
    rank = len(x.dims) + 1
    asked = sorted(axis % rank for axis in axes or ())
    if rank < 3 or asked != list(range(2, rank)):
        raise ValueError(f"axes {list(axes or ())} must be all those of the pixels, {list(range(2, rank))}")
    return _whole(given, op, keep=bool(given.node.whole("keepdims", 1)))


def _whole(given: Given, op: str, *, keep: bool) -> Signal:
    x = unpadded(given.signal(), given.node)
    if len(x.dims) not in (2, 3):
        raise ValueError(f"must read [C, L] or [C, H, W] of each image, reads {list(x.dims)}")
    size = x.shape[1], x.shape[2]
    found = _pool(given, x, op, Windows(size, size, (0, 0), (1, 1)))
    dims = found.dims if keep else found.dims[:1]
    return Signal(found.layer, dims, found.shape, found.product, found.spikes)


def _pool(given: Given, x: Signal, op: str, windows: Windows) -> Signal:
    """Adds a pool, unless its window is one pixel."""
    pixels = windows.out[2 - len(x.dims[1:]) :]
    if windows.kernel == windows.stride == (1, 1) and windows.padding == (0, 0):
        return x
    own = given.built.add(name_of(given.node), op, [x], windows.keys)
    if windows.leave_out(x.shape[1], x.shape[2]):
        given.built.note(
            given.node.called,
            f"{given.node.op} leaves the last pixels of {list(x.dims)} out: runs with rates count it so, the engine "
            "fires no network that drops pixels",
        )
    return Signal(own, (x.channels, *pixels), (x.shape[0], *windows.out), spikes=x.spikes)
