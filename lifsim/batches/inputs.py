"""What the engine is given of a batch from Python: a network, weights, images and labels, names or arrays."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from os import PathLike, fspath
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, DTypeLike, NDArray

from lifsim.config.workload_schema import MAX_TIMESTEPS
from lifsim.cpus import available_cpus
from lifsim.engine.calibration import calibrated_weights
from lifsim.engine.data import load_dataset
from lifsim.engine.encoding import encode, require_images
from lifsim.engine.initial import random_weights
from lifsim.engine.record import Source, load_images
from lifsim.engine.training.examples import random_examples
from lifsim.engine.weights import Weights, checked_weights, load_weights
from lifsim.engine.workers import Workers
from lifsim.errors import Fault, InputError, collecting, shown
from lifsim.graph.states import states_of
from lifsim.lazy_dataclass import dataclass
from lifsim.model.network import Network
from lifsim.model.sharing import Sharing
from lifsim.simulate.api import Name, given_workload, name_of, texts_of
from lifsim.simulate.inputs import at_told_rates
from lifsim.simulate.options import CALIBRATED, Rates

Array = NDArray[Any]

RANDOM = "random"
TRAINED_AT_ONCE = 64
"""Images of a data set whose gradients are asked for."""


@dataclass(frozen=True)
class BatchInputs:
    """As `lifsim.infer` has them."""

    workload: Network | Name
    weights: Mapping[str, ArrayLike] | Name
    images: ArrayLike | Name
    sharing: Sharing | str
    timesteps: int | None
    batch: int | None
    rate: Rates | None
    rates: Name | None
    seed: int
    dtype: DTypeLike
    threads: int | None
    share_where_possible: bool
    overrides: Sequence[str]

    def number_faults(self) -> Iterator[Fault]:
        """What is no number that it should be, or no type of one."""
        try:
            known = self.dtype is not None and np.dtype(self.dtype) in (np.float32, np.float64)
        except TypeError:
            known = False
        if not known:
            yield Fault(f"{shown(self.dtype)} must be float32 or float64", path="dtype")
        limits = {
            "timesteps": (self.timesteps, 1, MAX_TIMESTEPS),
            "batch": (self.batch, 1, 1 << 16),
            "seed": (self.seed, 0, (1 << 63) - 1),
            "threads": (self.threads, 1, 1024),
        }
        for name, (value, least, most) in limits.items():
            if value is None and name != "seed":
                continue
            if not isinstance(value, int) or isinstance(value, bool) or not least <= value <= most:
                yield Fault(f"{shown(value)} must be a whole number from {least} to {most}", path=name)

    def read_network(self, faults: list[Fault]) -> tuple[Network, Sharing] | None:
        """The network under its sharing; None, and why among the `faults`, where they cannot be read."""
        network = sharing = None
        with collecting(faults):
            network = self._network([*texts_of(self.overrides), *self._time_settings()])
        with collecting(faults):
            sharing = self.sharing if isinstance(self.sharing, Sharing) else Sharing.parse(self.sharing)
            sharing = sharing.where_it_fits() if self.share_where_possible else sharing
        if network is None or sharing is None:
            return None
        with collecting(faults):
            states_of(network, sharing)
        return network, sharing

    def _network(self, settings: Sequence[str]) -> Network:
        """At the rates that are given, which weights are calibrated to and which are nothing to others. Raises
        InputError."""
        if self.rate is None and self.rates is None:
            return given_workload(self.workload, settings).what
        table = None if self.rates is None else Path(name_of(self.rates, "rates"))
        weights = fspath(self.weights) if isinstance(self.weights, str | PathLike) else "that are given"
        return at_told_rates(
            lambda replaced: given_workload(self.workload, settings, replaced).what, self.rate, table, weights
        )

    def _time_settings(self) -> list[str]:
        if not isinstance(self.timesteps, int):
            return []
        # Rates of each timestep need not be as many: nobody reads them but calibration.
        unread = [] if isinstance(self.weights, str) and self.weights == CALIBRATED else ["spikes={source: engine}"]
        return [f"timesteps={self.timesteps}", *unread]

    def workers(self) -> Workers:
        """Threads."""
        return Workers(self.threads or available_cpus())

    def read_images(self, network: Network) -> Array:
        """[B, ...], or events [T, B, ...], that fit the network. Raises InputError."""
        with of_images():
            if isinstance(self.images, str | PathLike):
                found = load_images(network, Source(images=fspath(self.images), batch=self.batch, seed=self.seed))
            else:
                found = _array(self.images, "images")
            require_images(network, found)
        if self.batch is None:
            return found
        return found[:, : self.batch] if network.encoding == "event" else found[: self.batch]

    def read_examples(self, network: Network, labels: ArrayLike | None) -> tuple[Array, Array]:
        """Images, and labels [B]. Raises InputError."""
        if labels is None:
            if not isinstance(self.images, str | PathLike):
                raise InputError(Fault("must be given with images that are no data set", path="labels"))
            count, name = self.batch or TRAINED_AT_ONCE, fspath(self.images)
            with of_images():
                if name == RANDOM:
                    return random_examples(network, count, self.seed)
                data = load_dataset(name, network)
            return data.x_train[:count], data.y_train[:count]
        images = self.read_images(network)
        return images, _labels(labels, count_of(network, images), network)

    def read_weights(self, network: Network, sharing: Sharing, images: Array | None, crew: Workers) -> Weights | None:
        """Checked; None of weights that are calibrated on images that could not be read. Raises InputError."""
        if isinstance(self.weights, Mapping):
            arrays = {str(name): _array(value, f"weights.{name}") for name, value in self.weights.items()}
            return checked_weights(network, arrays)
        if not isinstance(self.weights, str | PathLike):
            raise InputError(Fault(f"{shown(self.weights)} must be arrays by name, or an .npz file", path="weights"))
        path = fspath(self.weights)
        if path == RANDOM:
            return random_weights(network, self.seed)
        if path == CALIBRATED:
            seen = None if images is None else encode(network, images, self.seed)
            return None if seen is None else calibrated_weights(network, sharing, seen, self.seed, crew)
        return load_weights(path, network)


def count_of(network: Network, images: Array) -> int:
    """How many there are."""
    return images.shape[1] if network.encoding == "event" else len(images)


@contextmanager
def of_images() -> Iterator[None]:
    """Faults of an encoded input are those of the images that were given."""
    try:
        yield
    except InputError as error:
        inputs = ("input", "data")
        raise InputError(
            replace(fault, path="images") if fault.path in inputs else fault for fault in error.faults
        ) from None


def _array(given: ArrayLike, name: str) -> Array:
    try:
        found = np.asarray(given)
    except (TypeError, ValueError, RuntimeError) as error:  # a tensor on a GPU, rows of several lengths
        raise InputError(Fault(f"must be an array of numbers: {error}", path=name)) from None
    if found.dtype.kind not in "fiub":
        raise InputError(Fault(f"must be an array of numbers, is of type {found.dtype}", path=name))
    return found


def _labels(given: ArrayLike, batch: int, network: Network) -> Array:
    found, classes = _array(given, "labels"), network.nodes[-1].output.elements
    if found.dtype.kind not in "iu" or found.shape != (batch,):
        rule = f"must be whole numbers of shape [{batch}], one an image"
        raise InputError(Fault(f"type {found.dtype}, shape {list(found.shape)} {rule}", path="labels"))
    if not (found.min() >= 0 and found.max() < classes):
        rule = f"must be classes of {network.name}, 0 to {classes - 1}"
        raise InputError(Fault(f"{found.min()} to {found.max()} {rule}", path="labels"))
    return found.astype(np.int64)
