"""The interface of whatever runs points: processes of this machine, or a Dask cluster."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterable, Iterator

from lifsim.closable import Closable
from lifsim.sweeps.outcome import Outcome
from lifsim.sweeps.parcel import Parcel
from lifsim.sweeps.space import Space


class Executor(Closable):
    """Runs points of one job. The outcome of a point depends on nothing but the job and the point."""

    @abstractmethod
    def outcomes(self, points: Iterable[int]) -> Iterator[Outcome]:
        """Yield the outcome of each of `points` as soon as it is available, in any order."""

    def parcels(self, points: Iterable[int], space: Space) -> Iterator[Parcel]:
        """The outcomes of `points` of `space` for who stores them, those that come together as one."""
        for outcome in self.outcomes(points):
            yield Parcel.of([(outcome, space.at(outcome.point))])

    @abstractmethod
    def close(self) -> None:
        """Stop the workers, whatever they are doing."""
