"""Which schedule's time grows faster than what is asked of it, on which axis?

    python -m benchmarks.growth_hunt                                   # all of them: some 20 minutes of CPU
    python -m benchmarks.growth_hunt --axis wide --schedule skewed     # some of them
    python -m benchmarks.growth_hunt --mode training --timesteps 1     # of another mode, another number of timesteps

Four sizes of each axis, under every schedule and sharing: CPU seconds and peak memory of a run, each in a process that
is forked from one that has imported and compiled all, so that a busy machine hides little. The exponent of the seconds
stands beside that of the bytes that the run moves, which a simulated DRAM gives out burst by burst: time that grows
with them grows with what is simulated. Those above MOST are marked.
"""

from __future__ import annotations

import argparse
import multiprocessing
import resource
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from math import isqrt
from multiprocessing.connection import Connection
from pathlib import Path
from typing import NamedTuple

import lifsim
from benchmarks.frame.growth import exponent
from benchmarks.search import far, stack
from lifsim.model.network import Network
from lifsim.simulate.options import Mode
from tests.schedule.networks import Op, network

MOST = 1.1
RATE = 0.15
SCHEDULES = ("tick", "timestep", "window:2", "skewed", "fused", "auto")
SHARINGS = ("none", "layer", "channel2")
BUFFERS = ("weight", "spike_in", "spike_out", "membrane", "psum")


@dataclass(frozen=True)
class Asked:
    """A run, but for its schedule and sharing."""

    network: Network
    batch: int = 1
    overrides: Sequence[str] = field(default=())


@dataclass(frozen=True)
class Hunted:
    """sizes: ascending, in units in which the work should be linear. asked: the run of a size and of so many
    timesteps."""

    sizes: tuple[int, ...]
    asked: Callable[[int, int], Asked]


class Ran(NamedTuple):
    """cpu_s: of one run. peak_mb: of its process. moved: bytes from and to the DRAM. refused: why it did not run."""

    cpu_s: float
    peak_mb: float
    moved: int
    refused: str = ""


