"""Compiles the engine's machine code before it is needed, by calling every loop once with next to no work.

So it is compiled all at once, which the user is told, instead of bit by bit during a run; by one process for all
others; and in parallel parts if there are cores.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import DTypeLike

from lifsim.cpus import available_cpus
from lifsim.engine.workers import Work, Workers
from lifsim.kernels.cache import FOLDER, Cache, user_cache
from lifsim.kernels.compilation import announce, counted
from lifsim.kernels.kernel import digest_of
from lifsim.kernels.processor import CHOICE, of_level, this_processor
from lifsim.kernels.shipped import OVERLOAD, shipped_code
from lifsim.lazy_dataclass import dataclass
from lifsim.processes.worker import Worker, packed
from lifsim.watch import Watch, unwatched

SOURCES = "engine/**/*.py", "neurons/*.py"
SUFFIX = ".rehearsed"
LOOK_S = 0.1
"""Between two checks of the process that compiles beside this one."""

GRACE_S = 2.0
"""How long it may take to end."""


@dataclass(frozen=True)
class Part:
    """Loops that are needed together. play: calls each with next to no work, in a given precision. Measured: seconds,
    on a core of 2023, to compile them; functions, their number, including those that they call."""

    name: str
    play: Callable[[Any, Workers], None]
    seconds: int
    functions: int


def ready(names: Sequence[str], dtype: DTypeLike, watch: Watch = unwatched) -> None:
    """Make sure that this machine's cache has the machine code of these parts (of PARTS) for a precision; compile what
    it lacks.

    If nothing can be cached, each process compiles what it needs when it needs it.
    """
    missing = [name for name in names if not _is_kept(name, dtype)]
    cache = user_cache() if missing else None
    if cache is None or not cache.is_writable:
        return
    first, *others = (PARTS[name] for name in missing)
    beside = others if available_cpus() > 1 else []
    costs = [part.seconds for part in (first, *others)]
    said = f"the engine ({', '.join(missing)})", max(costs) if beside else sum(costs), cache
    with _beside([part.name for part in beside], dtype, watch):
        _make(first, dtype, cache, watch, lambda: announce(*said))
    for part in others:  # even if the other process failed
        _make(part, dtype, cache, watch)


def _is_kept(name: str, dtype: DTypeLike) -> bool:
    if shipped_code(lambda level: _mark(name, dtype, of_level(level).digest)) is not None:
        return True
    cache = user_cache()
    return cache is not None and cache.read(_mark(name, dtype, this_processor().digest)) is not None


def _mark(name: str, dtype: DTypeLike, processor: str) -> str:
    """The file whose existence says that the part has been compiled."""
    made_of = digest_of(SOURCES, [str(sys.implementation.cache_tag)])
    return f"lifsim.engine.{name}-{np.dtype(dtype).name}-{processor}-{made_of}{SUFFIX}"


def _make(
    part: Part, dtype: DTypeLike, cache: Cache, watch: Watch = unwatched, begun: Callable[[], None] = lambda: None
) -> None:
    """Compile a part; `begun` is called first if anything is missing."""
    with cache.lock(watch, f"{part.name}."):
        if not _is_kept(part.name, dtype):
            begun()
            with counted(f"compiling the engine ({part.name}): functions", part.functions, watch):
                part.play(np.dtype(dtype), _ForMore(1))
            cache.keep(_mark(part.name, dtype, this_processor().digest), b"")


@contextmanager
def _beside(names: Sequence[str], dtype: DTypeLike, watch: Watch) -> Iterator[None]:
    """While the block runs, compile parts in another process, if one can be started; at the end, wait for it."""
    try:
        other = Worker(packed(_maker)) if names else None
    except (OSError, ValueError):  # not enough memory, or a system without inheritable pipes
        other = None
    if other is None:
        yield
        return
    try:
        with suppress(OSError, EOFError):  # it died: this process compiles them itself
            other.begin()
            other.send((np.dtype(dtype).name, tuple(names)))
        yield
        with suppress(OSError, EOFError):
            while other.connection.poll(LOOK_S) is False or other.receive()[0] == "ready":
                watch(f"compiling the engine ({', '.join(names)}) in process {other.pid}", 0, 0)
    finally:
        other.ask_to_end()
        other.end(GRACE_S)


def _maker() -> Callable[[tuple[str, tuple[str, ...]]], None]:
    return _made_beside


def _made_beside(asked: tuple[str, tuple[str, ...]]) -> None:
    if cache := user_cache():
        for name in asked[1]:
            _make(PARTS[name], asked[0], cache)


def ship(level: str, folder: Path) -> None:
    """Compile all parts in float32 into `folder`, for processors of a level of `processor.LEVELS`, which this processor
    must have. Raises CalledProcessError."""
    with tempfile.TemporaryDirectory() as made:
        chosen = {CHOICE: level, "NUMBA_CPU_FEATURES": "", FOLDER: made}
        script = f"from {__name__} import PARTS, ready; ready(tuple(PARTS), 'float32')"
        subprocess.run([sys.executable, "-c", script], env=os.environ | chosen, check=True)  # noqa: S603
        cache = Cache(Path(made).resolve())
        for path in (path for suffix in (OVERLOAD, SUFFIX) for path in cache.folder.glob(f"*{suffix}")):
            (folder / path.name).write_bytes(cache.read(path.name) or b"")


class _ForMore(Workers):
    """One thread that also compiles what several threads need to share a kernel."""

    def run(self, kernel: Callable[..., None], jobs: int, *arguments: object, elements: int = 0) -> None:
        """As `Workers.run`."""
        from lifsim.engine.board import new_board, pack

        super().run(kernel, jobs, *arguments, elements=elements)
        if Work(kernel, jobs).machine_code is not None:
            pack(new_board(1), *arguments)


def _inference(real: Any, workers: Workers) -> None:
    from lifsim.engine import board
    from lifsim.engine.convolution import convolve, pack_weights
    from lifsim.engine.neurons import fire, initial_state
    from lifsim.engine.pooling import LANES, pool
    from lifsim.model.product import Window
    from lifsim.neurons import NEURONS

    board.rehearse()
    window, one = Window.of_linear(1, 1), np.ones(1, real)
    rows = pack_weights(np.ones((1, 1, 1, 1), real), 1)
    for inputs in (np.uint8, real):
        convolve(np.zeros((1, 1, 1, 1), inputs), rows, window, workers, one, one, spikes=inputs is np.uint8)
    pool(np.zeros((1, 1, 1, 1, LANES), np.uint8), _pool("max", LANES), real, workers)
    neuron = NEURONS["lif"]
    fire(np.zeros((1, 0, 1), real), initial_state(neuron, (0, 1), real), 1, neuron, workers)


def _training(real: Any, workers: Workers) -> None:
    from lifsim.engine.neurons import fire, initial_state
    from lifsim.engine.pooling import LANES
    from lifsim.engine.training import norm
    from lifsim.engine.training.adjoint import Adjoint
    from lifsim.engine.training.convolution_gradients import input_gradient, weight_gradient
    from lifsim.engine.training.membranes import MEMBRANE
    from lifsim.engine.training.pooling_gradient import pool_gradient
    from lifsim.engine.training.surrogate import Surrogate, to_slopes
    from lifsim.model.product import Window
    from lifsim.neurons import NEURONS

    value, of_channel = np.zeros((2, 2, 1, 1, 1), real), np.ones(1, real)
    seen = norm.statistics(value, "", workers)
    norm.normed(value, seen, of_channel, of_channel, workers)
    norm.gradient(value, value, of_channel, seen, workers)
    for channels, filters, images in ((1, 1, 1), (16, 2, 2)):  # by BLAS, and in tiles
        window, maps = Window.of_linear(channels, filters), np.zeros((images, 1, 1, channels), real)
        grad, weights = np.zeros((images, 1, 1, filters), real), np.zeros((filters, channels, 1, 1), real)
        input_gradient(grad, weights, window, workers)
        for inputs in (np.uint8, real):
            weight_gradient(maps.astype(inputs), grad, window, workers)
    for kind, inputs, channels in (("max", np.uint8, LANES), ("max", np.uint8, 1), ("max", real, 1), ("avg", real, 1)):
        pooled = value.repeat(channels, axis=-1)
        pool_gradient(pooled.astype(inputs), pooled, _pool(kind, channels), workers)
    neuron = NEURONS["lif"]
    surrogate = Surrogate()
    to_slopes(np.zeros(0, MEMBRANE), surrogate.code, surrogate.alpha)  # first: what only others call is kept with them
    adjoint, calls = Adjoint(neuron, surrogate, workers), np.zeros((1, 0, 1), real)
    state, spikes = initial_state(neuron, (0, 1), MEMBRANE), calls.astype(np.uint8)
    fire(calls, state, 1, neuron, workers)
    adjoint.stored(calls, spikes, calls.astype(MEMBRANE), state)
    adjoint.reversed(calls, spikes, calls, state, state)


def _pool(kind: str, channels: int) -> Any:
    """A pool of one pixel."""
    from lifsim.model.network import Pool, Tensor

    return Pool("", (), Tensor("", (channels, 1, 1), 1, None), kind, kernel=(1, 1), stride=(1, 1), padding=(0, 0))


PARTS = {part.name: part for part in (Part("inference", _inference, 10, 45), Part("training", _training, 12, 50))}
