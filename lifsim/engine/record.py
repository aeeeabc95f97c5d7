"""Recording: the input spikes of every layer of the array, straight into a trace."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from math import prod
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lifsim.config.file_kind import IMAGES
from lifsim.engine.calibration import calibrated_weights
from lifsim.engine.charged import ChargedWriter
from lifsim.engine.data import SHIPPED
from lifsim.engine.encoding import encode, require_shape
from lifsim.engine.inference import Engine
from lifsim.engine.rehearsal import ready
from lifsim.engine.weights import Weights, load_weights
from lifsim.engine.workers import Workers
from lifsim.errors import Fault, InputError, did_you_mean
from lifsim.graph.states import states_of
from lifsim.lazy_dataclass import dataclass
from lifsim.model.network import Network, Node
from lifsim.model.sharing import Sharing
from lifsim.room import require_disk, require_memory
from lifsim.trace.archive import Archive
from lifsim.trace.archive import Array as Stored
from lifsim.trace.writer import TraceWriter, disk_bytes
from lifsim.units import counted
from lifsim.watch import Tally, Watch, unwatched

Array = NDArray[Any]

_CHUNK_BYTES = 128 << 20  # of the largest drive of a chunk of images
_CALIBRATION_IMAGES = 8
_EVENT_RATE = 0.1  # of random events, where the workload states none


@dataclass(frozen=True)
class Source:
    """The sources of a recording's weights and images.

    weights: "calibrated", or a file (lifsim.engine.weights). images: "random", the name of a shipped data set (its test
    images), or a file: .npz with one array, or one named x, images [B, C, H, W], or events [T, B, C, H, W].
    batch: images (None: `usual`, or all of a file).
    """

    weights: str = "calibrated"
    images: str = "random"
    batch: int | None = None
    seed: int = 0
    usual: int = 1


def unheard(_: Array) -> None:
    """Ignores the outputs of the network."""


def record_spikes(
    network: Network,
    sharing: Sharing,
    source: Source,
    path: Path,
    *,
    membranes: Path | None = None,
    workers: Workers | None = None,
    overwrite: bool = False,
    watch: Watch = unwatched,
    answered: Callable[[Array], None] = unheard,
) -> None:
    """Run `network` under `sharing` and write its spikes to the trace `path`, and u' of every call to `membranes`.
    answered: is called with the outputs, [timesteps, images, ...], of each chunk of images.

    Images are processed in chunks, so that neither spikes nor membranes of all of them are in memory. Raises
    InputError.
    """
    states_of(network, sharing)
    crew = workers or Workers()
    image_bytes = disk_bytes((one.tensor.timesteps, one.shape) for one in network.traced)
    require_disk(image_bytes, _count(network, source), path)
    images = load_images(network, source)
    batch = images.shape[_axis(network)]
    ready(("inference",), np.float32, watch)
    if source.weights == "calibrated":
        seen = encode(network, _part(network, images, 0, _CALIBRATION_IMAGES), source.seed)
        weights: Weights = calibrated_weights(network, sharing, seen, source.seed, crew, watch)
    else:
        weights = load_weights(source.weights, network)
    engine = Engine(network, sharing, weights, workers=crew)
    provenance = f"fired by LIFSim's engine: weights {source.weights}, images {source.images}, seed {source.seed}"
    with ExitStack() as stack:
        trace = stack.enter_context(
            TraceWriter(
                path, network.name, network.timesteps, batch, str(sharing), None, provenance, overwrite=overwrite
            )
        )
        charged = stack.enter_context(ChargedWriter(membranes, network, batch)) if membranes else None
        tally = Tally(watch, "images of layers", batch * sum(one.tensor.timesteps for one in network.traced))
        for first, last in _chunks(network, batch):
            recorder = _Recorder(network, trace, charged, first, tally)
            x = encode(network, _part(network, images, first, last), source.seed, first)
            answered(engine.run(x, recorder.spikes, recorder.charged if charged else None).outputs)


class _Recorder:
    """Writes what an engine computes for the images from `first` on."""

    def __init__(
        self, network: Network, trace: TraceWriter, charged: ChargedWriter | None, first: int, tally: Tally
    ) -> None:
        self._trace, self._charged, self._first, self._tally = trace, charged, first, tally
        self._readers: dict[str, list[str]] = {}
        for one in network.traced:
            self._readers.setdefault(one.tensor.name, []).append(one.name)

    def spikes(self, node: Node, timestep: int, value: Array) -> None:
        for reader in self._readers.get(node.name, ()):
            for index, ones in enumerate(value != 0):
                self._trace.write(reader, timestep + index, ones, self._first)
                self._tally.add(len(ones))

    def charged(self, node: Node, timestep: int, value: Array) -> None:
        if self._charged is not None:
            self._charged.write(node, timestep, self._first, value)


def load_images(network: Network, source: Source) -> Array:
    """Images [B, ...], or events [T, B, ...], for the network's input. Raises InputError."""
    if source.images == "random":
        return _random_images(network, source.batch or source.usual, source.seed)
    if source.images in SHIPPED:
        images = SHIPPED[source.images].load().x_test
        return _first(images, source.batch or source.usual, 0, source.images)
    with closing(_opened(source.images)) as archive:
        stored = _stored(network, archive)
        require_memory(stored.size_bytes, "its images", stored.name, source=source.images)
        images = archive.whole(stored)
    return images if source.batch is None else _first(images, source.batch, _axis(network), source.images)


