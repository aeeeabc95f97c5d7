"""Layers of the array as PyTorch operations, and the batch norms behind them."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lifsim.errors import Fault, InputError
from lifsim.recording.arguments import arguments_of, on_map, pair, require
from lifsim.recording.keep import keep
from lifsim.recording.ledger import NotFollowedError, Value
from lifsim.recording.rows import Rows, map_shape, rows_of
from lifsim.recording.tracker import Call, Tracker, array_of

Array = NDArray[Any]

_CONV = "input weight bias stride padding dilation groups"
_NORM = "input running_mean running_var weight bias training momentum eps"
LIFSIM_EPSILON = 1e-5


def convolution(tracker: Tracker, call: Call) -> None:
    """conv1d and conv2d."""
    axes = int(call.name[4])
    usual = {"bias": None, "stride": 1, "padding": 0, "dilation": 1, "groups": 1}
    given = arguments_of(call, _CONV, usual)
    weight, bias = _constants(tracker, call, given["weight"], given["bias"])
    require(pair(given["dilation"], axes), 1, "dilation")
    padding = given["padding"]
    if padding == "same":
        kernel = weight.shape[2:]
        if not all(size % 2 for size in kernel) or any(one != 1 for one in pair(given["stride"], axes)):
            raise NotFollowedError("padding 'same' must go with odd kernels and a stride of 1")
        padding = [size // 2 for size in kernel]
    rows = rows_of(tracker, given["input"], axes + 1, call)
    seen = tuple(given["input"].shape[-axes - 1 :])
    shape = tuple(call.result.shape[-axes - 1 :])
    keys = {
        "kernel": on_map(list(weight.shape[2:]), 1),
        "stride": on_map(pair(given["stride"], axes), 1),
        "padding": on_map(pair(0 if padding == "valid" else padding, axes), 0),
        "groups": int(given["groups"]),
    }
    weights = weight if axes == 2 else weight[:, :, None]
    if axes == 1 and _is_pointwise(keys, rows.of.shape, seen):
        made = _product(tracker, call, "conv", rows, keys, (weights, bias), (shape[0], *rows.of.shape[1:]))
    else:
        map_shape(rows.of, seen)
        made = _product(tracker, call, "conv", rows, keys, (weights, bias), _as_map(shape))
    keep(tracker, call, made, rows.numbers(made, shape))


def _is_pointwise(keys: Mapping[str, Any], of: tuple[int, ...], seen: tuple[int, ...]) -> bool:
    """Whether a convolution over pixels in one row computes each pixel by itself, so that it is a convolution of the
    map."""
    alone = (keys["kernel"], keys["stride"], keys["padding"]) == ([1, 1], [1, 1], [0, 0])
    return alone and len(of) == 3 and of[0] == seen[0] and of[1] > 1


def _as_map(shape: tuple[int, ...]) -> tuple[int, ...]:
    """A signal has one row."""
    return (shape[0], 1, shape[1]) if len(shape) == 2 else shape


def linear(tracker: Tracker, call: Call) -> None:
    """Fully connected."""
    given = arguments_of(call, "input weight bias", {"bias": None})
    weight, bias = _constants(tracker, call, given["weight"], given["bias"])
    _fully_connected(tracker, call, given["input"], weight, bias)


def matmul(tracker: Tracker, call: Call) -> None:
    """x @ W of an untracked W."""
    first, second = call.args[:2]
    weight, _ = _constants(tracker, call, second, None)
    if weight.ndim != 2:
        raise NotFollowedError(f"{call.name} with weights {list(weight.shape)}")
    _fully_connected(tracker, call, first, weight.T, None)


def addmm(tracker: Tracker, call: Call) -> None:
    """b + x @ W."""
    bias, first, second = call.args[:3]
    if call.kwargs:
        raise NotFollowedError("addmm with factors")
    weight, offset = _constants(tracker, call, second, bias)
    _fully_connected(tracker, call, first, weight.T, offset)


def _fully_connected(tracker: Tracker, call: Call, x: Any, weight: Array, bias: Array | None) -> None:
    rows = rows_of(tracker, x, 1, call, any_order=True)
    if rows.order is not None:
        weight = _on_elements(tracker, rows, weight)
    made = _product(tracker, call, "linear", rows, {}, (weight, bias), tuple(call.result.shape[-1:]))
    keep(tracker, call, made, rows.numbers(made, tuple(call.result.shape[-1:])))


def _on_elements(tracker: Tracker, rows: Rows, weight: Array) -> Array:
    """The weights of each element at its place in the network; summed for an element that is read several times."""
    order = rows.order.cpu().numpy()
    by_element = np.argsort(order, kind="stable")
    if len(order) == rows.of.elements:
        return np.ascontiguousarray(weight[:, by_element])
    first = np.searchsorted(order[by_element], np.arange(rows.of.elements))
    added = np.add.reduceat(weight[:, by_element], first, axis=1, dtype=np.float64).astype(weight.dtype)
    name, (outputs, inputs), fewer = (tracker.asking or [("a linear layer", None)])[-1][0], weight.shape, added.shape[1]
    tracker.notes[
        f"{name} reads elements of {rows.of.name} several times: it is recorded with their weights added up, "
        f"{outputs} x {fewer} for {outputs} x {inputs}, and LIFSim counts the products of these"
    ] = None
    return added


def _constants(tracker: Tracker, call: Call, weight: Any, bias: Any) -> tuple[Array, Array | None]:
    for one in (weight, bias):
        if one is not None and tracker.shadow(one) is not None:
            raise NotFollowedError(
                f"{call.name} of two tensors of the network (attention) is not recorded; workloads have it as matmul"
            )
    return array_of(weight), None if bias is None else array_of(bias)


def _product(
    tracker: Tracker,
    call: Call,
    kind: str,
    rows: Rows,
    keys: Mapping[str, Any],
    weights: tuple[Array, Array | None],
    shape: tuple[int, ...],
) -> Value:
    """The layer, whose output has `shape`, with what it has seen."""
    weight, bias = weights
    arrays = {"weight": weight} | ({} if bias is None else {"bias": bias})
    said = tuple((name, tuple(np.ravel(value))) for name, value in keys.items())
    key = (kind, id(call.module), said, digest_of(arrays))
    written = {"out": shape[0], **keys, "bias": bias is not None}
    name = tracker.asking[-1][0] if tracker.asking else ""
    made = tracker.ledger.value(key, name, shape, (rows.of,), written, arrays)
    if made.seen is None:
        made.seen = np.zeros((len(rows.of.computed), rows.of.elements), np.bool_)
    x = call.args[1] if call.name == "addmm" else call.args[0] if call.args else call.kwargs["input"]
    ones = array_of(x != 0).reshape(len(rows.index), -1)
    index = rows.index.cpu().numpy()
    if rows.order is None:
        made.seen[index] = ones
    else:
        made.seen[np.ix_(index, rows.order.cpu().numpy())] = ones
    return made


def digest_of(arrays: Mapping[str, Array]) -> str:
    """A digest of weights, by which a layer is recognised."""
    digest = hashlib.sha256()
    for name, one in arrays.items():
        digest.update(f"{name}{one.shape}{one.dtype}".encode())
        digest.update(np.ascontiguousarray(one).data)
    return digest.hexdigest()


def batch_norm(tracker: Tracker, call: Call) -> None:
    """In evaluation; raises InputError in training."""
    usual = {"weight": None, "bias": None, "training": False, "eps": LIFSIM_EPSILON}
    given = arguments_of(call, _NORM, usual)
    if given["training"] or given["running_mean"] is None:
        way = "call model.eval() before recording, and give batch norms running statistics"
        raise InputError(Fault(f"must not normalise by the statistics of the batch: {way}", path=call.where))
    x = given["input"]
    rows = rows_of(tracker, x, x.ndim - 1, call)
    if rows.of.seen is None:
        raise NotFollowedError(
            f"a batch norm must stand directly behind a convolution or linear layer, not behind {rows.of.name}"
        )
    mean, variance = array_of(given["running_mean"]), array_of(given["running_var"])
    ones = np.ones_like(mean)
    gain = ones if given["weight"] is None else array_of(given["weight"])
    offset = np.zeros_like(mean) if given["bias"] is None else array_of(given["bias"])
    if given["eps"] != LIFSIM_EPSILON:  # LIFSim's is fixed: its variance takes up the difference, or the gain does
        wide = variance.astype(np.float64) + given["eps"]
        gain, variance = gain / np.sqrt(wide), np.full_like(wide, 1 - LIFSIM_EPSILON)
    arrays = {"weight": gain, "bias": offset, "running_mean": mean, "running_var": variance}
    made = tracker.ledger.value(
        ("norm", id(call.module), digest_of(arrays)), rows.of.name, rows.of.shape, (rows.of,), {}, arrays
    )
    keep(tracker, call, made, rows.numbers(made, tuple(x.shape[len(rows.leading) :])))


def dropout(tracker: Tracker, call: Call) -> None:
    """In evaluation it is nothing; raises InputError in training."""
    given = arguments_of(call, "input p training inplace", {"p": 0.5, "training": True})
    if given["training"] and given["p"]:
        raise InputError(Fault("must not drop out at random: call model.eval() before recording", path=call.where))
    tracker.put_same(call.result, given["input"])


PRODUCTS = {
    "conv1d": convolution,
    "conv2d": convolution,
    "linear": linear,
    "matmul": matmul,
    "mm": matmul,
    "__matmul__": matmul,
    "addmm": addmm,
    "batch_norm": batch_norm,
    **dict.fromkeys(("dropout", "dropout1d", "dropout2d", "dropout3d", "alpha_dropout", "feature_dropout"), dropout),
}
