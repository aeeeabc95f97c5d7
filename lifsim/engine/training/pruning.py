"""Magnitude pruning of a trained network, cut by cut, with or without training after each.

A cut sets the weights of smallest magnitude to 0, over all layers together, biases and norms aside, until the share is
reached; these weights stay 0. Training after a cut follows the network's own recipe with its learning rate from the
start (learning-rate rewinding: Renda et al., ICLR 2020), for a given number of epochs.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lifsim.config import defaults
from lifsim.engine.data import Dataset
from lifsim.engine.evaluate import evaluate
from lifsim.engine.inference import Engine
from lifsim.engine.training.backprop import Learner
from lifsim.engine.training.loop import Progressed, Recipe, train
from lifsim.engine.weights import Weights, checked_weights
from lifsim.errors import Fault, InputError
from lifsim.lazy_dataclass import dataclass

Array = NDArray[Any]


@dataclass(frozen=True)
class Cuts:
    """Which shares of the weights are to be pruned, ascending, and how many epochs of training follow each cut, 0 for
    none. Raises InputError."""

    shares: tuple[float, ...] = defaults.PRUNED_SHARES
    retrain_epochs: int = defaults.RETRAIN_EPOCHS

    def __post_init__(self) -> None:
        faults = [Fault(f"{one} must be >= 0 and < 1", path="shares") for one in self.shares if not 0 <= one < 1]
        if not self.shares:
            faults.append(Fault("must be one share or more", path="shares"))
        if self.retrain_epochs < 0:
            faults.append(Fault(f"{self.retrain_epochs} must be >= 0", path="retrain epochs"))
        if faults:
            raise InputError(faults)

    @classmethod
    def of(cls, shares: Iterable[float], retrain_epochs: int = defaults.RETRAIN_EPOCHS) -> Cuts:
        """Shares in any order."""
        return cls(tuple(sorted(set(shares))), retrain_epochs)


@dataclass(frozen=True)
class Cut:
    """A network with the `share` of its weights pruned, on the test images (lifsim.engine.evaluate.Evaluation).

    active_share: share of the neurons that fire at least once over all test images. weights: how many are left.
    """

    share: float
    accuracy: float
    active_share: float
    spike_rate: float
    weights: int


def cut_down(learner: Learner, data: Dataset, recipe: Recipe, weights: Weights, cuts: Cuts) -> Iterator[Cut]:
    """The network after each cut, starting from its trained `weights`. recipe: of its training, with its seed. A share
    of 0 is the trained network itself. Raises InputError."""
    now: Mapping[str, Array] = weights
    test = data.held_out(recipe.seed)
    for share in cuts.shares:
        now = pruned(now, share)
        if share and cuts.retrain_epochs:
            now = _trained(learner, data, replace(recipe, epochs=cuts.retrain_epochs), now)
        checked = checked_weights(learner.network, now)
        engine = Engine(learner.network, learner.sharing, checked, learner.dtype, learner.workers)
        found = evaluate(engine, test.x_test, test.y_test)
        left = sum(int(np.count_nonzero(value)) for value in _prunable(now).values())
        yield Cut(share, found.accuracy, found.active_share, found.spike_rate, left)


def pruned(weights: Mapping[str, Array], share: float) -> dict[str, Array]:
    """`weights` with the `share` of smallest magnitude, over all layers together, set to 0; biases and norms stay."""
    magnitudes = np.concatenate([np.abs(value).ravel() for value in _prunable(weights).values()])
    gone = round(share * magnitudes.size)
    if gone == 0:
        return dict(weights)
    limit = np.partition(magnitudes, gone - 1)[gone - 1]
    smaller = {
        name: np.where(np.abs(value) <= limit, 0, value).astype(value.dtype)
        for name, value in _prunable(weights).items()
    }
    return {**weights, **smaller}


def _trained(learner: Learner, data: Dataset, recipe: Recipe, weights: Mapping[str, Array]) -> Mapping[str, Array]:
    kept = {name: value != 0 for name, value in _prunable(weights).items()}
    *_, (now, _) = train(learner, data, recipe, Progressed(0, weights, {}), kept=kept)
    return now.weights


def _prunable(weights: Mapping[str, Array]) -> dict[str, Array]:
    return {name: value for name, value in weights.items() if name.endswith(".weight") and value.ndim > 1}
