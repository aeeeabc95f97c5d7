"""Are networks, images and data sets that do not fit each other refused by name, all faults at once?"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from lifsim.engine import record
from lifsim.engine.data import Dataset, load_dataset, load_digits
from lifsim.engine.inference import network_faults
from lifsim.engine.record import Source, load_images
from lifsim.engine.training.loop import usual_batch
from lifsim.errors import InputError
from tests.schedule.networks import network

CONV = [{"name": "conv", "op": "conv", "out": 2, "kernel": 3, "padding": 1}, {"name": "lif", "op": "lif"}]


def test_unconnected_networks_are_refused_at_every_part_but_the_first() -> None:
    chains = [
        {"name": "first", "op": "linear", "out": 3},
        {"name": "second", "op": "linear", "out": 4, "in_shape": [5]},
        {"name": "third", "op": "linear", "out": 4, "in_shape": [6]},
    ]
    faults = network_faults(network(chains, (4,), 2))
    assert len(faults) == 2
    assert all("must be one connected network" in str(fault) for fault in faults)


@pytest.mark.slow
def test_a_data_set_that_fits_in_no_way_says_all_of_it() -> None:
    with pytest.raises(InputError) as error:
        load_dataset("digits", network([*CONV, {"name": "fc", "op": "linear", "out": 9}], (2, 8, 8), 2, "event"))
    text = [str(fault) for fault in error.value.faults]
    assert len(text) == 3
    assert "images [1, 8, 8] must be [2, 8, 8]" in text[0]
    assert "10 classes must be <= the 9 outputs" in text[1]
    assert "images do not fit the event encoding" in text[2]
    fits = network([*CONV, {"name": "fc", "op": "linear", "out": 10}], (1, 8, 8), 2, "rate")
    assert load_dataset(None, fits).shape == (1, 8, 8)


def test_images_are_the_first_of_their_source(tmp_path: Path) -> None:
    net = network([*CONV, {"name": "fc", "op": "linear", "out": 10}], (1, 8, 8), 2, "rate")
    shipped = load_digits().x_test
    assert np.array_equal(load_images(net, Source("calibrated", "digits", 3, 0)), shipped[:3])
    assert np.array_equal(load_images(net, Source("calibrated", "digits", None, 0)), shipped[:1])
    assert len(load_images(net, Source("calibrated", "digits", len(shipped), 0))) == len(shipped)
    with pytest.raises(InputError, match=f"batch: {len(shipped) + 1} must be <= the {len(shipped)} images of digits"):
        load_images(net, Source("calibrated", "digits", len(shipped) + 1, 0))
    events = np.arange(2 * 4 * 64).reshape(2, 4, 1, 8, 8) % 2
    np.savez(tmp_path / "own.npz", events.astype(np.uint8))
    timed = network([*CONV, {"name": "fc", "op": "linear", "out": 10}], (1, 8, 8), 2, "event")
    own = str(tmp_path / "own.npz")
    assert np.array_equal(load_images(timed, Source("calibrated", own, 3, 0)), events[:, :3])
    assert np.array_equal(load_images(timed, Source("calibrated", own, None, 0)), events)
    with pytest.raises(InputError, match="5 must be <= the 4 images"):
        load_images(timed, Source("calibrated", own, 5, 0))


@pytest.mark.parametrize(("images", "batch"), [(1000, 64), (256, 64), (255, 63), (100, 25), (8, 2), (4, 2)])
def test_a_batch_is_64_images_or_a_quarter_of_them(images: int, batch: int) -> None:
    x, y = np.zeros((images, 1, 2, 2), np.float32), np.zeros(images, np.int64)
    assert usual_batch(Dataset("own", x, y, x[:1], y[:1])) == batch


@pytest.mark.parametrize(("images", "size"), [(3.5, 3), (1, 1), (0.5, 1)])
def test_images_are_recorded_in_parts_that_fit(monkeypatch: pytest.MonkeyPatch, images: float, size: int) -> None:
    """The widest tensor, 2 x 8 x 8 of 4 bytes at each of 3 timesteps, is held of all images of a part."""
    net = network([*CONV, {"name": "fc", "op": "linear", "out": 10}], (1, 8, 8), 3, "rate")
    monkeypatch.setattr(record, "_CHUNK_BYTES", int(images * 2 * 8 * 8 * 4 * 3))
    expected = [(first, min(7, first + size)) for first in range(0, 7, size)]
    assert list(record._chunks(net, 7)) == expected


def test_the_digits_are_split_as_published() -> None:
    """Class by class every fifth, in the order that NumPy's default generator of seed 0 gives the images."""
    from sklearn.datasets import load_digits as load

    seen = dict.fromkeys(range(10), 0)
    chosen = []
    labels = load().target.tolist()
    for image in np.random.default_rng(0).permutation(len(labels)).tolist():
        if seen[labels[image]] % 5 == 0:
            chosen.append(image)
        seen[labels[image]] += 1
    images = load().images[sorted(chosen)]
    assert np.array_equal(load_digits().x_test[:, 0] * 16, images)


def test_numbers_in_a_row_are_no_images(tmp_path: Path) -> None:
    numbers, labels = np.zeros(3, np.float32), np.zeros(3, np.int64)
    np.savez(tmp_path / "d.npz", x_train=numbers, y_train=labels, x_test=numbers, y_test=labels)
    net = network([*CONV, {"name": "fc", "op": "linear", "out": 3}], (1, 8, 8), 2, "rate")
    with pytest.raises(InputError) as error:
        load_dataset(str(tmp_path / "d.npz"), net)
    told = [(fault.path, "[3] must be finite images" in str(fault)) for fault in error.value.faults]
    assert told == [("x_train", True), ("x_test", True)]
