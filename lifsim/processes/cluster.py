"""A Dask cluster is joined, or it is told why not."""

from __future__ import annotations

import logging

from distributed import Client

from lifsim.errors import Fault, InputError

CONNECT_SECONDS = 4
"""How long the scheduler may take to answer."""

WORKER_SECONDS = 30
"""How long the first worker may take to be there."""


def joined(address: str, path: str) -> Client:
    """A client of the scheduler at `address`, such as tcp://host:8786, that the option `path` names.

    Raises InputError if it cannot be reached.
    """
    _quieten()
    try:
        return Client(address, timeout=CONNECT_SECONDS, set_as_default=False)
    except Exception as error:  # whatever a port answers that is no scheduler's
        rule = f"must be the address of a running Dask scheduler: {error}"
        raise InputError(Fault(rule, path=f"{path} {address}")) from None


def workerless(address: str, path: str) -> InputError:
    """No worker came in time."""
    return InputError(Fault(f"must have a worker within {WORKER_SECONDS} s", path=f"{path} {address}"))


def gone(address: str) -> InputError:
    """Nobody answers any more."""
    return InputError(f"the Dask scheduler at {address} is gone")


UNLIKE = (AttributeError, ImportError, TypeError)
"""What is raised where a name or its parameters are another LIFSim's, or a worker has none."""


def unlike(error: Exception) -> InputError:
    """Workers do not understand what they are sent, or are not understood."""
    return InputError(Fault(f"workers and scheduler must have the LIFSim that this process has: {error}"))


def _quieten() -> None:
    """Dask tells of workers and schedulers that are gone in tracebacks; LIFSim says what they mean."""
    for name in ("distributed", "distributed.client", "distributed.core", "distributed.comm"):
        logging.getLogger(name).setLevel(logging.CRITICAL)
