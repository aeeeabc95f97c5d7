"""How far calls can be undone: what rounding leaves of a state of b bits, call by call.

Undoing a call multiplies the rounding error by the neuron's `undoing_error` g, 1/(1 - 1/tau). A state of step 2h is h
off at most, after n undone calls h g^n: as long as that moves the surrogate's slope by no more than 1 %, its gradients
are those of the neuron. undone_calls.csv has the room, the largest g^n, of every width, as
benchmarks/make_undone_calls.py measures it.
"""

from __future__ import annotations

import csv
from functools import cache
from math import log, log2
from pathlib import Path

import numpy as np

from lifsim.neurons import NeuronModel


@cache
def _rooms() -> dict[str, float]:
    """By format, how often its rounding error may grow."""
    text = Path(__file__).with_name("undone_calls.csv").read_text()
    lines = (line for line in text.splitlines() if not line.startswith("#"))
    return {row["format"]: float(row["room"]) for row in csv.DictReader(lines)}


def calls_within(room: float, growth: float) -> int:
    """How often an error may grow `growth` times before it is `room` times as large; of one that does not grow, until
    as many errors add up."""
    return int(log(room) / log(growth) if growth > 1 else room)


def undoable_calls(bits: int, growth: float) -> int:
    """Calls whose states are had from one state of `bits` bits, fixed-point, when undoing multiplies its errors by
    `growth`; one at least, of which a copy is kept then."""
    room = _rooms()[f"fixed{bits}"]
    return max(1, calls_within(room, growth)) if room > 1 else 1


def forgotten_bits(neuron: NeuronModel) -> float:
    """Bits of a neuron's state that a call divides away: -log2 of the determinant of its leak, of those that leak most;
    of a model that does not say how it charges, of each variable as if it were the worst."""
    linear = neuron.linear()
    if linear is None:
        return len(neuron.states) * log2(neuron.undoing_error())
    shape = np.broadcast_shapes(*(np.shape(part) for row in linear.leak for part in row))
    leak = np.asarray([[np.broadcast_to(part, shape) for part in row] for row in linear.leak], np.float64)
    determinant = np.abs(np.linalg.det(np.moveaxis(leak, (0, 1), (-2, -1)))).min()
    return max(0.0, round(-log2(float(determinant)), 9))
