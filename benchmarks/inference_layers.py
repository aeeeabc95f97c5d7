"""What is between the engine's inference and the machine's limit, layer by layer?

    python -m benchmarks.inference_layers                 # wall-clock time: of an idle machine
    python -m benchmarks.inference_layers --clock cpu     # of a busy one

EfficientLIF-Net's full-width VGG-16, T = 5, 32 x 32, one image on one thread: what each layer adds, how fast, and how
long a plain product of matrices would take. `python -m benchmarks run spikingjelly` has the whole beside its peer.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable
from functools import partial

import numpy as np

import lifsim
from benchmarks.bench_snn import images, vgg16
from lifsim.engine.convolution import convolve, pack_weights
from lifsim.engine.encoding import encode
from lifsim.engine.inference import Engine
from lifsim.engine.workers import Workers
from lifsim.layers.weighted import Weighted
from lifsim.model.product import Window

Clock = Callable[[], float]

CLOCKS: dict[str, Clock] = {"wall": time.perf_counter, "cpu": time.process_time}


def in_turn(clock: Clock, rounds: int, *calls: Callable[[], object]) -> list[list[float]]:
    """Milliseconds of each call, one after the other, so many rounds after two to warm up."""
    times: list[list[float]] = [[] for _ in calls]
    for index in range(rounds + 2):
        for call, found in zip(calls, times, strict=True):
            start = clock()
            call()
            if index >= 2:
                found.append(1e3 * (clock() - start))
    return times


def table(clock: Clock, rounds: int, rate: float | None) -> None:
    """What each layer adds, how fast, and what the matrix product of its whole windows would take at batch 1."""
    network, weights = vgg16(rate)
    one = Workers(1)
    seen: dict[str, np.ndarray] = {}
    x = encode(network, images(network, 1))
    Engine(network, lifsim.Sharing(), weights, workers=one).run(
        x, lambda node, _, value: seen.__setitem__(node.name, np.ascontiguousarray(np.moveaxis(value, 2, -1)))
    )
    print(f"additions of weights in the first cache: {nearest(clock, rounds):.1f} G/s; batch 1, one thread, shortest")
    print("| layer | rate | M additions | ms | G/s | matrix product, ms |\n|---|---|---|---|---|---|")
    for node in network.nodes:
        if not isinstance(node, Weighted) or not network.node(node.inputs[0]).output.is_spikes:
            continue
        maps, filters = node.maps(seen[node.inputs[0]]), node.window.out_shape[0]
        rows = pack_weights(weights[f"{node.name}.weight"], 1)
        affine = np.ones(filters, np.float32), np.zeros(filters, np.float32)
        run = partial(convolve, maps, rows, node.window, one, *affine, spikes=True)
        added = additions(maps, node.window)
        window = weights[f"{node.name}.weight"].reshape(filters, -1).T.copy()
        outputs = len(maps) * int(np.prod(node.window.out_shape[1:]))
        dense = partial(np.matmul, np.ones((outputs, len(window)), np.float32), window)
        ours, product = (min(found) for found in in_turn(clock, rounds, run, dense))
        figures = f"{maps.mean():.3f} | {added / 1e6:.0f} | {ours:.2f} | {added / ours / 1e6:.1f} | {product:.2f}"
        print(f"| {node.name} | {figures} |", flush=True)


def additions(maps: np.ndarray, window: Window) -> int:
    """Events that the outputs see, times filters."""
    filters, height, width = window.out_shape
    (top, left), (down, right) = window.padding, window.stride
    padded = np.pad(maps.sum(axis=3, dtype=np.int64), ((0, 0), (top, top), (left, left)))
    seen = 0
    for r in range(window.kernel[0]):
        for s in range(window.kernel[1]):
            seen += int(padded[:, r : r + down * height : down, s : s + right * width : right].sum())
    return seen * filters


def nearest(clock: Clock, rounds: int) -> float:
    """Billions of additions a second where nothing has to come from far."""
    window, ones = Window((128, 16, 16), (64, 16, 16), (1, 1)), np.ones((8, 16, 16, 128), np.uint8)
    rows, affine = pack_weights(np.ones((64, 128, 1, 1), np.float32), 1), (np.ones(64, np.float32),) * 2
    run = partial(convolve, ones, rows, window, Workers(1), *affine, spikes=True)
    return additions(ones, window) / min(in_turn(clock, 5 * rounds, run)[0]) / 1e6


def main() -> None:
    """Print a table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--rate", type=float, help="spike rate of all layers (default: the workload's)")
    parser.add_argument("--clock", choices=sorted(CLOCKS), default="wall")
    given = parser.parse_args()
    table(CLOCKS[given.clock], given.rounds, given.rate)


if __name__ == "__main__":
    main()
