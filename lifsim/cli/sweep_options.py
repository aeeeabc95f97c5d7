"""What a sweep is told: the space, where a sweep file says the same, and who runs its points."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import click

from lifsim.cli.completing import (
    archs,
    chunks,
    drams,
    keepings,
    modes,
    objectives,
    optimizers,
    schedules,
    settings,
    sharings,
    workloads,
)
from lifsim.cli.rate_options import Rate, RatesTable
from lifsim.cli.shared_options import batches_option, exit_steps_option, set_option
from lifsim.cli.where_possible import where_possible_if_given
from lifsim.config import defaults
from lifsim.cpus import available_cpus
from lifsim.errors import Fault, InputError
from lifsim.lazy_dataclass import dataclass

if TYPE_CHECKING:
    from lifsim.sweeps.executor import Executor
    from lifsim.sweeps.plan import Job
    from lifsim.sweeps.request import Request


@dataclass(frozen=True)
class SpaceOptions:
    """[FILE], the options of a run, many of which take several values, --set and --vary; None if not given."""

    file: Annotated[Path | None, click.argument("file", required=False, type=click.Path(path_type=Path))]
    arch: Annotated[
        str | None,
        click.option(
            "--arch", shell_complete=archs, metavar="A[,B...]", help=f"Architectures. Default: {defaults.ARCH}."
        ),
    ]
    dram: Annotated[
        str | None,
        click.option(
            "--dram", shell_complete=drams, metavar="D[,D...]", help="Simulate these DRAM devices (lifsim list drams)."
        ),
    ]
    workload: Annotated[
        str | None,
        click.option(
            "--workload", shell_complete=workloads, metavar="W[,V...]", help=f"Networks. Default: {defaults.WORKLOAD}."
        ),
    ]
    sharing: Annotated[
        str | None,
        click.option(
            "--sharing",
            shell_complete=sharings,
            metavar="S[,S...]",
            help=f"none, layer, channel2, ... Default: {defaults.SHARING}.",
        ),
    ]
    share_where_possible: Annotated[bool | None, where_possible_if_given]
    trace: Annotated[
        str | None,
        click.option("--trace", metavar="FILE", help="Spike trace (.npz). Default: the workload's own spikes."),
    ]
    rate: Rate
    rates: RatesTable
    batch: Annotated[str | None, batches_option]
    seed: Annotated[
        int | None,
        click.option("--seed", type=int, help="Seed of synthesised spikes and of the choice of points. Default: 0."),
    ]
    schedule: Annotated[
        str | None,
        click.option(
            "--schedule",
            shell_complete=schedules,
            metavar="S[,S...]",
            help="tick, timestep, window:TW, fused, fused:TW, skewed, skewed:TW, auto. Default: tick.",
        ),
    ]
    objective: Annotated[
        str | None,
        click.option(
            "--objective",
            shell_complete=objectives,
            metavar="O[,O...]",
            help="What auto minimises: dram, cycles, energy. Default: dram.",
        ),
    ]
    chunk: Annotated[
        str | None,
        click.option(
            "--chunk",
            shell_complete=chunks,
            metavar="C[,C...]",
            help="Images that a group works on together. Default: auto.",
        ),
    ]
    exit_steps: Annotated[str | None, exit_steps_option]
    mode: Annotated[
        str | None,
        click.option(
            "--mode",
            shell_complete=modes,
            metavar="M[,M...]",
            help=f"inference, training (default --arch {defaults.TRAINING_ARCH}). Default: inference.",
        ),
    ]
    bptt: Annotated[
        str | None,
        click.option(
            "--bptt",
            shell_complete=keepings,
            metavar="B[,B...]",
            help="In training, how the backward pass gets membranes: stored, reversed, recomputed. Default: stored.",
        ),
    ]
    optimizer: Annotated[
        str | None,
        click.option(
            "--optimizer",
            shell_complete=optimizers,
            metavar="O[,O...]",
            help="In training, the optimizer (lifsim list optimizers). Default: the architecture's.",
        ),
    ]
    overrides: Annotated[
        tuple[str, ...],
        set_option("Change a key for all points.", "overrides"),
    ]
    vary: Annotated[
        tuple[str, ...],
        click.option(
            "--vary",
            shell_complete=settings,
            metavar="KEY=VALUES",
            multiple=True,
            help="An axis: any key that --set accepts, with 8,16,32 or 1:8 or 10:100:+10 or 8KiB:512KiB:x2.",
        ),
    ]

    def request(self, sample: int | None = None) -> Request:
        """What the options and the file ask for together. Raises InputError with every fault of both."""
        from lifsim.config.rates_file import with_table
        from lifsim.sweeps.request import options_document, read_request

        given = {
            "arch": _names(self.arch),
            "workload": _names(self.workload),
            "sharing": _names(self.sharing),
            "share_where_possible": self.share_where_possible,
            "trace": self.trace,
            "rate": with_table(self.rate, self.rates),
            "batch": _numbers(self.batch),
            "seed": self.seed,
            "schedule": _names(self.schedule),
            "objective": _names(self.objective),
            "chunk": _numbers(self.chunk),
            "exit_steps": self.exit_steps,
            "mode": _names(self.mode),
            "bptt": _names(self.bptt),
            "optimizer": _names(self.optimizer),
            "sample": sample,
        }
        return read_request(self.file, options_document(given, *self._settings()))

    def _settings(self) -> tuple[tuple[str, ...], tuple[str, ...]]:
        """--set and --vary, with --dram: one device is set, several are an axis. Raises InputError if an axis is
        another choice of devices."""
        from lifsim.config.device import KEY, choosing

        if self.dram is None:
            return self.overrides, self.vary
        if [one for one in self.vary if one.partition("=")[0].strip() == KEY]:
            raise InputError(Fault(f"must stand without --vary {KEY}, which chooses devices too", path="--dram"))
        model, device = choosing(self.dram.strip())
        if "," not in self.dram:
            return (model, device, *self.overrides), self.vary
        return (model, *self.overrides), (*self.vary, f"{KEY}={self.dram}")


@dataclass(frozen=True)
class ExecutionOptions:
    """--out, --jobs and --scheduler."""

    out: Annotated[
        Path | None,
        click.option(
            "--out",
            type=click.Path(path_type=Path),
            help="File of the results; an interrupted sweep continues there. Default: in sweeps/, named by the space.",
        ),
    ]
    jobs: Annotated[
        int | None, click.option("--jobs", type=click.IntRange(1, 4096), help="Processes. Default: all cores.")
    ]
    scheduler: Annotated[
        str | None,
        click.option("--scheduler", metavar="ADDRESS", help="Run on the Dask cluster of this scheduler instead."),
    ]

    def store(self, request: Request, job: Job) -> Path:
        """The file that keeps the results."""
        from lifsim.sweeps.default_store import default_store

        return self.out if self.out is not None else default_store(request, job)

    @property
    def processes(self) -> int:
        """--jobs, or as many as this process has cores."""
        return self.jobs or available_cpus()

    def executor(self, job: Job, most: int | None = None) -> Executor:
        """What runs the points of `job`, with `most` processes here. Raises InputError if it cannot be had."""
        from lifsim.sweeps.executors import executor_for

        if self.jobs is not None and self.scheduler is not None:
            raise InputError(Fault("must stand without --scheduler, whose cluster has its own workers", path="--jobs"))
        return executor_for(job, min(self.processes, most or self.processes), self.scheduler)


def _names(text: str | None) -> list[str] | None:
    return None if text is None else [name.strip() for name in text.split(",")]


def _numbers(text: str | None) -> list[int | str] | None:
    """Numbers as such; what is none is left for the schema to refuse."""
    names = _names(text)
    return None if names is None else [int(name) if name.isdecimal() and name.isascii() else name for name in names]