def _count(network: Network, source: Source) -> int:
    """How many images `load_images` has, which a file says before it is read. Raises InputError if it holds fewer."""
    if source.images == "random" or source.images in SHIPPED:
        return source.batch or source.usual
    with closing(_opened(source.images)) as archive:
        shape, axis = _stored(network, archive).shape, _axis(network)
    _require_held(source.batch or 1, shape, axis, source.images)
    return source.batch or shape[axis]


def _axis(network: Network) -> int:
    """Along which images lie: events have their timesteps before."""
    return int(network.encoding == "event")


def labels_of(source: Source, count: int) -> Array | None:
    """The labels of the first images of a data set; None if the images have no labels."""
    return SHIPPED[source.images].load().y_test[:count] if source.images in SHIPPED else None


def _first(images: Array, count: int, axis: int, name: str) -> Array:
    _require_held(count, images.shape, axis, name)
    return images[:, :count] if axis else images[:count]


def _require_held(count: int, shape: tuple[int, ...], axis: int, name: str) -> None:
    held = shape[axis] if len(shape) > axis else 0
    if count > held:
        raise InputError(Fault(f"{count} must be <= the {counted(held, 'image')} of {name}", path="batch"))


def _opened(images: str) -> Archive:
    """A file of images, by its name."""
    path = Path(images)
    if not path.exists() and path.suffix != ".npz":
        hint = did_you_mean(images, ["random", *SHIPPED])
        raise InputError(Fault(f"{images!r} must be random, a data set or an .npz file{hint}", path="input"))
    return Archive(path)


def _stored(network: Network, archive: Archive) -> Stored:
    """The array of images in a file, whose header says that `network` takes them."""
    archive.refuse_other(IMAGES)
    names = list(archive.arrays)
    if "x" not in names and len(names) != 1:
        listed = ", ".join(names[:10]) or "none"
        raise archive.fault(f"must hold one array of images, or one named x; it holds {listed}")
    stored = archive.arrays["x" if "x" in names else names[0]]
    require_shape(network, stored.shape)
    return stored


def _random_images(network: Network, batch: int, seed: int) -> Array:
    """Seeded: normal pixels under direct encoding, uniform ones under rate encoding, spikes under event encoding. Each
    image has a random stream of its own."""
    shape = network.nodes[0].output.shape
    pixels = prod(shape) * (network.timesteps if network.encoding == "event" else 4)  # bytes of one or of a float
    require_memory(2 * batch * pixels, f"{counted(batch, 'random image')}, each on its own and all together", "batch")
    streams = (np.random.default_rng([seed, image, 1]) for image in range(batch))
    if network.encoding == "direct":
        return np.stack([rng.standard_normal(shape, np.float32) for rng in streams])
    if network.encoding == "rate":
        return np.stack([rng.random(shape, np.float32) for rng in streams])
    stated = network.spikes.rates.get(network.layers[0].name, (_EVENT_RATE,))
    rates = np.resize(np.array(stated), network.timesteps).reshape(-1, *(1,) * len(shape))
    return np.stack([rng.random((network.timesteps, *shape)) < rates for rng in streams], axis=1).astype(np.uint8)


def _part(network: Network, images: Array, first: int, last: int) -> Array:
    return images[:, first:last] if network.encoding == "event" else images[first:last]


def _chunks(network: Network, batch: int) -> Iterator[tuple[int, int]]:
    largest = max(node.output.elements for node in network.nodes) * network.timesteps * 4
    size = max(1, _CHUNK_BYTES // largest)
    for first in range(0, batch, size):
        yield first, min(batch, first + size)
