"""`lifsim.compare`: what `lifsim compare` does, from Python."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from os import PathLike, fspath
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from lifsim.config.rates_file import with_table
from lifsim.errors import Fault, InputError, shown
from lifsim.model.arch import Arch
from lifsim.model.network import Network
from lifsim.model.sharing import Sharing
from lifsim.report.compare.gather import gathered
from lifsim.simulate.api import name_of, texts_of
from lifsim.simulate.options import Bptt, Mode, Objective, Rates, Schedule, SpikeSource
from lifsim.simulate.result import Result
from lifsim.sweeps.api import MAX_JOBS, Name, Several
from lifsim.sweeps.combinations import Wanted
from lifsim.watch import Watch, unwatched

if TYPE_CHECKING:
    import pandas as pd


def compare(
    *runs: Result | Name,
    baseline: str | int | None = None,
    rows: Several[str] = (),
    arch: Several[Arch | Name] | None = None,
    workload: Several[Network | Name] | None = None,
    sharing: Several[Sharing | str] | None = None,
    share_where_possible: bool = False,
    vary: Mapping[str, Any] | None = None,
    overrides: Sequence[str] = (),
    trace: Several[Name] | None = None,
    batch: Several[int] | None = None,
    seed: Several[int] | None = None,
    spikes: Several[SpikeSource] | None = None,
    weights: Several[Name] | None = None,
    images: Several[Name] | None = None,
    rate: Rates | None = None,
    rates: Name | None = None,
    rates_scale: Several[float] | None = None,
    schedule: Several[Schedule] | None = None,
    objective: Several[Objective] | None = None,
    chunk: Several[int | Literal["auto"]] | None = None,
    groups: Sequence[str] | None = None,
    exit_steps: Several[str | Mapping[int, float]] | None = None,
    exit_confidence: Several[float] | None = None,
    mode: Several[Mode] | None = None,
    bptt: Several[Bptt] | None = None,
    dram: Several[Name] | None = None,
    optimizer: Several[str] | None = None,
    jobs: int = 1,
    watch: Watch = unwatched,
) -> pd.DataFrame:
    """Compare runs: one row per run, with its label as index: first the `runs`, results or folders written by `lifsim
    run`, then new ones for every combination of the options' values, one or several of each.

    Columns: `error` (None, or why a run could not be made; it then has no figures), `workload`, `arch`, `sharing`,
    other inputs that differ, the figures of `Totals.figures` with their units, and for each numeric figure `change.`
    and its name: the change against the baseline, as a share.

    baseline: label or number (from 1) of the run that changes are relative to; None: the first one. rows: groups of
    figures (cycles, time, operations, dram, accesses, energy, lif_update, area, lif_memory) or single ones by name;
    none: all of them. jobs: processes that make runs. rate, rates: of all runs; `vary={"rate": [0.1, 0.2]}` compares
    several. Other arguments are those of `lifsim.sweep` and `lifsim.run`. `frame.attrs["unlike"]` says in what the runs
    are not alike. Raises InputError with every fault of the arguments, and if no run can be made.
    """
    table = None if rates is None else Path(name_of(rates, "rates"))
    named = {
        "arch": arch,
        "workload": workload,
        "sharing": sharing,
        "trace": trace,
        "batch": batch,
        "seed": seed,
        "spikes": spikes,
        "weights": weights,
        "images": images,
        "rate": None if rate is None and rates is None else [with_table(rate, table)],
        "rates_scale": rates_scale,
        "schedule": schedule,
        "objective": objective,
        "chunk": chunk,
        "groups": None if groups is None else [tuple(groups)],
        "exit_steps": exit_steps,
        "exit_confidence": exit_confidence,
        "mode": mode,
        "bptt": bptt,
        "dram": dram,
        "optimizer": optimizer,
    }
    given = {key: [_plain(one) for one in _several(value)] for key, value in named.items() if value is not None}
    settings = texts_of(overrides)
    if not (isinstance(jobs, int) and 1 <= jobs <= MAX_JOBS):
        raise InputError(Fault(f"{shown(jobs)} must be a whole number from 1 to {MAX_JOBS}", path="jobs"))
    if not isinstance(vary, Mapping | None):
        raise InputError(Fault(f"{shown(vary)} must be a mapping of keys to values", path="vary"))
    varied = {key: _listed(value) for key, value in (vary or {}).items()}
    wanted = Wanted(given, settings, varied, share_where_possible) if given or settings or varied else None
    if not runs and wanted is None:
        raise InputError(Fault("must be given: results, folders of runs, or options", path="runs"))
    found = gathered([given_run(one) for one in runs], wanted, baseline, [*_several(rows)])
    return found.compared(watch, jobs=jobs).frame


def given_run(one: object) -> Result | Path:
    """A run that is there: a result, or the folder of one. Raises InputError if it is neither."""
    if isinstance(one, Result):
        return one
    if isinstance(one, str | PathLike):
        return Path(one)
    raise InputError(Fault(f"{shown(one)} must be a result, or the folder of a run", path="runs"))


def _several(value: Any) -> Iterable[Any]:
    """One value or several; objects and texts are one."""
    listed = value.tolist() if hasattr(value, "tolist") else value
    return listed if isinstance(listed, list | tuple | range) else [listed]


def _plain(value: Any) -> Any:
    """Paths as texts."""
    return fspath(value) if isinstance(value, PathLike) else value


def _listed(value: Any) -> Any:
    """As --vary takes it: a range as text, or a list."""
    return value if isinstance(value, str) else [*_several(value)]
