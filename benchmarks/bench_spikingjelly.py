"""Is the engine as fast as SpikingJelly on PyTorch? On the CPU, the same network, weights, images and threads.

    pip install -r benchmarks/requirements.txt
    python -m benchmarks run spikingjelly

Inference of EfficientLIF-Net's full-width VGG-16, T = 5, 32 x 32, and a training step of digits_cnn on 64 images,
beside SpikingJelly's multi-step mode, in turn in one process. Without PyTorch, LIFSim alone.

A turn is several calls one behind the other, as in a training loop: threads of OpenMP, and ours, stay awake for a while
behind a call, and so keep the other side's from the processors at the beginning of its turn.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec

import numpy as np

import lifsim
from benchmarks.bench_roofline import SGEMM
from benchmarks.bench_snn import CASES, Jelly, images, vgg16
from benchmarks.frame.figure import Figure, Limit, Target
from benchmarks.frame.paired import Pair, in_process
from benchmarks.frame.session import Session
from lifsim.engine.encoding import encode
from lifsim.engine.inference import Engine
from lifsim.engine.initial import random_weights
from lifsim.engine.training.backprop import Learner
from lifsim.engine.training.loss import cross_entropy
from lifsim.engine.training.optimiser import Sgd
from lifsim.engine.weights import Weights
from lifsim.engine.workers import Workers
from lifsim.model.network import Network

TRAINED = 64
"""Images of a training step."""

WARM_UP = 2

CALLS = 5
"""Of a turn."""


def figures(session: Session) -> Iterator[Figure]:
    """Inference, then training, on one thread and on two."""
    network, weights = vgg16(None)
    for threads, batch in CASES:
        pixels = images(network, batch)
        engine = Engine(network, lifsim.Sharing(), weights, workers=Workers(threads))
        theirs = _inference(_peer(network, weights, threads), pixels)
        pair = _in_turn(partial(engine.run, encode(network, pixels)), theirs, session.rounds)
        products = session.seconds(SGEMM.format(threads), _gigaflops(network, batch))
        yield _figure(f"VGG-16, threads: {threads}, batch {batch}", pair, 2.0, products)
    network = lifsim.load_workload("digits_cnn")
    weights = random_weights(network, 0)
    pixels, labels = images(network, TRAINED), np.random.default_rng(2).integers(0, 10, TRAINED)
    for threads in (1, 2):
        theirs = _training(_peer(network, weights, threads), pixels, labels)
        pair = _in_turn(_step(network, weights, threads, pixels, labels), theirs, session.rounds)
        yield _figure(f"a training step of digits_cnn, threads: {threads}, batch {TRAINED}", pair, 1.2, None)


def _in_turn(ours: Callable[[], object], theirs: Callable[[], object] | None, rounds: int) -> Pair:
    """Seconds of `CALLS` calls each."""
    return in_process(_often(ours), theirs and _often(theirs), rounds, warm_up=WARM_UP)


def _often(call: Callable[[], object]) -> Callable[[], None]:
    def turn() -> None:
        for _ in range(CALLS):
            call()

    return turn


def _figure(name: str, pair: Pair, ratio: float, seconds: Limit | None) -> Figure:
    """In milliseconds a call."""
    theirs = pair.theirs and pair.theirs.scaled(1e3 / CALLS)
    limit = seconds and Limit(1e3 * seconds.value, f"its products of matrices at {seconds.of}")
    return Figure(
        name, "ms", pair.ours.scaled(1e3 / CALLS), _peer_name(), theirs, target=Target(ratio, "ratio"), limit=limit
    )


def _peer(network: Network, weights: Weights, threads: int) -> Jelly | None:
    """SpikingJelly's network; None where it is not installed."""
    if find_spec("torch") is None or find_spec("spikingjelly") is None:
        return None
    import torch

    torch.set_num_threads(threads)
    return Jelly(network, weights, "m")


def _inference(peer: Jelly | None, pixels: np.ndarray) -> Callable[[], object] | None:
    return None if peer is None else partial(peer.infer, peer.torch.from_numpy(pixels))


def _training(peer: Jelly | None, pixels: np.ndarray, labels: np.ndarray) -> Callable[[], object] | None:
    if peer is None:
        return None
    return peer.trainer(peer.torch.from_numpy(pixels), peer.torch.from_numpy(labels))


def _peer_name() -> str:
    try:
        return f"SpikingJelly {version('spikingjelly')}, multi-step"
    except PackageNotFoundError:
        return "SpikingJelly, multi-step"


def _step(
    network: Network, weights: Weights, threads: int, pixels: np.ndarray, labels: np.ndarray
) -> Callable[[], object]:
    """Forward, backward, SGD with momentum; the next call goes on from there."""
    learner = Learner(network, lifsim.Sharing(), workers=Workers(threads))
    state: dict[str, dict[str, np.ndarray]] = {"weights": dict(weights), "memory": {}}

    def step() -> None:
        run = learner.forward(state["weights"], pixels[None])
        gradients = run.backward(cross_entropy(run.outputs, labels)[1])
        after, state["memory"] = Sgd(0.0, 0.9).step(state["weights"], gradients, state["memory"], 0.01)
        state["weights"] = after | run.running_statistics()

    return step


def _gigaflops(network: Network, batch: int) -> float:
    """Of the products of all layers, dense: a multiplication and an addition for each weight of each output."""
    return 2e-9 * batch * sum(layer.macs_per_round * layer.rounds for layer in network.layers)
