"""Gradients of max and average pooling of channels-last maps [..., H, W, C]."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from lifsim.engine.jit import compiled
from lifsim.engine.lanes import converted, equal, larger, load, some, spread, store
from lifsim.engine.pool_kernel import inside
from lifsim.engine.pooling import LANES
from lifsim.engine.workers import Workers
from lifsim.model.network import Pool

Array = NDArray[Any]


def pool_gradient(x: Array, grad: Array, node: Pool, workers: Workers) -> Array:
    """Gradient of the pool's input x, from that of its output: it goes to the first maximum of each window in row-major
    order (max), or to all its pixels in equal parts (average).

    Padding is never the maximum, even if it equals it: padding is 0, as silent neurons beside it are.
    """
    out = np.empty(x.shape, grad.dtype)
    maps, grads, outs = (np.ascontiguousarray(values).reshape(-1, *values.shape[-3:]) for values in (x, grad, out))
    window = *node.kernel, *node.stride, *node.padding
    if node.kind == "max":
        kernel = _to_maxima_of_counts if x.dtype == np.uint8 and x.shape[-1] % LANES == 0 else _to_maxima
        workers.run(kernel, len(maps), maps, grads, window, outs, elements=maps[0].size)
    else:
        share = grads / (node.kernel[0] * node.kernel[1])
        workers.run(_to_all, len(maps), share, window, outs, elements=maps[0].size)
    return out


@compiled
def _to_maxima(start, stop, x, grad, window, out):  # type: ignore[no-untyped-def]
    """Windows are visited from the last to the first, so that each pixel adds its parts in the order of its positions
    in them. A window with a NaN has no maximum; as elsewhere, its gradient becomes NaN for all pixels."""
    R, S, stride_y, stride_x, pad_y, pad_x = window
    H, W, C = out.shape[1:]
    nothing, whole = np.zeros(1, grad.dtype)[0], np.ones(1, grad.dtype)[0]
    highest, place = np.empty(C, x.dtype), np.empty(C, np.int32)
    for n in range(start, stop):
        out[n] = 0
        for e in range(grad.shape[1] - 1, -1, -1):
            top, bottom = inside(e, stride_y, pad_y, R, H)
            for f in range(grad.shape[2] - 1, -1, -1):
                left, right = inside(f, stride_x, pad_x, S, W)
                for c in range(C):
                    highest[c], place[c] = x[n, top, left, c], top * W + left
                for y in range(top, bottom):
                    for z in range(left, right):
                        seen = x[n, y, z]
                        for c in range(C):
                            if seen[c] > highest[c] or seen[c] != seen[c]:
                                highest[c], place[c] = seen[c], y * W + z
                for c in range(C):
                    if highest[c] != highest[c]:
                        place[c] = -1
                for y in range(top, bottom):
                    for z in range(left, right):
                        target, part = out[n, y, z], grad[n, e, f]
                        for c in range(C):
                            target[c] += part[c] * (whole if place[c] == y * W + z else nothing)


@compiled
def _to_maxima_of_counts(start, stop, x, grad, window, out):  # type: ignore[no-untyped-def]
    """As `_to_maxima`, for whole numbers, of which none is NaN, and a multiple of the lanes as channels."""
    R, S, stride_y, stride_x, pad_y, pad_x = window
    H, W, C = out.shape[1:]
    zero = some(x, LANES)
    one = spread(zero, 1)
    for n in range(start, stop):
        out[n] = 0
        for e in range(grad.shape[1] - 1, -1, -1):
            top, bottom = inside(e, stride_y, pad_y, R, H)
            for f in range(grad.shape[2] - 1, -1, -1):
                left, right = inside(f, stride_x, pad_x, S, W)
                for c in range(0, C, LANES):
                    part = load(some(grad, LANES), grad, ((n * grad.shape[1] + e) * grad.shape[2] + f) * C + c)
                    highest, found = zero, zero
                    for y in range(top, bottom):
                        for z in range(left, right):
                            highest = larger(highest, load(zero, x, ((n * H + y) * W + z) * C + c))
                    for y in range(top, bottom):
                        for z in range(left, right):
                            place = ((n * H + y) * W + z) * C + c
                            first = equal(load(zero, x, place), highest) * (one - found)
                            found = found + first
                            store(load(part, out, place) + part * converted(part, first), out, place)


@compiled
def _to_all(start, stop, share, window, out):  # type: ignore[no-untyped-def]
    """Every pixel of a window gets `share`, added in the order of `_to_maxima`."""
    R, S, stride_y, stride_x, pad_y, pad_x = window
    for n in range(start, stop):
        out[n] = 0
        for e in range(share.shape[1] - 1, -1, -1):
            top, bottom = inside(e, stride_y, pad_y, R, out.shape[1])
            for f in range(share.shape[2] - 1, -1, -1):
                left, right = inside(f, stride_x, pad_x, S, out.shape[2])
                for y in range(top, bottom):
                    for z in range(left, right):
                        target, part = out[n, y, z], share[n, e, f]
                        for c in range(target.size):
                            target[c] += part[c]
