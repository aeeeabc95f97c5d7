"""Which executor runs a sweep."""

from __future__ import annotations

from lifsim.errors import Fault, InputError
from lifsim.sweeps.executor import Executor
from lifsim.sweeps.plan import Job


def executor_for(job: Job, jobs: int, scheduler: str | None) -> Executor:
    """`jobs` processes here, or the Dask cluster of `scheduler`. Raises InputError where it cannot be had."""
    if scheduler is None:
        from lifsim.sweeps.local import LocalPool

        return LocalPool(job, jobs)
    try:
        from lifsim.sweeps.dask import DaskCluster
    except ImportError:
        raise InputError(Fault("needs Dask: pip install 'lifsim[distributed]'", path="--scheduler")) from None
    return DaskCluster(job, scheduler)
