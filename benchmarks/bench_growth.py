"""Does cost grow with the size of what is asked for, and not faster? `python -m benchmarks growth`.

CPU seconds of a call of each size, in a process of its own, and the exponent that fits those of the largest sizes.
"""

from __future__ import annotations

import json
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from math import isqrt
from pathlib import Path

import numpy as np

import lifsim
from benchmarks.frame.figure import Figure, Series, Target
from benchmarks.frame.growth import Axis, grown, measure
from benchmarks.frame.session import Session
from benchmarks.growth_hunt import relay
from benchmarks.search import far, stack
from lifsim.model.network import Network
from lifsim.trace.synthesise import synthesise
from lifsim.trace.writer import save
from tests.schedule.networks import Op, network

RATE = 0.15
MOST = 1.1

LAYERS, TIMESTEPS = (16, 64, 128, 256, 512), (4, 128, 256, 512, 1024)
SIDES = (32, 128, 256, 512, 1024)
"""Of a map."""
SIGNAL = (512, 1024, 2048, 4096)
"""Places of a signal whose layers are worked on in strips of one place."""
PIXELS, NARROW = (1 << 10, 1 << 17, 1 << 18, 1 << 19, 1 << 20), 16
"""Of maps of which one side stays as it is."""


def _run(what: Network | str, sharing: str = "none", schedule: str = "tick", batch: int = 1) -> object:
    return lifsim.run("sata128", what, sharing, schedule=schedule, batch=batch, rate=RATE)


def _layers(sharing: str, schedule: str, size: int) -> Callable[[], object]:
    return partial(_run, stack(size), sharing, schedule)


def _far(sharing: str, schedule: str, size: int) -> Callable[[], object]:
    return partial(_run, far(size), sharing, schedule)


def _one_layer(rows: int = 16, timesteps: int = 4, columns: int | None = None) -> Network:
    layers: list[Op] = [
        {"name": "conv", "op": "conv", "out": 64, "kernel": 3, "padding": 1},
        {"name": "lif", "op": "lif"},
    ]
    return network(layers, (64, rows, columns or rows), timesteps)


def _array(size: int) -> Callable[[], object]:
    sides = [f"array.rows={size}", f"array.cols={size}"]
    return partial(lifsim.run, "sata128", "vgg16_cifar10", overrides=sides)


def _training(size: int) -> Callable[[], object]:
    return partial(lifsim.run, "sata_training", "lenet5_mnist", mode="training", batch=size)


def _points(size: int) -> Callable[[], object]:
    values = range(1024, 1024 * (size + 1), 1024)
    vary = {"buffers.weight.size_bytes": list(values)}
    return partial(lifsim.sweep, "sata128", "lenet5_mnist", vary=vary, jobs=1)


def _trace_images(size: int) -> Callable[[], object]:
    what, folder = lifsim.load_workload("lenet5_mnist"), tempfile.TemporaryDirectory(prefix="lifsim-growth-")

    def file() -> str:
        return str(Path(folder.name) / "trace.npz")  # the folder is there as long as this function is

    save(synthesise(what, size, 0), Path(file()))
    return lambda: lifsim.run("sata128", what, trace=file())


def _engine_images(size: int) -> Callable[[], object]:
    shape = lifsim.load_workload("lenet5_mnist").nodes[0].output.shape
    images = np.random.default_rng(0).standard_normal((size, *shape), np.float32)
    return partial(lifsim.infer, "lenet5_mnist", "random", images)


AXES = {
    "layers": Axis(LAYERS, partial(_layers, "none", "tick")),
    "layers, shared": Axis(LAYERS, partial(_layers, "layer", "tick")),
    "layers, auto": Axis(LAYERS, partial(_layers, "none", "auto")),
    "layers with far residuals, auto": Axis(LAYERS, partial(_far, "none", "auto")),
    "layers with far residuals, timestep by timestep": Axis(LAYERS, partial(_far, "none", "timestep")),
    "timesteps": Axis(TIMESTEPS, lambda size: partial(_run, _one_layer(timesteps=size))),
    "timesteps, timestep by timestep": Axis(
        TIMESTEPS, lambda size: partial(_run, _one_layer(timesteps=size), schedule="timestep")
    ),
    "batch": Axis((1, 32, 64, 128, 256), lambda size: partial(_run, "vgg16_cifar10", batch=size)),
    "pixels": Axis(tuple(side**2 for side in SIDES), lambda size: partial(_run, _one_layer(isqrt(size)))),
    "pixels, tall": Axis(PIXELS, lambda size: partial(_run, _one_layer(size // NARROW, columns=NARROW))),
    "pixels, wide": Axis(PIXELS, lambda size: partial(_run, _one_layer(NARROW, columns=size // NARROW))),
    "places of a signal, skewed": Axis(SIGNAL, lambda size: partial(_run, relay(1, size, 5), "layer", "skewed")),
    "timesteps, skewed": Axis(
        (16, 128, 256, 512, 1024), lambda size: partial(_run, relay(16, 16, size), "layer", "skewed")
    ),
    "batch, training": Axis((4, 16, 32, 64), _training),
    "side of the array": Axis((16, 64, 256, 1024, 4096), _array),
    "sweep points": Axis((50, 100, 200, 400), _points),
    "trace images": Axis((10, 300, 1000, 3000, 10000), _trace_images),
    "engine images": Axis((16, 128, 256, 512, 1024), _engine_images),
}


def figures(_: Session) -> Iterator[Figure]:
    """Of each axis the exponent of CPU seconds, and the memory at the largest size."""
    for name, axis in AXES.items():
        found = grown("benchmarks.bench_growth", name, axis)
        sizes = f"{name}, {axis.sizes[0]:,} to {axis.sizes[-1]:,}"
        yield Figure(sizes, "exponent", Series((found.exponent,)), target=Target(MOST))
        yield Figure(f"{name}, {axis.sizes[-1]:,}: memory", "MB", Series((found.peak_mb[-1],)))


def main(words: Sequence[str]) -> None:
    """Measure one size of one axis."""
    name, size = words
    print(json.dumps(measure(AXES, name, int(size))))


if __name__ == "__main__":
    main(sys.argv[1:])
