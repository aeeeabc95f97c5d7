"""`lifsim.run`: what the command line does, from Python."""

from __future__ import annotations

from collections.abc import Sequence
from os import PathLike, fspath

from lifsim.simulate.inputs import load_inputs
from lifsim.simulate.pipeline import run as simulate
from lifsim.simulate.result import Result
from lifsim.watch import Watch, unwatched


def run(
    arch: str = "sata128",
    workload: str = "vgg16_cifar10",
    sharing: str = "none",
    *,
    trace: str | PathLike[str] | None = None,
    batch: int | None = None,
    seed: int = 0,
    spikes: str = "workload",
    weights: str | PathLike[str] | None = None,
    images: str | PathLike[str] | None = None,
    schedule: str = "tick",
    objective: str = "dram",
    chunk: int | None = None,
    mode: str = "inference",
    bptt: str = "stored",
    overrides: Sequence[str] = (),
    watch: Watch = unwatched,
) -> Result:
    """Simulate `workload` on `arch` under `sharing`; names, schedules and `overrides` (``key=value``) as on the
    command line; `chunk` None is `auto`. `watch` is called as watch(work, done, total) while it goes on.

    `result.totals.cycles.total` is a number, `result.layers` a pandas DataFrame. Raises InputError with every fault.
    """
    options = {
        "batch": batch,
        "seed": seed,
        "trace": None if trace is None else fspath(trace),
        "spikes": spikes,
        "weights": None if weights is None else fspath(weights),
        "images": None if images is None else fspath(images),
        "schedule": schedule,
        "objective": objective,
        "chunk": chunk,
        "mode": mode,
        "bptt": bptt,
    }
    inputs = load_inputs(arch, workload, sharing, options, overrides)
    return simulate(inputs.arch, inputs.network, inputs.sharing, inputs.options, watch)
