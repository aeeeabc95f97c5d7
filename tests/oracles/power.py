"""What equal pieces of logic burn, cycle by cycle and piece by piece: the slow, obvious count.

A part of a piece is (pJ of an active cycle, mW of leakage, what it does without work, whether it works on multi-bit
inputs alone). Every cycle a piece has an operation, on an input of one bit or of several, or none.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

TOGGLES, CLOCK_GATED, POWER_GATED = "toggles", "clock_gated", "power_gated"


@dataclass(frozen=True)
class Part:
    active_pj: float
    leakage_mw: float
    idle: str
    multibit_only: bool = False


@dataclass
class Burnt:
    """pJ. gated: at work, of parts that stop without it; toggling: at work, of parts that never stop."""

    gated: float = 0.0
    toggling: float = 0.0
    idle: float = 0.0
    standing: float = 0.0


def burnt(parts: Sequence[Part], pieces: int, cycles: int, operations: Sequence[bool], clock_hz: float) -> Burnt:
    """operations: of each, whether its input has several bits; they are dealt to pieces and cycles as there is room."""
    found, waiting = Burnt(), iter(operations)
    for has_several_bits in _slots(pieces, cycles, waiting):
        for part in parts:
            at_work = has_several_bits is not None and (has_several_bits or not part.multibit_only)
            if at_work and part.idle == TOGGLES:
                found.toggling += part.active_pj
            elif at_work:
                found.gated += part.active_pj
            elif part.idle == TOGGLES:
                found.idle += part.active_pj
            if at_work or part.idle != POWER_GATED:
                found.standing += part.leakage_mw * 1e-3 / clock_hz * 1e12
    return found


def _slots(pieces: int, cycles: int, waiting: Iterator[bool]) -> Iterator[bool | None]:
    """Of every piece in every cycle, the operation that it has."""
    for _ in range(cycles):
        for _ in range(pieces):
            yield next(waiting, None)
