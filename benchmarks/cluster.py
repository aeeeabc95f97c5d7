"""What a cluster of any size does, reckoned of what one worker, the scheduler, the client and the network take.

A closed queueing network: each of W workers computes a piece of work, in Z seconds and for itself, then passes in turn
through stations that all share, which take D seconds of it each and serve one at a time. Mean value analysis (Reiser
and Lavenberg 1980), exact for stations that take exponential times, gives from W - 1 workers

    time at a station   R = D (1 + its queue beside W - 1 workers)
    rate                X = W / (Z + sum of R),     queue = X R

so that X = W / (Z + sum of D) of one worker, and never more than 1 / (the largest D).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Reckoned:
    """Pieces of work a second, and the share of its time in which each station is busy."""

    rate: float
    busy: Mapping[str, float]

    @property
    def first(self) -> str:
        """The station that is full first, as workers are added."""
        return max(self.busy, key=lambda name: self.busy[name])


def reckoned(workers: int, work_s: float, stations: Mapping[str, float]) -> Reckoned:
    """work_s: Z; stations: D of each by name, of a piece. Raises ValueError for no worker, or no time."""
    if workers < 1 or work_s <= 0 or min(stations.values(), default=0) < 0:
        raise ValueError(f"workers must be >= 1, work_s > 0, stations >= 0: {workers}, {work_s}, {dict(stations)}")
    queues, rate = dict.fromkeys(stations, 0.0), 0.0
    for number in range(1, workers + 1):
        waits = {name: taken * (1 + queues[name]) for name, taken in stations.items()}
        rate = number / (work_s + sum(waits.values()))
        queues = {name: rate * wait for name, wait in waits.items()}
    return Reckoned(rate, {name: rate * taken for name, taken in stations.items()})
