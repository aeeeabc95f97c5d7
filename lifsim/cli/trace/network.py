"""The network that a trace is for, with `--timesteps` applied."""

from __future__ import annotations

from dataclasses import replace

from lifsim.config.network import Network
from lifsim.config.workload import load_workload


def network_for_trace(workload: str, timesteps: int | None) -> Network:
    """The workload's network, with T changed if `timesteps` is given.

    Its rates stay as the file has them: they may be replaced, or not be used at all, so a number of them that does not
    fit the new T is for `synthesise` to judge.
    """
    network = load_workload(workload)
    if timesteps is None or timesteps == network.timesteps:
        return network
    changed = load_workload(workload, [f"timesteps={timesteps}", "spikes={source: engine}"])
    return replace(changed, spikes=network.spikes)
