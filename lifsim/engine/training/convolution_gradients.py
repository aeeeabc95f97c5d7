"""Gradients of a convolution as matrix products, one per kernel position, without im2col. Small convolutions are
computed in tiles (lifsim.engine.training.tiled_gradients), others by BLAS.

Maps are channels last, [N, H, W, C]. Each job writes outputs of its own from inputs of a fixed size, so that the number
of threads changes no bit, as long as BLAS itself runs on one thread (lifsim.engine.training.backprop holds it to one).
Gathering and scattering the pixels that a kernel position sees is machine code, which needs no zero padding.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lifsim.engine.jit import compiled
from lifsim.engine.training.tiled_gradients import are_tiled, input_sums, weight_sums
from lifsim.engine.workers import Work, Workers
from lifsim.model.product import Window

Array = NDArray[Any]

_IMAGES = 32  # of a job of the input gradient
_ROOM_BYTES = 1 << 21  # of a job's products of several positions, which stay in the cache


def input_gradient(grad: Array, weights: Array, window: Window, workers: Workers) -> Array:
    """Gradient [N, H, W, C] of the inputs, from that of the outputs, [N, E, F, M], and OIHW weights."""
    if _are_tiled(grad, window):
        return input_sums(grad, weights, window, workers)
    out = _inputs(grad, window)
    workers.run_all(_of_inputs(_by_group(grad, window), weights, window, out))
    return _side_by_side(out)


def weight_gradient(x: Array, grad: Array, window: Window, workers: Workers) -> Array:
    """OIHW gradient of the weights, from inputs x [N, H, W, C] and the gradient [N, E, F, M] of the outputs."""
    if _are_tiled(grad, window):
        return _oihw(weight_sums(x, grad, window, workers), window)
    out = _positions(grad, window)
    workers.run_all(_of_weights(x, _by_group(grad, window), window, workers.threads, out))
    return _oihw(out, window)


def both_gradients(x: Array, grad: Array, weights: Array, window: Window, workers: Workers) -> tuple[Array, Array]:
    """The gradients of the weights and of the inputs, computed in parallel."""
    if _are_tiled(grad, window):
        return _oihw(weight_sums(x, grad, window, workers), window), input_sums(grad, weights, window, workers)
    of_weights, of_inputs, grads = _positions(grad, window), _inputs(grad, window), _by_group(grad, window)
    workers.run_all(
        _of_weights(x, grads, window, workers.threads, of_weights), _of_inputs(grads, weights, window, of_inputs)
    )
    return _oihw(of_weights, window), _side_by_side(of_inputs)


def _are_tiled(grad: Array, window: Window) -> bool:
    """Whether the gradients are computed without BLAS. A matrix of one row excludes it: BLAS then computes a product
    with a vector, which has other bits."""
    last = len(grad) % _IMAGES or _IMAGES
    return are_tiled(window, last * math.prod(window.out_shape[1:]), grad.dtype)


def _inputs(grad: Array, window: Window) -> Array:
    """Room for gradients of the inputs, [groups, N, H, W, C / groups]."""
    channels, height, width = window.in_shape
    return np.empty((window.groups, len(grad), height, width, channels // window.groups), grad.dtype)


def _side_by_side(inputs: Array) -> Array:
    """[N, H, W, C] of all groups."""
    if len(inputs) == 1:
        whole: Array = inputs[0]
        return whole
    return np.moveaxis(inputs, 0, 3).reshape(*inputs.shape[1:4], -1)


def _positions(grad: Array, window: Window) -> Array:
    """Room for gradients of the weights, [groups * R * S, filters of a group, C / groups]."""
    (rows, cols), groups = window.kernel, window.groups
    return np.empty((groups * rows * cols, grad.shape[3] // groups, window.in_shape[0] // groups), grad.dtype)


def _oihw(positions: Array, window: Window) -> Array:
    by_position = positions.reshape(window.groups, *window.kernel, *positions.shape[1:])
    return by_position.transpose(0, 3, 4, 1, 2).reshape(window.out_shape[0], -1, *window.kernel)


def _of_inputs(grads: Array, weights: Array, window: Window, out: Array) -> Work:
    positions = weights.reshape(window.groups, -1, *weights.shape[1:]).transpose(0, 3, 4, 1, 2)
    matrices = np.ascontiguousarray(positions).reshape(window.groups, -1, *positions.shape[3:])
    jobs = -(-out.shape[1] // _IMAGES)
    return Work(_scatter, jobs, (grads, matrices, window, out), elements=out.size // max(1, jobs))


def _of_weights(x: Array, grads: Array, window: Window, threads: int, out: Array) -> Work:
    rooms = [np.empty((len(x), *window.out_shape[1:], out.shape[2]), out.dtype) for _ in range(threads)]
    elements = rooms[0].size if _lets_others_run(out.shape[1:]) else 0
    return Work(_correlate, len(out), (x, grads, window, rooms, out), elements)


def _by_group(grad: Array, window: Window) -> Array:
    """[groups, pixels of all outputs, filters of a group], contiguous."""
    filters = window.out_shape[0] // window.groups
    return np.ascontiguousarray(grad.reshape(-1, window.groups, filters).swapaxes(0, 1))


def _scatter(start: int, stop: int, grads: Array, matrices: Array, window: Window, out: Array) -> None:
    """Input gradients of jobs `start` to `stop`, each of a fixed number of images. grads: [groups, pixels, filters];
    matrices: [groups, R*S, filters, C]; out: [groups, N, H, W, C]."""
    _, rows, cols = window.out_shape
    for job in range(start, stop):
        for group, (here, of_positions) in enumerate(zip(grads, matrices, strict=True)):
            images = out[group, job * _IMAGES : (job + 1) * _IMAGES]
            images[...] = 0
            pixels = here[job * _IMAGES * rows * cols :][: len(images) * rows * cols]
            size = len(pixels) * of_positions.shape[2] * out.itemsize
            together = max(1, _ROOM_BYTES // size)
            for first in range(0, len(of_positions), together):
                moved = pixels @ of_positions[first : first + together]
                _add(moved.reshape(-1, len(images), rows, cols, moved.shape[2]), first, window.integers, images)


def _correlate(start: int, stop: int, x: Array, grads: Array, window: Window, rooms: list[Array], out: Array) -> None:
    """Weight gradients of kernel positions `start` to `stop`, counted group by group. rooms: a thread takes one for
    what it sees, [N, E, F, C/groups]; out: [groups*R*S, filters of a group, C/groups]."""
    seen, multiply = rooms.pop(), np.dot if _lets_others_run(out.shape[1:]) else np.matmul
    area = window.kernel[0] * window.kernel[1]
    for job in range(start, stop):
        _see(x, job, window.integers, seen)
        multiply(grads[job // area].T, seen.reshape(-1, out.shape[2]), out=out[job])
    rooms.append(seen)


def _lets_others_run(shape: tuple[int, ...]) -> bool:
    """Whether `np.dot` computes a product of that shape by the same BLAS routine as `np.matmul`. It is preferred, since
    it releases the GIL however small the product is."""
    return min(shape) > 1


@compiled
def _inside(s, stride, pad, outputs, inputs):  # type: ignore[no-untyped-def]
    """The first output for which kernel position s lies on the map, and the end of those outputs."""
    return max(0, -((s - pad) // stride)), min(outputs, (inputs - 1 + pad - s) // stride + 1)


@compiled
def _add(moved, position, window, out):  # type: ignore[no-untyped-def]
    """out [N, H, W, C] += moved [positions, N, E, F, C], of kernel positions from `position` on, one after the other.

    Elements of one row that are contiguous on both sides are added in one loop.
    """
    _, S, stride_y, stride_x, pad_y, pad_x, _ = window
    K, N, E, F, C = moved.shape
    H, W = out.shape[1], out.shape[2]
    rows, sums = moved.reshape(K, N, E, F * C), out.reshape(N, H, W * C)
    for n in range(N):
        for k in range(K):
            r, s = (position + k) // S, (position + k) % S
            left, right = _inside(s, stride_x, pad_x, F, W)
            top, bottom = _inside(r, stride_y, pad_y, E, H)
            together = max(1, right - left) if stride_x == 1 else 1
            for e in range(top, bottom):
                for f in range(left, right, together):
                    target = sums[n, e * stride_y - pad_y + r, (f * stride_x - pad_x + s) * C :]
                    source = rows[k, n, e, f * C :]
                    for i in range(together * C):
                        target[i] += source[i]


@compiled
def _see(x, job, window, seen):  # type: ignore[no-untyped-def]
    """seen [N, E, F, C/groups] = the elements of x [N, H, W, C] that a kernel position of a group sees, 0 outside the
    map."""
    R, S, stride_y, stride_x, pad_y, pad_x, _ = window
    N, E, F, C = seen.shape
    H, W, channels = x.shape[1], x.shape[2], x.shape[3]
    g, r, s = job // (R * S), job // S % R, job % S
    rows, lines = x.reshape(N, H, W * channels), seen.reshape(N, E, F * C)
    left, right = _inside(s, stride_x, pad_x, F, W)
    together = max(1, right - left) if stride_x == 1 and channels == C else 1
    for n in range(N):
        for e in range(E):
            y = e * stride_y - pad_y + r
            behind = max(left, right) if 0 <= y < H else left
            lines[n, e, : left * C] = 0
            lines[n, e, behind * C :] = 0
            for f in range(left, behind, together):
                source, target = rows[n, y, (f * stride_x - pad_x + s) * channels + g * C :], lines[n, e, f * C :]
                for i in range(together * C):
                    target[i] = source[i]
