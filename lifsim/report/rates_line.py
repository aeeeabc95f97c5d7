"""The effect of uncertain spike rates, in one line."""

from __future__ import annotations

from collections.abc import Iterator

from lifsim.sweeps.rates_range import FIGURES, SCALES, RatesRange
from lifsim.units import change_text

SHOWN = 4
"""Layers that are named of those whose rates cannot double."""


def rates_line(rates: RatesRange) -> str:
    """The effect of half and twice the rates, and the layers whose rates cannot double."""
    return f"rates are assumed; {'; '.join(_said(rates))}"


def rates_brief(rates: RatesRange) -> str:
    """What half and twice of them change of cycles and energy."""
    if rates.all_zero:
        return "all rates are 0: half and twice of them, too"
    scales = ", ".join(f"x {SCALES[name]:g}" for name in rates.others) + (", at most 1" if rates.saturated else "")
    changes = (
        f"{figure} {', '.join(change_text(rates.change(name, FIGURES[figure])) for name in rates.others)}"
        for figure in ("cycles", "energy")
    )
    return f"rates {scales}: {'; '.join(changes)}"


def _said(rates: RatesRange) -> Iterator[str]:
    if rates.all_zero:
        yield "all of them are 0: half and twice of them, too"
        return
    for name in rates.others:
        changes = (f"{word} {change_text(rates.change(name, figure))}" for word, figure in FIGURES.items())
        yield f"at {name}: {', '.join(changes)}"
    if rates.saturated:
        some, more = ", ".join(rates.saturated[:SHOWN]), len(rates.saturated) - SHOWN
        yield f"{some}{f' and {more} more' if more > 0 else ''} cannot double: their rates stop at 1"
