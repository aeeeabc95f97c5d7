"""Writes DRAM request traces as text, burst by burst, for other simulators.

DRAMsim3: `0xADDRESS READ|WRITE cycle`; Ramulator: `LD|ST 0xADDRESS`. One request per line.
"""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from lifsim.errors import Fault, InputError

TraceFormat = Literal["dramsim3", "ramulator"]

MAX_REQUESTS = 50_000_000
_CHUNK = 1 << 16


def write_dram_trace(
    path: Path,
    form: TraceFormat,
    addresses: NDArray[np.int64],
    sizes_bytes: NDArray[np.int64],
    is_write: NDArray[np.bool_],
    cycles: NDArray[np.int64],
    burst_bytes: int,
) -> int:
    """Write extents [N] as aligned bursts of `burst_bytes`; returns the number of bursts.

    cycles: [N] cycle in which each extent is requested. Raises InputError for more than 50 million requests (2 GB of
    text).
    """
    first = addresses // burst_bytes
    bursts = (addresses + sizes_bytes - 1) // burst_bytes - first + 1
    total = int(bursts.sum())
    if total > MAX_REQUESTS:
        rule = f"{total} requests must be at most {MAX_REQUESTS}; trace a smaller workload"
        raise InputError(Fault(rule, path="--dram-trace"))
    with path.open("w", encoding="ascii") as file:
        for begin in range(0, len(first), _CHUNK):
            part = slice(begin, begin + _CHUNK)
            extent = np.repeat(np.arange(len(first))[part], bursts[part])
            number = np.arange(extent.size) - np.repeat(np.cumsum(bursts[part]) - bursts[part], bursts[part])
            places = ((first[extent] + number) * burst_bytes).tolist()
            lines = zip(places, is_write[extent].tolist(), cycles[extent].tolist(), strict=True)
            if form == "dramsim3":
                file.writelines(f"0x{at:X} {'WRITE' if write else 'READ'} {cycle}\n" for at, write, cycle in lines)
            else:
                file.writelines(f"{'ST' if write else 'LD'} 0x{at:X}\n" for at, write, _ in lines)
    return total