def relay(rows: int, columns: int, timesteps: int, channels: int = 4, kernel: int = 3) -> Network:
    """Two layers that can share their membranes, one of them 1 x 1, and a linear one."""
    layers: list[Op] = [
        {"name": "conv", "op": "conv", "out": channels, "kernel": kernel, "padding": kernel // 2},
        {"name": "lif", "op": "lif"},
        {"name": "mixed", "op": "conv", "out": channels, "kernel": 1},
        {"name": "mixed_lif", "op": "lif"},
        {"name": "linear", "op": "linear", "out": 2},
    ]
    return network(layers, (channels, rows, columns) if channels > 4 else (1, rows, columns), timesteps)


def _buffers(size: int, timesteps: int) -> Asked:
    overrides = [f"buffers.{name}.size_bytes={size}" for name in BUFFERS]
    return Asked(relay(64, 64, timesteps), overrides=overrides)


def _array(size: int, timesteps: int) -> Asked:
    side = isqrt(size)
    return Asked(relay(64, 64, timesteps, 64), overrides=[f"array.rows={side}", f"array.cols={side}"])


AXES = {
    "layers": Hunted((16, 32, 64, 128), lambda size, _: Asked(stack(size))),
    "far": Hunted((16, 32, 64, 128), lambda size, _: Asked(far(size))),
    "timesteps": Hunted((16, 64, 256, 1024), lambda size, _: Asked(relay(16, 16, size))),
    "batch": Hunted((1, 4, 16, 64), lambda size, timesteps: Asked(relay(32, 32, timesteps), size)),
    "wide": Hunted((512, 1024, 2048, 4096, 16384), lambda size, timesteps: Asked(relay(1, size, timesteps))),
    "tall": Hunted((512, 1024, 2048, 4096, 16384), lambda size, timesteps: Asked(relay(size, 1, timesteps))),
    "square": Hunted(
        (32**2, 64**2, 128**2, 256**2), lambda size, timesteps: Asked(relay(isqrt(size), isqrt(size), timesteps))
    ),
    "channels": Hunted(
        (32**2, 64**2, 128**2, 256**2), lambda size, timesteps: Asked(relay(8, 8, timesteps, isqrt(size)))
    ),
    "kernel": Hunted(
        (7**2, 15**2, 31**2, 63**2), lambda size, timesteps: Asked(relay(64, 64, timesteps, kernel=isqrt(size)))
    ),
    "array": Hunted((8**2, 32**2, 128**2, 512**2), _array),
    "buffers": Hunted((1 << 10, 1 << 14, 1 << 18, 1 << 22), _buffers),
}


def ran(asked: Asked, sharing: str, schedule: str, mode: Mode) -> Ran:
    """In this process."""
    arch = "sata128" if mode == "inference" else "sata_training"
    begun = time.process_time()
    try:
        result = lifsim.run(
            arch, asked.network, sharing, schedule=schedule, rate=RATE, batch=asked.batch, mode=mode,
            overrides=asked.overrides,
        )  # fmt: skip
        moved, refused = result.totals.dram_bytes.total, ""
    except lifsim.InputError as error:
        moved, refused = 0, str(error)
    peak = int(Path("/proc/self/status").read_text().partition("VmHWM:")[2].split()[0])
    return Ran(time.process_time() - begun, peak / 1024, moved, refused)


def apart(call: Callable[[], Ran], limit_s: int) -> Ran | None:
    """`call` in a process that is forked from this one; None where it takes more CPU seconds than that."""
    context = multiprocessing.get_context("fork")
    ours, theirs = context.Pipe(duplex=False)
    child = context.Process(target=_tell, args=(theirs, call, limit_s))
    child.start()
    theirs.close()
    try:
        found: Ran | None = ours.recv()
    except EOFError:
        found = None
    child.join()
    return found


def _tell(answer: Connection, call: Callable[[], Ran], limit_s: int) -> None:
    resource.setrlimit(resource.RLIMIT_CPU, (limit_s, limit_s))
    answer.send(call())


def told(name: str, sizes: Sequence[int], runs: Sequence[Ran | None]) -> str:
    """Of one axis under one schedule and sharing: its exponents, and what each size took."""
    there = [(size, one) for size, one in zip(sizes, runs, strict=True) if one is not None and not one.refused]
    seconds = " ".join("too long" if one is None else "refused" if one.refused else f"{one.cpu_s:.2f}" for one in runs)
    if len(there) < 2:
        return f"{name:32} {'':40} {seconds} s"
    sized = [size for size, _ in there]
    of_time = exponent(sized, [one.cpu_s for _, one in there])
    of_bytes, of_memory = (exponent(sized, of) for of in ([r.moved for _, r in there], [r.peak_mb for _, r in there]))
    mark = " !" if of_time > MOST or None in runs else ""
    growth = f"time {of_time:5.2f} bytes {of_bytes:5.2f} memory {of_memory:5.2f}"
    return f"{name:32} {growth}   {seconds} s, {there[-1][1].peak_mb:.0f} MB{mark}"


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--axis", nargs="+", choices=AXES, default=list(AXES))
    parser.add_argument("--schedule", nargs="+", default=SCHEDULES)
    parser.add_argument("--sharing", nargs="+", default=SHARINGS)
    parser.add_argument("--mode", choices=("inference", "training"), default="inference")
    parser.add_argument("--timesteps", type=int, default=5)
    parser.add_argument("--limit", type=int, default=60, help="CPU seconds beyond which a run is given up")
    wanted = parser.parse_args()
    for sharing in SHARINGS:
        ran(Asked(relay(4, 4, 2)), sharing, "skewed", wanted.mode)
    for axis in wanted.axis:
        hunted = AXES[axis]
        for schedule in wanted.schedule:
            for sharing in wanted.sharing:
                runs = []
                for size in hunted.sizes:
                    call = partial(ran, hunted.asked(size, wanted.timesteps), sharing, schedule, wanted.mode)
                    runs.append(apart(call, wanted.limit))
                print(told(f"{axis}, {schedule}, {sharing}", hunted.sizes, runs), flush=True)


if __name__ == "__main__":
    main()
