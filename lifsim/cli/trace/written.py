"""What the commands say about a trace that they have written."""

from __future__ import annotations

from pathlib import Path

from lifsim.cli.say import say
from lifsim.trace.opening import open_trace
from lifsim.units import counted, format_bytes


def say_written(path: Path) -> None:
    """Print one line about the trace in `path`."""
    with open_trace(path) as trace:
        extent = f"{counted(len(trace.layers), 'layer')}, {counted(trace.timesteps, 'timestep')}, batch {trace.batch}"
    say(f"{path}: {extent}, {format_bytes(path.stat().st_size)}")
