"""The network that a trace is for, with `--timesteps` applied."""

from __future__ import annotations

from pathlib import Path

from lifsim.config.given_rates import ALL_REPLACED
from lifsim.config.resolve import find
from lifsim.config.workload import load_workload
from lifsim.model.network import Network


def workload_files(workload: str | None) -> list[Path]:
    """The file that `workload` means, which no trace may replace; none of None. Raises InputError."""
    return [] if workload is None else [find("workload", workload)]


def network_for_trace(workload: str, timesteps: int | None) -> Network:
    """The workload's network, with T changed if `timesteps` is given.

    Its rates stay as the file has them: they may be replaced, or not be used at all, so a number of them that does not
    fit the new T is for `synthesise` to judge.
    """
    return load_workload(workload, [] if timesteps is None else [f"timesteps={timesteps}"], ALL_REPLACED)
