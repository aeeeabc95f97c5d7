"""Are logits, spikes, membranes and gradients of `lifsim.infer` and `lifsim.gradients` those of a walk in plain loops,
of SpikingJelly, and of the engine's parts; and is every fault told?"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import lifsim
from lifsim.config.document import parse_document
from lifsim.config.workload import network_of
from lifsim.engine.data import load_dataset
from lifsim.engine.encoding import encode
from lifsim.engine.initial import random_weights
from lifsim.engine.training.backprop import Learner
from lifsim.engine.training.loss import cross_entropy
from lifsim.engine.weights import save_arrays

TAU, T = 2.0, 5
PLAIN = f"""
name: plain
timesteps: {T}
input: {{shape: [3, 2, 2]}}
neuron: {{tau: {TAU}, reset: soft}}
layers:
- {{name: conv1, op: conv, out: 4, kernel: 1}}
- {{name: lif1, op: lif}}
- {{name: fc, op: linear, out: 6, bias: true}}
"""


def _network(text: str = PLAIN, *changes: tuple[str, str]) -> lifsim.Network:
    for old, new in changes:
        text = text.replace(old, new)
    return network_of(parse_document(text, "plain.yaml"))


def _weights(seed: int = 0) -> dict[str, np.ndarray]:
    rng = np.random.default_rng(seed)
    shapes = {"conv1.weight": (4, 3, 1, 1), "fc.weight": (6, 16), "fc.bias": (6,)}
    return {name: rng.normal(0.3, 1, shape) for name, shape in shapes.items()}


def _images(count: int, seed: int = 1) -> np.ndarray:
    return np.random.default_rng(seed).random((count, 3, 2, 2)) * 2


def _walk(weights: dict[str, np.ndarray], image: np.ndarray, groups: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """[T, 6] outputs, [T, 4, 2, 2] spikes, [4 / groups, 2, 2] membranes of one image, neuron by neuron."""
    each = 4 // groups
    membranes, spikes, outputs = np.zeros((each, 2, 2)), np.zeros((T, 4, 2, 2), bool), np.zeros((T, 6))
    for t in range(T):
        for m in range(4):
            for y in range(2):
                for x in range(2):
                    drive = sum(weights["conv1.weight"][m, c, 0, 0] * image[c, y, x] for c in range(3))
                    u = membranes[m % each, y, x]
                    u += (drive - u) / TAU
                    spikes[t, m, y, x] = u >= 1
                    membranes[m % each, y, x] = u - 1 if u >= 1 else u
        for f in range(6):
            outputs[t, f] = weights["fc.bias"][f] + sum(weights["fc.weight"][f] * spikes[t].ravel())
    return outputs, spikes, membranes


@pytest.mark.parametrize(("sharing", "groups"), [("none", 1), ("channel2", 2), ("channel4", 4)])
def test_a_batch_is_what_a_walk_makes_of_it(sharing: str, groups: int) -> None:
    weights, images = _weights(), _images(3)
    found = lifsim.infer(_network(), weights, images, sharing, dtype=np.float64)
    logits, spikes = found
    for image in range(3):
        outputs, fired, membranes = _walk(weights, images[image], groups)
        np.testing.assert_allclose(found.outputs[:, image], outputs, atol=1e-12)
        np.testing.assert_allclose(logits[image], outputs.mean(axis=0), atol=1e-12)
        assert np.array_equal(spikes["lif1"][:, image], fired)
        np.testing.assert_allclose(found.membranes["lif1"][image], membranes, atol=1e-12)
    assert spikes["lif1"].dtype == bool
    assert spikes["lif1"].any()


def test_neither_other_images_nor_threads_change_a_bit() -> None:
    weights, images = _weights(), _images(130)
    together = lifsim.infer(_network(), weights, images)
    assert together.outputs.dtype == np.float32
    for first in (0, 63, 64, 129):
        alone = lifsim.infer(_network(), weights, images[first : first + 1], threads=1)
        assert np.array_equal(alone.outputs[:, 0], together.outputs[:, first])
        assert np.array_equal(alone.spikes["lif1"][:, 0], together.spikes["lif1"][:, first])
        assert np.array_equal(alone.membranes["lif1"][0], together.membranes["lif1"][first])


def test_weights_come_from_arrays_lists_and_files_alike(tmp_path: Path) -> None:
    weights, images = {name: value.astype(np.float32) for name, value in _weights().items()}, _images(2)
    save_arrays(tmp_path / "w.npz", weights)
    np.savez(tmp_path / "x.npz", x=images)
    expected = lifsim.infer(_network(), weights, images)
    for given in (tmp_path / "w.npz", str(tmp_path / "w.npz")):
        assert np.array_equal(lifsim.infer(_network(), given, images).outputs, expected.outputs)
    assert np.array_equal(lifsim.infer(_network(), weights, tmp_path / "x.npz").outputs, expected.outputs)
    assert np.array_equal(lifsim.infer(_network(), weights, images.tolist()).outputs, expected.outputs)
    assert lifsim.infer(_network(), weights, images, batch=1).logits.shape == (1, 6)
    longer = lifsim.infer(_network(), weights, images, timesteps=T + 2)
    assert np.array_equal(longer.outputs[:T], expected.outputs)
    assert longer.spikes["lif1"].shape[0] == T + 2


def test_events_and_rates_go_in_as_they_are_encoded() -> None:
    weights = _weights()
    events = np.random.default_rng(2).random((T, 70, 3, 2, 2)) < 0.5
    event = _network(PLAIN, ("shape: [3, 2, 2]", "shape: [3, 2, 2], encoding: event"))
    found = lifsim.infer(event, weights, events)
    assert found.spikes["lif1"].shape == (T, 70, 4, 2, 2)
    assert np.array_equal(lifsim.infer(event, weights, events[:, 66:67]).outputs[:, 0], found.outputs[:, 66])
    rate = _network(PLAIN, ("shape: [3, 2, 2]", "shape: [3, 2, 2], encoding: rate"))
    images = _images(70) / 2
    drawn = lifsim.infer(event, weights, encode(rate, images, 7)).outputs
    assert np.array_equal(lifsim.infer(rate, weights, images, seed=7).outputs, drawn)
    with pytest.raises(lifsim.InputError, match=r"images: pixels must be in \[0, 1\]"):
        lifsim.infer(rate, weights, images * 3)


@pytest.mark.slow
def test_shipped_names_are_the_engine_s_own() -> None:
    network = lifsim.load_workload("digits_cnn")
    data = load_dataset("digits", network)
    by_name = lifsim.infer("digits_cnn", "random", "digits", batch=3, seed=4)
    by_arrays = lifsim.infer(network, random_weights(network, 4), data.x_test[:3])
    assert np.array_equal(by_name.outputs, by_arrays.outputs)
    slopes = lifsim.gradients("digits_cnn", "random", "digits", batch=5)
    own = lifsim.gradients(network, random_weights(network, 0), data.x_train[:5], data.y_train[:5])
    assert slopes.loss == own.loss
    assert all(np.array_equal(slopes[name], own[name]) for name in own)


@pytest.mark.slow
def test_calibrated_weights_fire_at_the_rates() -> None:
    found = lifsim.infer("lenet5_mnist", "calibrated", "random", batch=4, timesteps=32)
    stated = lifsim.load_workload("lenet5_mnist").spikes.rates
    assert found.spikes["lif3"].mean() == pytest.approx(np.mean(stated["fc2"]), abs=0.02)


@pytest.mark.parametrize("bptt", ["stored", "recomputed"])
@pytest.mark.parametrize("name", ["none", "none_soft", "layer", "channel2"])
def test_gradients_are_pytorch_s(figures: Path, name: str, bptt: str) -> None:
    with np.load(figures / f"snn_tiny_grad_{name}.npz", allow_pickle=False) as archive:
        vectors: dict[str, Any] = dict(archive)
    hard = not np.isnan(vectors["v_reset"])
    network = _network(
        f"""
