"""Training epoch by epoch. It may be resumed after any epoch, and gives the same bits."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lifsim.engine.data import Dataset
from lifsim.engine.encoding import encode
from lifsim.engine.evaluate import Evaluation, evaluate
from lifsim.engine.inference import Engine, checked_input
from lifsim.engine.initial import random_weights
from lifsim.engine.training.backprop import Learner
from lifsim.engine.training.loss import cross_entropy
from lifsim.engine.training.optimiser import Adam, Optimiser, cosine_rate
from lifsim.engine.weights import checked_weights
from lifsim.errors import Fault, InputError
from lifsim.lazy_dataclass import dataclass
from lifsim.model.network import Network

Array = NDArray[Any]
Progress = Callable[["BatchReport"], None]


@dataclass(frozen=True)
class Recipe:
    """How to train. rate: learning rate at the start, falling to 0 along half a cosine over all epochs. shift: training
    images are shifted at random by up to this many pixels along each axis."""

    epochs: int = 30
    batch: int = 64
    rate: float = 1e-2
    optimiser: Optimiser = field(default_factory=Adam)
    seed: int = 0
    shift: int = 0

    def __post_init__(self) -> None:
        faults = [
            Fault(f"{value} must be >= {least}", path=name)
            for name, value, least in (
                ("epochs", self.epochs, 1),
                ("batch", self.batch, 2),
                ("seed", self.seed, 0),
                ("shift", self.shift, 0),
            )
            if value < least
        ]
        if not 0 < self.rate < float("inf"):
            faults.append(Fault(f"{self.rate} must be finite and > 0", path="learning rate"))
        if faults:
            raise InputError(faults)


@dataclass(frozen=True)
class BatchReport:
    """The report after a batch: the epoch (from 1), batches done in it, batches per epoch, the batch's loss and
    accuracy."""

    epoch: int
    done: int
    batches: int
    loss: float
    accuracy: float


@dataclass(frozen=True)
class EpochReport:
    """The report after an epoch: mean training loss and accuracy, and the evaluation on the test images."""

    epoch: int
    loss: float
    accuracy: float
    test: Evaluation


@dataclass(frozen=True)
class Progressed:
    """Training up to the end of epoch `epoch`: everything needed to continue."""

    epoch: int
    weights: Mapping[str, Array]
    memory: Mapping[str, Array]


def usual_batch(data: Dataset) -> int:
    """64 images, or a quarter of the training images where they are fewer than 256."""
    return max(2, min(64, len(data.x_train) // 4))


def start(network: Network, seed: int) -> Progressed:
    """Before the first epoch."""
    return Progressed(0, dict(random_weights(network, seed)), {})


def train(
    learner: Learner,
    data: Dataset,
    recipe: Recipe,
    begin: Progressed,
    progress: Progress = lambda _: None,
    *,
    kept: Mapping[str, Array] | None = None,
) -> Iterator[tuple[Progressed, EpochReport]]:
    """Train from `begin` to the recipe's last epoch, and yield the state after each epoch. kept: masks by name of the
    weights that are not pruned; the others get no gradient, so that they stay 0.

    An epoch's order, shifts and rate-coded spikes depend on (seed, epoch) alone, so that training resumed at an epoch
    ends with the bits of training that was never interrupted. Raises InputError.
    """
    data = data.held_out(recipe.seed)
    if len(data.x_train) < recipe.batch:
        raise InputError(Fault(f"{recipe.batch} must be <= the {len(data.x_train)} training images", path="batch"))
    learner.prepare()
    now = begin
    for epoch in range(begin.epoch, recipe.epochs):
        now, loss, accuracy = _epoch(learner, data, recipe, now, progress, kept or {})
        weights = checked_weights(learner.network, now.weights, f"epoch {epoch + 1}")
        engine = Engine(learner.network, learner.sharing, weights, learner.dtype, learner.workers)
        yield now, EpochReport(epoch + 1, loss, accuracy, evaluate(engine, data.x_test, data.y_test))


def _epoch(
    learner: Learner,
    data: Dataset,
    recipe: Recipe,
    now: Progressed,
    progress: Progress,
    kept: Mapping[str, Array],
) -> tuple[Progressed, float, float]:
    rng = np.random.default_rng([recipe.seed, now.epoch])
    order = rng.permutation(len(data.x_train))
    batches = len(order) // recipe.batch  # what is left over is dropped, as its batch statistics would be noisier
    weights, memory = now.weights, now.memory
    losses, right = [], 0
    for index in range(batches):
        chosen = order[index * recipe.batch : (index + 1) * recipe.batch]
        images = shifted(data.x_train[chosen], recipe.shift, rng)
        spikes_seed = int(rng.integers(1 << 31))
        x = checked_input(learner.network, encode(learner.network, images, spikes_seed), learner.dtype)
        run = learner.forward(weights, x)
        loss, grad = cross_entropy(run.outputs, data.y_train[chosen])
        gradients = run.backward(grad)
        gradients |= {name: gradients[name] * moves for name, moves in kept.items()}
        rate = cosine_rate(recipe.rate, now.epoch * batches + index, recipe.epochs * batches)
        stepped, memory = recipe.optimiser.step(weights, gradients, memory, rate)
        weights = {name: value.astype(np.float32) for name, value in (stepped | run.running_statistics()).items()}
        hits = int((run.outputs.mean(axis=0).argmax(axis=1) == data.y_train[chosen]).sum())
        losses.append(loss)
        right += hits
        progress(BatchReport(now.epoch + 1, index + 1, batches, loss, hits / recipe.batch))
    return Progressed(now.epoch + 1, weights, memory), float(np.mean(losses)), right / (batches * recipe.batch)


def shifted(images: Array, reach: int, rng: np.random.Generator) -> Array:
    """Each image [N, C, H, W] shifted at random by up to `reach` pixels along the axes of its map; pixels shifted in
    are 0."""
    if reach == 0 or images.ndim != 4:
        return images
    out = np.zeros_like(images)
    height, width = images.shape[2:]
    moves = rng.integers(-reach, reach + 1, (len(images), 2)) * (np.array([height, width]) > 1)
    for image, moved, (down, right) in zip(images, out, moves, strict=True):
        rows, cols = slice(max(0, down), height + min(0, down)), slice(max(0, right), width + min(0, right))
        source_rows = slice(max(0, -down), height + min(0, -down))
        source_cols = slice(max(0, -right), width + min(0, -right))
        moved[:, rows, cols] = image[:, source_rows, source_cols]
    return out
