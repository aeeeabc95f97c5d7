"""What trained networks do elsewhere: under another sharing, and with their smallest weights gone."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lifsim.engine.data import Dataset
from lifsim.engine.evaluate import Evaluation, evaluate
from lifsim.engine.inference import Engine
from lifsim.engine.training.study import Study, Trial
from lifsim.engine.weights import Weights, checked_weights, load_weights
from lifsim.engine.workers import Workers
from lifsim.errors import InputError
from lifsim.graph.states import states_of
from lifsim.model.network import Network
from lifsim.model.sharing import Sharing

Array = NDArray[Any]


@dataclass(frozen=True)
class Transfer:
    """Weights trained under one sharing and run under another."""

    trained: str
    run: str
    seed: int
    accuracy: float
    spike_rate: float


@dataclass(frozen=True)
class Pruned:
    """A trained network without the `share` of its weights that are smallest in magnitude.

    active_share: of the neurons, those that fire at least once on all test images. weights: what is left of them;
    lif_elements: values of all states per image.
    """

    sharing: str
    seed: int
    share: float
    accuracy: float
    active_share: float
    spike_rate: float
    weights: int
    lif_elements: int


def transfers(study: Study, network: Network, data: Dataset, workers: Workers) -> Iterator[Transfer]:
    """Every trial of the study under every sharing of the study. Raises InputError."""
    sharings = _sharings(study)
    for trial in study.trials:
        weights = load_weights(study.folder / trial.weights, network)
        for sharing in sharings:
            found = _evaluate(network, sharing, weights, data, workers)
            yield Transfer(trial.sharing, sharing, trial.seed, found.accuracy, found.spike_rate)


def prunings(
    study: Study, network: Network, data: Dataset, shares: Sequence[float], workers: Workers
) -> Iterator[Pruned]:
    """Every trial of the study at every share of pruned weights, without training it further. Raises InputError."""
    for trial in study.trials:
        weights = load_weights(study.folder / trial.weights, network)
        membranes = sum(state.values for state in states_of(network, Sharing.parse(trial.sharing)))
        for share in shares:
            yield _pruned(network, trial, weights, share, membranes, data, workers)


def _pruned(
    network: Network, trial: Trial, weights: Weights, share: float, membranes: int, data: Dataset, workers: Workers
) -> Pruned:
    cut = pruned(weights, share)
    found = _evaluate(network, trial.sharing, checked_weights(network, cut), data, workers)
    left = sum(int(np.count_nonzero(value)) for name, value in cut.items() if _prunable(name, value))
    key = trial.sharing, trial.seed, share
    return Pruned(*key, found.accuracy, found.active_share, found.spike_rate, left, membranes)


def pruned(weights: Weights, share: float) -> dict[str, Array]:
    """`weights` with the `share` of smallest magnitude, over all layers together, set to 0; biases and norms stay."""
    magnitudes = np.concatenate([np.abs(w).ravel() for name, w in weights.items() if _prunable(name, w)])
    gone = round(share * magnitudes.size)
    if gone == 0:
        return dict(weights)
    limit = np.partition(magnitudes, gone - 1)[gone - 1]
    return {
        name: np.where(np.abs(w) <= limit, 0, w).astype(w.dtype) if _prunable(name, w) else w
        for name, w in weights.items()
    }


def _prunable(name: str, value: Array) -> bool:
    return name.endswith(".weight") and value.ndim > 1


def _sharings(study: Study) -> list[str]:
    if not study.trials:
        raise InputError(f"{study.folder} must hold a trained network")
    return list(dict.fromkeys(trial.sharing for trial in study.trials))


def _evaluate(network: Network, sharing: str, weights: Weights, data: Dataset, workers: Workers) -> Evaluation:
    engine = Engine(network, Sharing.parse(sharing), weights, workers=workers)
    return evaluate(engine, data.x_test, data.y_test)