name: tiny
timesteps: {int(vectors["T"])}
input: {{shape: [3, 8, 8]}}
neuron: {{reset: {"hard" if hard else "soft"}}}
layers:
- {{name: conv1, op: conv, out: 8, kernel: 3, padding: 1, batch_norm: true}}
- {{name: lif1, op: lif}}
- {{name: conv2, op: conv, out: 8, kernel: 3, padding: 1, batch_norm: true}}
- {{name: lif2, op: lif}}
- {{name: pool, op: {vectors["pool"]}_pool, kernel: 2}}
- {{name: fc, op: linear, out: 10, bias: true}}
"""
    )
    theirs = {f"conv{i}.bn.{term}": f"bn{i}.{term}" for i in (1, 2) for term in ("weight", "bias")}
    running = {f"conv{i}.bn.{term}": f"bn{i}.{term}" for i in (1, 2) for term in ("running_mean", "running_var")}
    theirs |= {one: one for one in ("conv1.weight", "conv2.weight", "fc.weight", "fc.bias")}
    weights = {one: vectors[f"param_{other}"] for one, other in (theirs | running).items()}
    options = {"bptt": bptt, "alpha": float(vectors["alpha"]), "with_input": True, "dtype": np.float64}
    sharing = name.removesuffix("_soft")
    found = lifsim.gradients(network, weights, vectors["x"], vectors["y"], sharing, **options)
    assert found.loss == pytest.approx(float(vectors["loss_f64"]), rel=1e-6)
    np.testing.assert_allclose(found.logits, vectors["outputs"].mean(axis=0), atol=1e-5)
    assert set(found) == set(theirs)
    for one, other in theirs.items():
        exact = vectors[f"grad64_{other}"]
        assert np.abs(found[one] - exact).max() <= 1e-9 * np.abs(exact).max(), one
    assert found.input is not None
    np.testing.assert_allclose(found.input[0], vectors["grad64_x"], atol=1e-9)
    with pytest.raises(KeyError, match=r"did you mean 'conv1\.weight'"):
        found["conv1.wieght"]


def test_rounded_states_are_those_of_the_engine() -> None:
    from lifsim.engine.training.state_grid import StateGrid

    network, weights, images, labels = _network(), _weights(), _images(4), np.array([0, 1, 2, 3])
    found = lifsim.gradients(network, weights, images, labels, membrane_bits=6, dtype=np.float64)
    run = Learner(network, lifsim.Sharing(), dtype=np.float64, grid=StateGrid(6, 1)).forward(weights, images[None])
    own = run.backward(cross_entropy(run.outputs, labels)[1])
    assert all(np.array_equal(found[name], own[name]) for name in own)
    plain = lifsim.gradients(network, weights, images, labels, dtype=np.float64)
    assert not np.array_equal(plain["conv1.weight"], found["conv1.weight"])
    assert plain.input is None


GOOD: dict[str, Any] = {"workload": _network(), "weights": _weights(), "images": _images(2)}


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        ({"workload": "nope"}, "must be a file or a shipped workload"),
        ({"workload": 3}, "workload: 3 must be a name, a path or an object"),
        ({"weights": {}}, "weights conv1.weight: must be there"),
        ({"weights": {**_weights(), "fc.bais": np.zeros(6)}}, "did you mean 'fc.bias'"),
        ({"weights": {**_weights(), "fc.bias": np.zeros(5)}}, r"shape \[5\] must be \[6\]"),
        ({"weights": {**_weights(), "fc.bias": np.full(6, np.nan)}}, "6 of 6 values are not finite"),
        ({"weights": {**_weights(), "fc.bias": "x"}}, "weights.fc.bias: must be an array of numbers"),
        ({"weights": {**_weights(), "fc.bias": [[1], [1, 2]]}}, "weights.fc.bias: must be an array of numbers"),
        ({"weights": 3}, "weights: 3 must be arrays by name"),
        ({"weights": "nope.npz"}, "nope.npz: no such file"),
        ({"images": np.zeros((2, 3, 2, 3))}, r"images: shape \[2, 3, 2, 3\] must be \[B, 3, 2, 2\]"),
        ({"images": np.zeros((0, 3, 2, 2))}, r"images: shape \[0, 3, 2, 2\]"),
        ({"images": np.full((2, 3, 2, 2), np.inf)}, "images: 24 of 24 values are not finite"),
        ({"images": "digtis"}, "images: .* did you mean 'digits'"),
        ({"images": "digits"}, "images"),
        ({"images": None}, "images: must be an array of numbers"),
        ({"images": 3.0}, "images"),
        ({"sharing": "channel3"}, "3"),
        ({"sharing": "chanel2"}, "did you mean 'channel2'"),
        ({"sharing": 3}, "sharing"),
        ({"timesteps": 0}, "timesteps: 0 must be a whole number from 1 to 1024"),
        ({"timesteps": "4"}, "timesteps: '4' must"),
        ({"batch": 0}, "batch: 0 must"),
        ({"seed": None}, "seed: null must"),
        ({"threads": 0, "seed": -1, "dtype": "int8"}, "threads: 0 must"),
        ({"dtype": None}, "dtype: null must be float32 or float64"),
        ({"overrides": ["x=1"]}, "--set x: is not a known key"),
        ({"overrides": 3}, "overrides: 3 must be texts"),
    ],
)
def test_what_is_wrong_is_told_in_words(wrong: dict[str, Any], told: str) -> None:
    with pytest.raises(lifsim.InputError, match=told):
        lifsim.infer(**GOOD | wrong)
    with pytest.raises(lifsim.InputError, match=told):
        lifsim.gradients(**GOOD | {"labels": [0, 1]} | wrong)


def test_whole_numbers_of_numpy_are_numbers() -> None:
    plain = {"timesteps": 2, "seed": 3, "threads": 1}
    numbers = {name: np.int32(value) for name, value in plain.items()}
    np.testing.assert_array_equal(lifsim.infer(**GOOD | numbers).logits, lifsim.infer(**GOOD | plain).logits)
    kept = {"labels": [0, 1], "membrane_bits": np.int16(8), "copy_every": np.int64(2), "bptt": "reversed"}
    of_numpy, of_python = (lifsim.gradients(**GOOD | kept | each)["fc.weight"] for each in (numbers, plain))
    np.testing.assert_array_equal(of_numpy, of_python)


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        ({"labels": None}, "labels: must be given"),
        ({"labels": [0]}, r"labels: type int64, shape \[1\] must be whole numbers of shape \[2\]"),
        ({"labels": [0, 6]}, "labels: 0 to 6 must be classes of plain, 0 to 5"),
        ({"labels": [0, -1]}, "labels: -1 to 0 must be"),
        ({"labels": [0.0, 1.0]}, "must be whole numbers"),
        ({"labels": ["a", "b"]}, "labels: must be an array of numbers"),
        ({"bptt": "undone"}, "bptt: 'undone' must be one of recomputed, reversed, stored"),
        ({"surrogate": "atn"}, "surrogate: 'atn' must be atan, sigmoid or triangle; did you mean 'atan'"),
        ({"alpha": -1.0}, "-1.0 must be finite and > 0"),
        ({"alpha": "2"}, "alpha: '2' must be a number"),
        ({"membrane_bits": 0}, "membrane_bits: 0 must be a whole number from 1 to 32"),
        ({"copy_every": 0.5}, "copy_every: 0.5 must be"),
        ({"workload": _network(PLAIN, ("- {name: fc", "- {name: fcx")), "labels": [9]}, "fcx.weight"),
        ({"workload": _network(PLAIN, ("soft", "hard")), "bptt": "reversed"}, "hard reset"),
        ({"labels": [0], "weights": {}, "surrogate": "atan"}, "labels: .*\n?"),
    ],
)
def test_what_is_wrong_with_a_step_of_training_is_told(wrong: dict[str, Any], told: str) -> None:
    with pytest.raises(lifsim.InputError, match=told):
        lifsim.gradients(**GOOD | {"labels": [0, 1]} | wrong)


def test_every_fault_is_told_at_once() -> None:
    with pytest.raises(lifsim.InputError) as caught:
        lifsim.gradients(_network(), {}, np.zeros((2, 1)), [0])
    told = str(caught.value)
    assert all(word in told for word in ("images: shape [2, 1] must be", "weights fc.weight: must be there"))
    with pytest.raises(lifsim.InputError) as caught:
        lifsim.infer("nope", {}, np.zeros(2), "chanel2")
    assert [one in str(caught.value) for one in ("'nope'", "'chanel2'")] == [True, True]


def test_prices_are_those_of_arch_show() -> None:
    frame = lifsim.prices("sata128", ["array.rows=8"])
    rows = frame[frame.part == "spike_mac.adder"]
    assert list(rows.number) == [64]
    assert frame.area_mm2.sum() == pytest.approx(
        lifsim.run("sata128", "lenet5_mnist", overrides=["array.rows=8"]).totals.area_mm2
    )
    assert lifsim.prices(lifsim.load_arch("sata128")).equals(lifsim.prices("sata128"))
    with pytest.raises(lifsim.InputError, match="arch: 3 must be"):
        lifsim.prices(3)
