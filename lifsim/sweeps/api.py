"""`lifsim.sweep`: what `lifsim sweep` does, from Python."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from os import PathLike
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Literal, TypeAlias, TypeVar

from lifsim.config import defaults
from lifsim.config.rates_file import with_table
from lifsim.cpus import available_cpus
from lifsim.errors import Fault, InputError, shown
from lifsim.model.arch import Arch
from lifsim.model.network import Network
from lifsim.model.sharing import Sharing
from lifsim.simulate.api import name_of
from lifsim.simulate.options import Bptt, Mode, Objective, Rates, Schedule
from lifsim.sweeps.asked import asked_from_python, with_devices
from lifsim.sweeps.executors import executor_for
from lifsim.sweeps.export import table_of
from lifsim.sweeps.plan import plan
from lifsim.sweeps.result import SweepResult
from lifsim.sweeps.run import pending_points, refuse_if_all_failed, run_points
from lifsim.sweeps.store import Store

One = TypeVar("One")
Several: TypeAlias = One | Sequence[One]
Name = str | PathLike[str]

MAX_JOBS = 4096


def sweep(
    arch: Several[Arch | Name] | None = None,
    workload: Several[Network | Name] = defaults.WORKLOAD,
    sharing: Several[Sharing | str] = defaults.SHARING,
    *,
    vary: Mapping[str, Any] | None = None,
    overrides: Sequence[str] = (),
    trace: Several[Name] | None = None,
    rate: Rates | None = None,
    rates: Name | None = None,
    batch: Several[int] | None = None,
    seed: int | None = None,
    schedule: Several[Schedule] | None = None,
    objective: Several[Objective] | None = None,
    chunk: Several[int | Literal["auto"]] | None = None,
    exit_steps: Several[str | Mapping[int, float]] | None = None,
    mode: Several[Mode] | None = None,
    bptt: Several[Bptt] | None = None,
    optimizer: Several[str] | None = None,
    dram: Several[Name] | None = None,
    share_where_possible: bool = False,
    sample: int | None = None,
    out: Name | None = None,
    jobs: int | None = None,
    scheduler: str | None = None,
    retry_failed: bool = False,
) -> SweepResult:
    """Run every combination of architectures, networks, sharings, options and `vary` values.

    arch, workload, sharing: one or several, by name, path or as objects; arch: None is "sata128", where any point
    trains "sata_training" for all. rate, rates: of all points, as `run` has them; `vary` has several. vary: the further
    axes, any key that `overrides` know to its values, a list or a range as text: ``{"array.rows": [8, 16],
    "buffers.weight.size_bytes": "8KiB:512KiB:x2"}``. optimizer: what changes weights at points that train. dram:
    devices to simulate. share_where_possible: what a sharing does not fit keeps membranes of its own. sample: so many
    points, a Latin hypercube.

    out: the file that keeps the results; the same call goes on where an earlier one stopped. None keeps them in memory.
    jobs: processes (None: all cores). scheduler: of the Dask cluster that runs the points instead.

    Raises InputError with every fault of what is asked for, and where every point fails; a point that fails beside
    others is a row with its `error`.
    """
    given = {
        "arch": arch,
        "workload": workload,
        "sharing": sharing,
        "share_where_possible": share_where_possible or None,
        "trace": trace,
        "rate": with_table(rate, None if rates is None else Path(name_of(rates, "rates"))),
        "batch": batch,
        "seed": seed,
        "schedule": schedule,
        "objective": objective,
        "chunk": chunk,
        "exit_steps": exit_steps,
        "mode": mode,
        "bptt": bptt,
        "optimizer": optimizer,
        "sample": sample,
    }
    planned = plan(asked_from_python(given, *with_devices(dram, overrides, vary or {})))
    if jobs is not None and scheduler is not None:
        raise InputError(Fault("must stand without scheduler, whose cluster has its own workers", path="jobs"))
    processes = available_cpus() if jobs is None else jobs
    if not (isinstance(processes, int) and 1 <= processes <= MAX_JOBS):
        raise InputError(Fault(f"{shown(jobs)} must be a whole number from 1 to {MAX_JOBS}", path="jobs"))
    with (
        _place(out) as path,
        executor_for(planned.job, processes, scheduler) as executor,
        Store.create_or_open(path, planned.job.description()) as store,
    ):
        pending = pending_points(planned, store, retry_failed=retry_failed)
        run_points(planned.job, store, pending, executor, lambda _: None)
        refuse_if_all_failed(store.errors(), len(planned.points))
        axes = tuple(axis.key for axis in planned.job.space.axes)
        times = {
            name: file.data["timesteps"] for name, file in planned.job.workloads.items() if "timesteps" in file.data
        }
        return SweepResult(axes, tuple(table_of(store)), None if out is None else path, times)


@contextmanager
def _place(out: Name | None) -> Iterator[Path]:
    """The file of the store: `out`, or one that goes when it is read."""
    if out is not None:
        yield Path(out)
        return
    with TemporaryDirectory(prefix="lifsim-sweep-") as folder:
        yield Path(folder) / "sweep"
