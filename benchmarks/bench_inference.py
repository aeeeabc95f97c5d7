"""Is the engine twice as fast as SpikingJelly on PyTorch, on the CPU, and what is between it and the machine's limit?

    pip install -r benchmarks/requirements.txt
    python -m benchmarks.bench_inference                   # wall-clock time: of an idle machine
    python -m benchmarks.bench_inference --clock cpu       # of a busy one, one thread only
    python -m benchmarks.bench_inference --layers          # the limit, layer by layer; no peer needed

EfficientLIF-Net's full-width VGG-16, T = 5, 32 x 32, beside SpikingJelly's multi-step mode, in turn in one process;
the ratio is the median of the rounds' own, and beside it that of the shortest times.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable
from functools import partial
from statistics import median

import numpy as np

import lifsim
from lifsim.engine.convolution import convolve, pack_weights
from lifsim.engine.encoding import encode
from lifsim.engine.inference import Engine
from lifsim.engine.workers import Workers
from lifsim.layers.weighted import Weighted
from lifsim.model.product import Window

Clock = Callable[[], float]

CLOCKS: dict[str, Clock] = {"wall": time.perf_counter, "cpu": time.process_time}


def beside(clock: Clock, rounds: int, rate: float | None) -> None:
    """The table beside SpikingJelly."""
    import torch

    from benchmarks.bench_snn import CASES, Jelly, images, vgg16

    network, weights = vgg16(rate)
    print("| threads, batch | LIFSim | SpikingJelly | ratio | ratio of shortest |\n|---|---|---|---|---|")
    for threads, batch in CASES:
        torch.set_num_threads(threads)
        pixels = images(network, batch)
        engine = Engine(network, lifsim.Sharing(), weights, workers=Workers(threads))
        ours, theirs = partial(engine.run, encode(network, pixels)), Jelly(network, weights, "m")
        difference = np.abs(ours().outputs - theirs.infer(torch.from_numpy(pixels)).numpy()).max()
        first, second = in_turn(clock, rounds, ours, partial(theirs.infer, torch.from_numpy(pixels)))
        ratio, shortest = median(b / a for a, b in zip(first, second, strict=True)), min(second) / min(first)
        figures = f"{median(first):.1f} ms ({min(first):.1f}) | {median(second):.1f} ms ({min(second):.1f})"
        print(f"| {threads}, {batch} | {figures} | {ratio:.2f} x | {shortest:.2f} x |", flush=True)
        print(f"{threads}, {batch}: outputs differ by up to {difference:.1g}", file=sys.stderr, flush=True)


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


def layers(clock: Clock, rounds: int, rate: float | None) -> None:
    """What each layer adds, how fast, and what the matrix product of its whole windows would take at batch 1."""
    from benchmarks.bench_snn import images, vgg16

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
    parser.add_argument("--layers", action="store_true", help="the limit, instead of the peer")
    given = parser.parse_args()
    (layers if given.layers else beside)(CLOCKS[given.clock], given.rounds, given.rate)


if __name__ == "__main__":
    main()
