"""Pooling, means and sums as PyTorch calls them."""

from __future__ import annotations

from typing import Any

import torch

from lifsim.recording.arguments import arguments_of, on_map, pair, require
from lifsim.recording.keep import keep, places_of
from lifsim.recording.ledger import NotFollowedError, Value
from lifsim.recording.rows import Rows, map_shape, rows_of
from lifsim.recording.tracker import Call, Tracker

_MAX = "input kernel_size stride padding dilation ceil_mode return_indices"
_AVG = "input kernel_size stride padding ceil_mode count_include_pad divisor_override"


def pooling(tracker: Tracker, call: Call) -> None:
    """max_pool and avg_pool of one or two axes."""
    is_max, axes = call.name.startswith("max"), int(call.name[8])
    usual = {"stride": None, "padding": 0, "dilation": 1, "ceil_mode": False}
    given = arguments_of(call, _MAX if is_max else _AVG, usual)
    kernel, padding = pair(given["kernel_size"], axes), pair(given["padding"], axes)
    stride = pair(given["stride"], axes) if given["stride"] else kernel
    require(pair(given["dilation"], axes), 1, "dilation")
    require(given["ceil_mode"], False, "ceil_mode")
    if any(padding):
        require(given.get("count_include_pad", True), True, "count_include_pad")
    require(given.get("divisor_override"), None, "divisor_override")
    keys = {"kernel": on_map(kernel, 1), "stride": on_map(stride, 1), "padding": on_map(padding, 0)}
    _pool(tracker, call, "max_pool" if is_max else "avg_pool", axes, keys)


def adaptive_pooling(tracker: Tracker, call: Call) -> None:
    """adaptive_max_pool and adaptive_avg_pool of one or two axes, whose windows must divide the map."""
    _, kind, pool = call.name.split("_")
    axes = int(pool[4])
    given = arguments_of(call, "input output_size return_indices", {})
    sizes = given["input"].shape[-axes:]
    asked = given["output_size"]
    wanted = [asked] * axes if isinstance(asked, int) else list(asked)
    output = [int(size if one is None else one) for size, one in zip(sizes, wanted, strict=True)]
    if all(out % size == 0 for size, out in zip(sizes, output, strict=True)):
        _repeat(tracker, call, given["input"], [out // size for size, out in zip(sizes, output, strict=True)])
        return
    if any(size % out for size, out in zip(sizes, output, strict=True)):
        raise NotFollowedError(f"windows must divide the map {list(sizes)}, which {output} do not")
    kernel = [size // out for size, out in zip(sizes, output, strict=True)]
    keys = {"kernel": on_map(kernel, 1), "stride": on_map(kernel, 1), "padding": [0, 0]}
    _pool(tracker, call, f"{kind}_pool", axes, keys)


def _repeat(tracker: Tracker, call: Call, x: Any, times: list[int]) -> None:
    """An adaptive pool to a larger map sees each pixel alone, again and again."""
    numbers = tracker.shadow(x)
    for axis, count in enumerate(times, x.ndim - len(times)):
        numbers = numbers.repeat_interleave(count, axis)
    tracker.put(call.result, numbers.clone())


def _pool(tracker: Tracker, call: Call, kind: str, axes: int, keys: dict[str, list[int]]) -> None:
    x = call.args[0] if call.args else call.kwargs["input"]
    rows = rows_of(tracker, x, axes + 1, call)
    map_shape(rows.of, tuple(x.shape[-axes - 1 :]))
    shape = tuple(call.result.shape[-axes - 1 :])
    _put_pool(tracker, call, kind, rows, keys, shape)


def _put_pool(
    tracker: Tracker, call: Call, kind: str, rows: Rows, keys: dict[str, list[int]], shape: tuple[int, ...]
) -> None:
    seen = tuple((name, tuple(value)) for name, value in keys.items())
    channels, height, width = rows.of.shape
    made = tracker.ledger.value((kind, seen), kind, _pooled((channels, height, width), keys), (rows.of,), keys)
    keep(tracker, call, made, rows.numbers(made, shape))


def _pooled(shape: tuple[int, int, int], keys: dict[str, list[int]]) -> tuple[int, int, int]:
    height, width = (
        (size + 2 * padding - kernel) // stride + 1
        for size, padding, kernel, stride in zip(
            shape[1:], keys["padding"], keys["kernel"], keys["stride"], strict=True
        )
    )
    return shape[0], height, width


def mean(tracker: Tracker, call: Call) -> None:
    """Over the timesteps, or over the pixels of a map."""
    given = arguments_of(call, "input dim keepdim", {"dim": None, "keepdim": False})
    x, asked = given["input"], given["dim"]
    if asked is None:
        raise NotFollowedError("a mean over everything", readout=True)
    dims = sorted(one % x.ndim for one in (asked if isinstance(asked, tuple | list) else [asked]))
    value = tracker.owner(x, call)
    if len(dims) == 1 and _spans_time(tracker, x, dims[0], value):
        _time_mean(tracker, call, x, dims[0], value)
        return
    trailing = len(dims) + 1
    if len(value.shape) != 3 or dims != list(range(x.ndim - len(dims), x.ndim)) or trailing > 3:
        raise NotFollowedError(
            f"a mean of {value.name} over axes {dims}: must be of time, or of all pixels", readout=True
        )
    rows = rows_of(tracker, x, trailing, call)
    map_shape(rows.of, tuple(x.shape[-trailing:]))
    pixels = list(value.shape[1:])
    keys = {"kernel": pixels, "stride": pixels, "padding": [0, 0]}
    _put_pool(tracker, call, "avg_pool", rows, keys, tuple(call.result.shape[len(rows.leading) :]))


def total(tracker: Tracker, call: Call) -> None:
    """Sums are read-outs."""
    raise NotFollowedError(f"a sum of {tracker.owner(call.args[0], call).name}: take the mean over time", readout=True)


def _spans_time(tracker: Tracker, x: Any, dim: int, value: Value) -> bool:
    """Whether axis `dim` of x is the network's time, all of it."""
    if value.timesteps == 1 or x.shape[dim] != value.timesteps:
        return False
    timesteps, places = (one.movedim(dim, 0) for one in places_of(tracker, x, value))
    in_order = torch.arange(value.timesteps, device=x.device).reshape(-1, *([1] * (x.ndim - 1)))
    return bool((timesteps == in_order).all()) and bool((places == places[0]).all())


def _time_mean(tracker: Tracker, call: Call, x: Any, dim: int, value: Value) -> None:
    made = tracker.ledger.value(("time_mean",), "mean", value.shape, (value,), {})
    _, places = places_of(tracker, x, value)
    keep(tracker, call, made, (made.first + places.select(dim, 0)).reshape(call.result.shape))


POOLS = {
    **dict.fromkeys(("max_pool1d", "max_pool2d", "avg_pool1d", "avg_pool2d"), pooling),
    **dict.fromkeys(
        ("adaptive_max_pool1d", "adaptive_max_pool2d", "adaptive_avg_pool1d", "adaptive_avg_pool2d"), adaptive_pooling
    ),
    "mean": mean,
    "sum": total,
}
