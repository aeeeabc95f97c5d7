"""How many CPUs there are to compute on."""

from __future__ import annotations

import os


def available_cpus() -> int:
    """Those that this process may use: fewer than the machine has where an operating system can restrict it."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
