"""A row-stationary array, PE by PE: every product of a convolution is done by one PE in one cycle."""

from __future__ import annotations

import numpy as np


def walk(
    image: np.ndarray, weights: np.ndarray, stride: tuple[int, int], rows: int, strip: int, shares: tuple[int, ...]
) -> tuple[np.ndarray, int, int]:
    """(outputs [M, E, F], cycles in which operands stream, folds) of `image` [C, h, w] and `weights` [M, C, R, S].

    rows: of the array, whose columns are never short here. strip: output rows of a set; shares: (strips, filters,
    channels) at once and channels in turn. A fold lasts as long as its busiest PE.
    """
    strips, filters, channels, in_turn = shares
    M, C, R, S = weights.shape
    E, F = ((n - k) // s + 1 for n, k, s in zip(image.shape[1:], (R, S), stride, strict=True))
    out = np.zeros((M, E, F), np.int64)
    cycles = folds = 0
    for e0 in range(0, E, strip * strips):
        for m0 in range(0, M, filters):
            for c0 in range(0, C, channels * in_turn):
                for r0 in range(0, R, rows):
                    busiest = 0
                    # One PE: a filter row of a filter, an output row, a share of the channels.
                    for e in range(e0, min(e0 + strip * strips, E)):
                        for m in range(m0, min(m0 + filters, M)):
                            for r in range(r0, min(r0 + rows, R)):
                                for share in range(channels):
                                    begin = c0 + share * in_turn
                                    mine = range(begin, min(begin + in_turn, C))
                                    work = 0
                                    for c in mine:
                                        for f in range(F):
                                            for s in range(S):
                                                x = image[c, e * stride[0] + r, f * stride[1] + s]
                                                out[m, e, f] += x * weights[m, c, r, s]
                                                work += 1
                                    busiest = max(busiest, work)
                    cycles += busiest
                    folds += 1
    return out, cycles, folds
