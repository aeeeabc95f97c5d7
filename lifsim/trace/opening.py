"""Open a trace file of either kind, packed or plain."""

from __future__ import annotations

from os import PathLike
from pathlib import Path

from lifsim.config.file_kind import TRACE
from lifsim.config.workload_schema import MAX_LAYERS
from lifsim.model.network import Network
from lifsim.trace.archive import Archive
from lifsim.trace.fit import fit
from lifsim.trace.packed import HEADER, read_packed
from lifsim.trace.plain import read_plain
from lifsim.trace.source import Trace

MAX_ARRAYS = 1 + MAX_LAYERS
"""Most arrays in a trace: its header, and the spikes of as many layers as a network may have."""


def open_trace(path: str | PathLike[str], network: Network | None = None) -> Trace:
    """The trace in the file `path`; with `network`, fitted to it: its layers in its order, under its names.

    A packed trace describes itself. A plain .npz archive of 0/1 arrays without an axis of images is read as one image:
    only `lifsim trace import` can be told that its leading axis holds several. Spikes are read when they are asked for.
    Raises InputError.
    """
    archive = Archive(Path(path), MAX_ARRAYS)
    try:
        archive.refuse_other(TRACE)
        trace = read_packed(archive) if HEADER in archive.arrays else read_plain(archive)
        return trace if network is None else fit(trace, network, source=str(path))
    except BaseException:
        archive.close()
        raise
