"""The kernel of max pooling of whole numbers, vectorised over channels."""

from __future__ import annotations

from lifsim.engine.jit import compiled
from lifsim.engine.lanes import larger, load, some, store
from lifsim.engine.pooling import LANES


@compiled
def pool_counts(start, stop, x, window, out):  # type: ignore[no-untyped-def]
    """out [N, E, F, C] = the maximum of each window of maps `start` to `stop` of x [N, H, W, C]; padding is 0. C must
    be a multiple of the lanes."""
    R, S, stride_y, stride_x, pad_y, pad_x = window
    H, W, C = x.shape[1:]
    zero = some(x, LANES)
    for n in range(start, stop):
        for e in range(out.shape[1]):
            top, bottom = inside(e, stride_y, pad_y, R, H)
            for f in range(out.shape[2]):
                left, right = inside(f, stride_x, pad_x, S, W)
                for c in range(0, C, LANES):
                    highest = zero
                    for y in range(top, bottom):
                        for z in range(left, right):
                            highest = larger(highest, load(zero, x, ((n * H + y) * W + z) * C + c))
                    store(highest, out, ((n * out.shape[1] + e) * out.shape[2] + f) * C + c)


@compiled
def inside(output, stride, pad, size, inputs):  # type: ignore[no-untyped-def]
    """Along one axis, the first input in a window and the end of its inputs, padding excluded."""
    first = output * stride - pad
    return max(0, first), min(inputs, first + size)
