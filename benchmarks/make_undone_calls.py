"""Measure after how many undone LIF calls a membrane of b bits still gives the gradient: undone_calls.csv.

    python benchmarks/make_undone_calls.py lifsim/keeping/undone_calls.csv

A fixed-point state spans -4 to 4 thresholds, so that half a step of b bits is 4 * 2^-b; that of a float lies below the
threshold, in [1/2, 1). Undoing n calls multiplies it by g^n, g = 1/(1 - 1/tau). The room is the largest factor with
which the mean of the slopes of ATan (alpha 2) at the threshold, the membrane being off to either side, is still 99 % of
the slope itself: there the slope is largest, and most sensitive.
"""

from __future__ import annotations

import csv
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from lifsim.engine.training.surrogate import Surrogate, to_slopes
from lifsim.keeping.undoing import calls_within

LOST = 0.01
SPAN = 8.0  # thresholds that a fixed-point state spans
GROWTH = 4.0  # at EfficientLIF-Net's tau = 1/(1 - 0.25)


def half_steps() -> Iterator[tuple[str, float]]:
    """Formats and what rounding to them is off at most, in thresholds."""
    for bits in range(1, 65):
        yield f"fixed{bits}", SPAN * 2.0**-bits / 2
    for kind in (np.float16, np.float32, np.float64):
        yield np.dtype(kind).name, float(np.spacing(kind(0.75))) / 2


def lost(error: float, surrogate: Surrogate) -> float:
    """Share of the mean slope at the threshold that membranes lose which are off by `error`."""
    slopes = np.array([-error, error, 0.0])
    to_slopes(slopes, surrogate.code, surrogate.alpha)
    return 1 - float(np.mean(slopes[:2])) / float(slopes[2])


def largest_error(surrogate: Surrogate) -> float:
    """In thresholds, by bisection."""
    low, high = 0.0, 1.0
    for _ in range(60):
        middle = (low + high) / 2
        low, high = (middle, high) if lost(middle, surrogate) <= LOST else (low, middle)
    return low


def rows() -> Iterator[dict[str, str]]:
    """Of the table. calls: at tau = 4/3; 0: not one, so that each call has a copy of its own."""
    error = largest_error(Surrogate())
    for name, half in half_steps():
        room = error / half
        calls = calls_within(room, GROWTH) if room > 1 else 0
        yield {"format": name, "half_step": f"{half:.6g}", "room": f"{room:.6g}", "calls": str(calls)}


def main(path: str) -> None:
    """Write the table."""
    with Path(path).open("w", newline="") as file:
        file.write("# How often rounding errors of a membrane may grow before the slope of its surrogate is 1 % off;\n")
        file.write("# half_step: in thresholds; calls: that can be undone at tau = 4/3.\n")
        file.write("# Source: benchmarks/make_undone_calls.py\n")
        table = csv.DictWriter(file, ["format", "half_step", "room", "calls"], lineterminator="\n")
        table.writeheader()
        table.writerows(rows())


if __name__ == "__main__":
    main(*sys.argv[1:])
