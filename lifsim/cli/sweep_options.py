"""Options that say which space is swept; a sweep file says the same."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

import click

from lifsim.cli.inputs import DEFAULT_ARCH, DEFAULT_SHARING, DEFAULT_WORKLOAD, with_options

if TYPE_CHECKING:
    from lifsim.sweep.request import Request

F = TypeVar("F", bound=Callable[..., object])

_OPTIONS = (
    click.argument("file", required=False, type=click.Path(path_type=Path)),
    click.option("--arch", metavar="A[,B...]", help=f"Architectures. Default: {DEFAULT_ARCH}."),
    click.option("--workload", metavar="W[,V...]", help=f"Networks. Default: {DEFAULT_WORKLOAD}."),
    click.option("--sharing", metavar="S[,S...]", help=f"none, layer, channel2, ... Default: {DEFAULT_SHARING}."),
    click.option("--trace", metavar="FILE", help="Spike trace (.npz). Default: the workload's own spikes."),
    click.option("--batch", metavar="N[,N...]", help="Images. Default: as many as the trace has, else 1."),
    click.option("--seed", type=int, help="Seed of synthesised spikes, and of what chooses points. Default: 0."),
    click.option("--schedule", metavar="S[,S...]", help="tick, timestep, auto. Default: tick."),
    click.option("--objective", metavar="O[,O...]", help="What auto minimises: dram, cycles, energy. Default: dram."),
    click.option("--chunk", metavar="C[,C...]", help="Images that take turns together. Default: auto."),
    click.option("--set", "overrides", metavar="KEY=VALUE", multiple=True, help="Change a key everywhere."),
    click.option(
        "--vary", metavar="KEY=VALUES", multiple=True,
        help="An axis, any key that --set knows: 8,16,32 or 1:8 or 10:100:+10 or 8KiB:512KiB:x2.",
    ),
)  # fmt: skip

_EXECUTION_OPTIONS = (
    click.option("--out", type=click.Path(path_type=Path), help="File that keeps the results; what stopped goes on."),
    click.option("--jobs", type=click.IntRange(1, 4096), help="Processes. Default: all cores."),
    click.option("--scheduler", metavar="ADDRESS", help="Run on the Dask cluster of this scheduler instead."),
)


def space_options(command: F) -> F:
    """Add [FILE], the options of a run, of which many take several values, --set and --vary."""
    return with_options(command, _OPTIONS)


def execution_options(command: F) -> F:
    """Add --out, --jobs and --scheduler."""
    return with_options(command, _EXECUTION_OPTIONS)


def cores() -> int:
    """Cores that this process may use."""
    import os

    return len(os.sched_getaffinity(0))


def asked_for(
    file: Path | None,
    arch: str | None,
    workload: str | None,
    sharing: str | None,
    trace: str | None,
    batch: str | None,
    seed: int | None,
    schedule: str | None,
    objective: str | None,
    chunk: str | None,
    overrides: tuple[str, ...],
    vary: tuple[str, ...],
    sample: int | None = None,
) -> Request:
    """What the options and the file ask for together. Raises InputError with every fault of both."""
    from lifsim.sweep.request import options_document, read_request

    given = {
        "arch": _names(arch),
        "workload": _names(workload),
        "sharing": _names(sharing),
        "trace": trace,
        "batch": _numbers(batch),
        "seed": seed,
        "schedule": _names(schedule),
        "objective": _names(objective),
        "chunk": _numbers(chunk),
        "sample": sample,
    }
    return read_request(file, options_document(given, overrides, vary))


def _names(text: str | None) -> list[str] | None:
    return None if text is None else [name.strip() for name in text.split(",")]


def _numbers(text: str | None) -> list[int | str] | None:
    """Numbers as such; what is none is left for the schema to refuse."""
    names = _names(text)
    return None if names is None else [int(name) if name.isdecimal() and name.isascii() else name for name in names]
