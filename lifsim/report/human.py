"""Human-readable figures: the unit in the name of a column becomes the unit of its values, with a suitable prefix."""

from __future__ import annotations

from collections.abc import Callable

from lifsim.units import format_bytes, format_si

_UNITS: dict[str, Callable[[float], str]] = {
    "_bytes": format_bytes,
    "_bytes_per_s": lambda value: f"{format_bytes(value)}/s",
    "_pj": lambda value: format_si(value * 1e-12, "J"),
    "_mw": lambda value: format_si(value * 1e-3, "W"),
    "_s": lambda value: format_si(value, "s"),
    "_ns": lambda value: format_si(value * 1e-9, "s"),
    "_hz": lambda value: format_si(value, "Hz"),
    "_mm2": lambda value: f"{value:.4g} mm2",
}
"""By what a part of a name ends in."""


def human(name: str, value: object) -> str:
    """`value` of the column `name`: 64 KiB of buffers.weight.size_bytes, 1.234 mJ of energy_pj.total; what has no unit
    as a number with its thousands apart, texts as they are."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return "" if value is None else str(value)
    for part in name.split("."):
        for unit, said in _UNITS.items():
            if part.endswith(unit) and abs(value) < 1e300:
                return said(value)
    return f"{value:,.6g}" if isinstance(value, float) else f"{value:,}"
