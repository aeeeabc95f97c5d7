"""Trained networks evaluated under another sharing."""

from __future__ import annotations

from collections.abc import Iterator

from lifsim.engine.data import Dataset
from lifsim.engine.evaluate import Evaluation, evaluate
from lifsim.engine.inference import Engine
from lifsim.engine.training.study import Study
from lifsim.engine.weights import Weights, load_weights
from lifsim.engine.workers import Workers
from lifsim.errors import InputError
from lifsim.lazy_dataclass import dataclass
from lifsim.model.network import Network
from lifsim.model.sharing import Sharing


@dataclass(frozen=True)
class Transfer:
    """Weights trained under one sharing and run under another."""

    trained: str
    run: str
    seed: int
    accuracy: float
    spike_rate: float


def transfers(study: Study, network: Network, data: Dataset, workers: Workers) -> Iterator[Transfer]:
    """Every trial of the study under every sharing of the study. Raises InputError."""
    sharings = _sharings(study)
    for trial in study.trials:
        weights = load_weights(study.folder / trial.weights, network)
        for sharing in sharings:
            found = _evaluate(network, sharing, weights, data.held_out(trial.seed), workers)
            yield Transfer(trial.sharing, sharing, trial.seed, found.accuracy, found.spike_rate)


def _sharings(study: Study) -> list[str]:
    if not study.trials:
        raise InputError(f"{study.folder} must hold a trained network")
    return list(dict.fromkeys(trial.sharing for trial in study.trials))


def _evaluate(network: Network, sharing: str, weights: Weights, data: Dataset, workers: Workers) -> Evaluation:
    engine = Engine(network, Sharing.parse(sharing), weights, workers=workers)
    return evaluate(engine, data.x_test, data.y_test)
