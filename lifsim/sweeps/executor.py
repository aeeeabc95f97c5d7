"""The interface of whatever runs points: processes of this machine, or a Dask cluster."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterable, Iterator

from lifsim.closable import Closable
from lifsim.sweeps.outcome import Outcome


class Executor(Closable):
    """Runs points of one job. The outcome of a point depends on nothing but the job and the point."""

    @abstractmethod
    def outcomes(self, points: Iterable[int]) -> Iterator[Outcome]:
        """Yield the outcome of each of `points` as soon as it is available, in any order."""

    @abstractmethod
    def close(self) -> None:
        """Stop the workers, whatever they are doing."""
