"""Does cost grow with the size of what is asked for, and not faster? `python -m benchmarks growth`.

CPU seconds of a call of each size, in a process of its own, and the exponent that fits those of the largest sizes.
"""

from __future__ import annotations

import json
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path

import numpy as np

import lifsim
from benchmarks.frame.figure import Figure, Series, Target
from benchmarks.frame.growth import Axis, grown, measure
from benchmarks.frame.session import Session
from benchmarks.search import stack
from lifsim.engine.encoding import encode
from lifsim.engine.inference import Engine
from lifsim.engine.initial import random_weights
from lifsim.model.network import Network
from lifsim.trace.synthesise import synthesise
from lifsim.trace.writer import save
from tests.schedule.networks import network

RATE = 0.15
MOST = 1.1


def _run(what: Network | str, sharing: str = "none", schedule: lifsim.Schedule = "tick", batch: int = 1) -> object:
    return lifsim.run("sata128", what, sharing, schedule=schedule, batch=batch, rate=RATE)


def _layers(sharing: str, schedule: lifsim.Schedule, size: int) -> Callable[[], object]:
    return partial(_run, stack(size), sharing, schedule)


def _one_layer(pixels: int = 256, timesteps: int = 4) -> Network:
    width = max(pixels // 16, 1)
    layers = [{"name": "conv", "op": "conv", "out": 64, "kernel": 3, "padding": 1}, {"name": "lif", "op": "lif"}]
    return network(layers, (64, width, 16), timesteps)


def _array(size: int) -> Callable[[], object]:
    sides = [f"array.rows={size}", f"array.cols={size}"]
    return partial(lifsim.run, "sata128", "vgg16_cifar10", overrides=sides)


def _points(size: int) -> Callable[[], object]:
    values = range(1024, 1024 * (size + 1), 1024)
    vary = {"buffers.weight.size_bytes": list(values)}
    return partial(lifsim.sweep, "sata128", "lenet5_mnist", vary=vary, jobs=1)


def _trace_images(size: int) -> Callable[[], object]:
    what = lifsim.load_workload("lenet5_mnist")
    file = Path(tempfile.mkdtemp(prefix="lifsim-growth-")) / "trace.npz"
    save(synthesise(what, size, 0), file)
    return partial(lifsim.run, "sata128", what, trace=str(file))


def _engine_images(size: int) -> Callable[[], object]:
    what = lifsim.load_workload("lenet5_mnist")
    images = np.random.default_rng(0).standard_normal((size, *what.nodes[0].output.shape), np.float32)
    engine = Engine(what, lifsim.Sharing(), random_weights(what, 0))
    return lambda: engine.run(encode(what, images, 0))


AXES = {
    "layers": Axis((16, 32, 64, 128, 256), partial(_layers, "none", "tick")),
    "layers, shared": Axis((16, 32, 64, 128, 256), partial(_layers, "layer", "tick")),
    "layers, auto": Axis((16, 32, 64, 128, 256), partial(_layers, "none", "auto")),
    "timesteps": Axis((4, 16, 64, 256, 1024), lambda size: partial(_run, _one_layer(timesteps=size))),
    "timesteps, timestep by timestep": Axis(
        (4, 16, 64, 256, 1024), lambda size: partial(_run, _one_layer(timesteps=size), schedule="timestep")
    ),
    "batch": Axis((1, 4, 16, 64, 256), lambda size: partial(_run, "vgg16_cifar10", batch=size)),
    "pixels": Axis((1 << 10, 1 << 12, 1 << 14, 1 << 16, 1 << 18), lambda size: partial(_run, _one_layer(size))),
    "side of the array": Axis((16, 64, 256, 1024, 4096), _array),
    "sweep points": Axis((50, 100, 200, 400, 800), _points),
    "trace images": Axis((10, 30, 100, 300, 1000), _trace_images),
    "engine images": Axis((16, 64, 256, 1024), _engine_images),
}


def figures(_: Session) -> Iterator[Figure]:
    """An exponent of each axis."""
    for name in AXES:
        yield figure(name)


def figure(name: str, tell: Callable[[str], None] = lambda _: None) -> Figure:
    """The exponent of an axis, its sizes beside it."""
    axis = AXES[name]
    found = grown("benchmarks.bench_growth", name, axis, tell)
    sizes = f"{name}, {axis.sizes[0]:,} to {axis.sizes[-1]:,}"
    return Figure(sizes, "exponent", Series((found.exponent,)), target=Target(MOST))


def main(words: Sequence[str]) -> None:
    """Measure one size of one axis."""
    name, size = words
    print(json.dumps(measure(AXES, name, int(size))))


if __name__ == "__main__":
    main(sys.argv[1:])
