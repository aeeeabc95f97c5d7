"""A systolic array of explicit registers, one cycle at a time. Slow and plain: it computes the product and counts.

Operands enter at the left and top edges, skewed by one cycle per row and column, and move one PE per cycle. A fold ends
when its last operands (idle rows and columns carry bubbles) have been through the PE of the far corner. An edge counts
an access when a real operand enters; bubbles cost time only.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

Matrix = NDArray[np.int64]
Token = tuple[int, int] | None  # (position in the stream, value); None is a register that holds nothing yet
BUBBLE = 0


@dataclass
class Count:
    """What one run of the array came to. last_weight_cycle: count of cycles when the last weight row was loaded."""

    cycles: int = 0
    streaming: int = 0
    folds: int = 0
    inputs: int = 0
    weights: int = 0
    outputs: int = 0
    psum_reads: int = 0
    last_weight_cycle: int = 0
    blocks: list[int] = field(default_factory=list)


def output_stationary(A: Matrix, B: Matrix, H: int, W: int) -> tuple[Matrix, Count]:
    """[Sr, K] x [K, Sc]: psums stay, inputs move right, weights move down."""
    product, count = np.zeros((len(A), B.shape[1]), np.int64), Count()
    for col in range(0, B.shape[1], W):
        for row in range(0, len(A), H):
            before = count.cycles
            tile = _output_fold(A[row : row + H], B[:, col : col + W], H, W, count)
            product[row : row + H, col : col + W] = tile
            count.outputs += tile.size
            count.blocks.append(count.cycles - before)
    return product, count


def _output_fold(A: Matrix, B: Matrix, H: int, W: int, count: Count) -> Matrix:
    K = B.shape[0]
    rights: list[list[Token]] = [[None] * W for _ in range(H)]  # input register of each PE
    downs: list[list[Token]] = [[None] * W for _ in range(H)]  # weight register of each PE
    psums = np.zeros((H, W), np.int64)
    done, cycle = np.zeros((H, W), np.int64), 0
    while done[-1, -1] < K:
        for i in reversed(range(H)):
            for j in reversed(range(W)):
                rights[i][j] = rights[i][j - 1] if j else _feed(A, i, cycle - i, count, "inputs", K)
                downs[i][j] = downs[i - 1][j] if i else _feed(B.T, j, cycle - j, count, "weights", K)
                left, top = rights[i][j], downs[i][j]
                if left is not None and top is not None:
                    assert left[0] == top[0], "the skew must bring operands of one index together"
                    psums[i, j] += left[1] * top[1]
                    done[i, j] += 1
        count.streaming += rights[0][0] is not None
        cycle += 1
    count.cycles += cycle
    count.folds += 1
    return psums[: len(A), : B.shape[1]]


def _feed(lanes: Matrix, lane: int, index: int, count: Count, port: str, length: int) -> Token:
    """What enters edge lane `lane` when `index` elements of its stream went before: an operand, a bubble, nothing."""
    if not 0 <= index < length:
        return None
    if lane >= len(lanes):
        return index, BUBBLE
    setattr(count, port, getattr(count, port) + 1)
    return index, int(lanes[lane, index])


def weight_stationary(A: Matrix, B: Matrix, H: int, W: int) -> tuple[Matrix, Count]:
    """[Sr, K] x [K, Sc]: weights stay (rows hold K, columns filters), inputs move right, psums move down."""
    product, count = _stationary(A, B, H, W)
    return product, count


def input_stationary(A: Matrix, B: Matrix, H: int, W: int) -> tuple[Matrix, Count]:
    """[Sr, K] x [K, Sc]: inputs stay (rows hold K, columns pixels), weights move right: the transposed product."""
    product, count = _stationary(B.T, A.T, H, W)
    count.inputs, count.weights = count.weights, count.inputs
    return product.T, count


def _stationary(moving: Matrix, staying: Matrix, H: int, W: int) -> tuple[Matrix, Count]:
    """Counts the moving operand as inputs, the one that stays as weights."""
    K, columns = staying.shape
    psum_buffer, count = np.zeros((len(moving), columns), np.int64), Count()
    for col in range(0, columns, W):
        before = count.cycles
        for k in range(0, K, H):
            stay, move = staying[k : k + H, col : col + W], moving[:, k : k + H]
            tile = _stationary_fold(move, stay, H, W, count)
            if k:
                count.psum_reads += tile.size
            psum_buffer[:, col : col + W] += tile
            count.outputs += tile.size
        count.blocks.append(count.cycles - before)
    count.psum_reads += psum_buffer.size  # by what takes the sums
    return psum_buffer, count


def _stationary_fold(move: Matrix, stay: Matrix, H: int, W: int, count: Count) -> Matrix:
    held = np.zeros((H, W), np.int64)
    cycle = 0
    for step in range(H):  # rows are shifted in from the top, the last one first
        held[1:] = held[:-1].copy()
        held[0] = 0
        row = H - 1 - step
        if row < len(stay):
            held[0, : stay.shape[1]] = stay[row]
            count.weights += stay.shape[1]
        cycle += 1
    count.last_weight_cycle = count.cycles + cycle
    rights: list[list[Token]] = [[None] * W for _ in range(H)]  # moving operand of each PE
    psums = np.zeros((H, W), np.int64)  # psum register of each PE, on its way down
    out, left_corner, start = np.zeros((len(move), W), np.int64), 0, cycle
    while left_corner < len(move):
        for i in reversed(range(H)):
            for j in reversed(range(W)):
                rights[i][j] = (
                    rights[i][j - 1] if j else _feed(move.T, i, cycle - start - i, count, "inputs", len(move))
                )
                token = rights[i][j]
                if token is not None:
                    psums[i, j] = (psums[i - 1, j] if i else 0) + token[1] * held[i, j]
                    if i == H - 1:
                        out[token[0], j] = psums[i, j]
                        left_corner += j == W - 1
        count.streaming += rights[0][0] is not None
        cycle += 1
    count.cycles += cycle
    count.folds += 1
    return out[:, : stay.shape[1]]


def skipping(receptive_fields: NDArray[np.bool_], B: Matrix, H: int, W: int) -> tuple[Matrix, Count]:
    """[Sr, K] bool x [K, Sc]: output stationary, each row walks the list of its own ones, zeros cost nothing."""
    product, count = np.zeros((len(receptive_fields), B.shape[1]), np.int64), Count()
    for col in range(0, B.shape[1], W):
        for row in range(0, len(receptive_fields), H):
            before = count.cycles
            left = [[k for k, spike in enumerate(field_) if spike] for field_ in receptive_fields[row : row + H]]
            while any(left):
                for i, ones in enumerate(left):
                    if ones:
                        product[row + i, col : col + W] += B[ones.pop(0), col : col + W]
                count.streaming += 1
                count.cycles += 1
            count.cycles += H - 1 + W - 1  # the last row starts H - 1 later, the last column sees it W - 1 later
            count.folds += 1
            count.blocks.append(count.cycles - before)
    return product, count
