"""What the step pipeline's kernel works on: records of fixed layout."""

from __future__ import annotations

from typing import Any

import numpy as np

from lifsim.hardware.pipeline.kinds import STORES, Kind

Record = np.dtype[Any]


def _record(*fields: str) -> list[tuple[str, Any]]:
    return [(field, np.int64) for field in fields]


STEP: Record = np.dtype(
    [*_record("cycles", "first_load", "loads", "start", "end"), ("room", np.int64, len(STORES)),
     ("waited", np.int64, len(Kind))]
)  # fmt: skip
"""A step of `Program`: where its loads begin and how many they are; the last store of each kind that must have left
before it may write, -1 for none. Found: when it starts and ends, and what the array waited for, by `Kind`."""

REQUEST: Record = np.dtype(
    _record(
        "kind", "bytes", "port_cycles", "gate", "is_write", "first_block", "end_block", "issued", "begun", "served",
        "answered", "held",
    )
)  # fmt: skip
"""A request in the order of the queue; first_block to end_block: its extents in a DRAM. Found: when it
entered the queue; when the first byte of a read was there, or the ports began to give a write; when the memory was
through with it, and when its buffer's ports were too; whether these held it up."""

MEMORY: Record = np.dtype(
    [*_record("is_dram", "array_units", "memory_units", "latency_units", "free", "known", "stored", "left"),
     ("port", np.int64, len(Kind)), *_record("step", "head", "cycle")]
)  # fmt: skip
"""The memory and the ports before it. A cycle of the array is `array_units` of time, one of the memory `memory_units`.

A DRAM (is_dram) is simulated burst by burst; known: how many of its extents have entered the queue. Else
the memory takes a byte a cycle, one after the other, and answers reads `latency_units` later; free: the time from which
on it has nothing to do. stored: the first request whose store is not seen to; left: when the last write of those seen
to has left. port: the cycle from which on the ports of the buffer of each kind are free. step, head, cycle: where
playing goes on: the next step, the next request that enters the queue, and the cycle that was reached."""
