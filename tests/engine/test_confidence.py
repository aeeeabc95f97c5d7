"""Does an image exit at the first timestep at which its mean output is sure enough, and is what that costs told?"""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest

import lifsim
from lifsim.config.workload import load_workload
from lifsim.engine.confidence import answer, confidence, sure_after
from lifsim.engine.data import load_digits
from lifsim.engine.encoding import encode
from lifsim.engine.inference import Engine
from lifsim.engine.initial import random_weights
from lifsim.engine.weights import save_arrays
from lifsim.model.sharing import Sharing


def outputs_of(values: list[list[list[float]]]) -> np.ndarray:
    return np.array(values, np.float32)


def test_by_hand() -> None:
    """Two images of two classes, three timesteps. Of the first the difference of the means is 0, 1, 2; of the second 3,
    1, 0: softmax of a difference d is 1 / (1 + e^-d)."""
    outputs = outputs_of([[[0, 0], [3, 0]], [[2, 0], [0, 1]], [[4, 0], [0, 2]]])
    sure = [[1 / (1 + math.exp(-d)) for d in row] for row in ((0, 3), (1, 1), (2, 0))]
    assert confidence(outputs) == pytest.approx(np.array(sure))
    assert sure_after(outputs, 0.7).tolist() == [2, 1]
    assert sure_after(outputs, 0.8).tolist() == [3, 1]
    assert sure_after(outputs, 0.99).tolist() == [3, 3]  # never
    assert answer(outputs, np.array([1, 2])).tolist() == [0, 0]


def test_outputs_of_any_size_are_sure_of_something() -> None:
    outputs = outputs_of([[[1e30, 0.0]], [[-1e30, 0.0]]])
    assert confidence(outputs).tolist() == [[1.0], [0.5]]


@pytest.mark.parametrize("sharing", ["none", "channel2"])
def test_a_run_exits_where_the_engine_is_sure(tmp_path: Path, sharing: str) -> None:
    network = load_workload("digits_cnn")
    weights = {name: 3 * values if values.ndim > 1 else values for name, values in random_weights(network, 5).items()}
    save_arrays(tmp_path / "w.npz", weights)
    data, batch = load_digits(), 12
    engine = Engine(network, Sharing.parse(sharing), weights)
    outputs = engine.run(encode(network, data.x_test[:batch])).outputs.astype(float)
    least = float(np.median(confidence(outputs)))
    steps = []
    for image in range(batch):  # an image, a timestep at a time
        for timestep in range(network.timesteps):
            mean = outputs[: timestep + 1, image].mean(axis=0)
            if max(math.exp(one - mean.max()) for one in mean) / sum(np.exp(mean - mean.max())) >= least:
                break
        steps.append(timestep + 1)
    assert len(set(steps)) > 1
    result = lifsim.run(
        workload="digits_cnn", sharing=sharing, spikes="engine", weights=tmp_path / "w.npz", images="digits",
        batch=batch, schedule="timestep", exit_confidence=least, overrides=["dram.model=ideal"],
    )  # fmt: skip
    assert result.exits is not None
    assert list(result.exits.exits.steps) == steps
    labels = data.y_test[:batch]
    early = [outputs[:step, image].mean(axis=0).argmax() for image, step in enumerate(steps)]
    accuracy = result.exits.accuracy
    assert accuracy is not None
    assert accuracy.early == np.mean(early == labels)
    assert accuracy.full == np.mean(outputs.mean(axis=0).argmax(axis=1) == labels)
    told = result.exits.tree(None)["accuracy"]
    assert told == {"early": accuracy.early, "all_timesteps": accuracy.full, "images": batch}


def test_images_without_labels_have_no_accuracy(tmp_path: Path) -> None:
    save_arrays(tmp_path / "w.npz", random_weights(load_workload("digits_cnn"), 5))
    result = lifsim.run(
        workload="digits_cnn", spikes="engine", weights=tmp_path / "w.npz", batch=2,
        schedule="timestep", exit_confidence=0.2, overrides=["dram.model=ideal"],
    )  # fmt: skip
    assert result.exits is not None
    assert result.exits.accuracy is None
    assert "accuracy" not in result.exits.tree(None)
