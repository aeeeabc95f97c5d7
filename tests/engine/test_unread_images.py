"""Are images and data sets of other shapes refused by their headers? Zeros take no room: 5 MB may hold 5 GB."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from lifsim.engine.data import load_dataset
from lifsim.engine.encoding import require_shape
from lifsim.engine.record import Source, load_images
from lifsim.errors import InputError
from lifsim.model.network import Network
from lifsim.trace.archive import Archive
from tests.schedule.networks import network

LAYERS = [
    {"name": "conv", "op": "conv", "out": 2, "kernel": 3, "padding": 1},
    {"name": "lif", "op": "lif"},
    {"name": "fc", "op": "linear", "out": 10},
]
DIRECT = network(LAYERS, (1, 8, 8), 2, "direct")
EVENT = network(LAYERS, (1, 8, 8), 2, "event")


@pytest.fixture
def _unread(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Archive, "whole", lambda *_: pytest.fail("was read"))


@pytest.mark.usefixtures("_unread")
@pytest.mark.parametrize("net", [DIRECT, EVENT], ids=["direct", "event"])
@pytest.mark.parametrize("shape", [(3, 1, 9, 8), (2, 3, 1, 8, 9), (0, 1, 8, 8), (64,), ()])
def test_images_of_another_shape_are_not_read(tmp_path: Path, net: Network, shape: tuple[int, ...]) -> None:
    np.savez(tmp_path / "own.npz", np.zeros(shape, bool))
    with pytest.raises(InputError, match=r"^input: shape .* must be \["):
        load_images(net, Source("calibrated", str(tmp_path / "own.npz"), None, 0))


@pytest.mark.usefixtures("_unread")
def test_images_beyond_the_memory_are_not_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("lifsim.room.memory_bytes", lambda: 3 * 64 - 1)
    np.savez(tmp_path / "own.npz", np.zeros((3, 1, 8, 8), bool))
    with pytest.raises(InputError, match=r"own.npz arr_0: its images, 192 B, must fit into the 191 B"):
        load_images(DIRECT, Source("calibrated", str(tmp_path / "own.npz"), None, 0))


@pytest.mark.parametrize("shape", [(1, 1, 8, 8), (5, 1, 8, 8)])
def test_images_that_fit_are_taken(shape: tuple[int, ...]) -> None:
    require_shape(DIRECT, shape)
    require_shape(EVENT, (2, *shape))


def data(tmp_path: Path, train: tuple[int, ...], test: tuple[int, ...], labels: int = 3) -> str:
    path = tmp_path / "data.npz"
    x_train, x_test = np.zeros(train, bool), np.zeros(test, bool)
    np.savez(path, x_train=x_train, y_train=np.zeros(labels, int), x_test=x_test, y_test=np.zeros(3, int))
    return str(path)


@pytest.mark.usefixtures("_unread")
def test_data_of_another_shape_is_not_read(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"images \[1, 9, 8\] must be \[1, 8, 8\] for random"):
        load_dataset(data(tmp_path, (3, 1, 9, 8), (3, 1, 9, 8)), DIRECT)
    with pytest.raises(InputError, match=r"x_test: \[1, 8, 8\] must be as in x_train"):
        load_dataset(data(tmp_path, (3, 1, 9, 8), (3, 1, 8, 8)), DIRECT)
    with pytest.raises(InputError, match=r"y_train: .* must be one label >= 0 for each of the 3 images"):
        load_dataset(data(tmp_path, (3, 1, 8, 8), (3, 1, 8, 8), labels=2), DIRECT)


@pytest.mark.usefixtures("_unread")
def test_data_beyond_the_memory_is_not_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two times 3 x 64 pixels of 1 byte and of 4, and two times 3 labels of 8 and of 4."""
    held = 2 * 3 * 64 * 5 + 2 * 3 * 12
    monkeypatch.setattr("lifsim.room.memory_bytes", lambda: held - 1)
    with pytest.raises(InputError, match=r"its images, as they are and as float32, 1\.945 KiB, must fit"):
        load_dataset(data(tmp_path, (3, 1, 8, 8), (3, 1, 8, 8)), DIRECT)


def test_data_within_the_memory_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("lifsim.room.memory_bytes", lambda: 2 * 3 * 64 * 5 + 2 * 3 * 12)
    assert load_dataset(data(tmp_path, (3, 1, 8, 8), (3, 1, 8, 8)), DIRECT).shape == (1, 8, 8)
