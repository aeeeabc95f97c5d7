"""A row of a store as text, and back: nothing that a file says is taken for a figure unless it can be one."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Mapping
from typing import Annotated, Any

from lifsim.config.document import Document, Mark
from lifsim.config.validate import parse_model
from lifsim.errors import Fault, InputError, shown
from lifsim.model.keys import BeforeValidator, Field
from lifsim.model.schema import UNKNOWN, Broken, Model, rule

MOST = 1 << 126
"""No count is larger: it fits the decimals of Parquet, and a float."""

ERROR = "error"
"""The column behind those of figures."""

MAX_FAULTS = 20
"""Rows that are damaged are told up to so many."""

SUMS = ("cycles", "dram_bytes")
"""Totals that are the sum of their parts."""


_NOT_FINITE = ("nan", "inf", "infinity")
"""Words for numbers that none is, as YAML and Python have them with and without signs and points."""


def _word(value: str) -> str:
    if value.strip().lower().lstrip("+-.") in _NOT_FINITE:
        raise ValueError(f"{shown(value)} must be finite")
    return value


def figure(value: object) -> object:
    """`value`. Raises ValueError where it is no figure of a run."""
    if isinstance(value, str):
        return _word(value)
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= MOST:
        raise ValueError(f"{shown(value)} must be a number >= 0, or a word")
    return value


def setting(value: object) -> object:
    """`value`. Raises ValueError where it is no value of an axis."""
    if isinstance(value, str):
        return _word(value)
    if isinstance(value, float) and not math.isfinite(value):
        raise ValueError(f"{shown(value)} must be finite")
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    for one in inner:
        setting(one)
    return value


def parts_of(name: str, figures: Iterable[str]) -> list[str]:
    """Those of `figures` whose sum is the total of `name`."""
    return [part for part in figures if part.startswith(f"{name}.") and part != f"{name}.total"]


class Row(Model):
    """One point in the store. key: SHA-256 of all that determines the figures. settings: the value of every axis.
    figures: dotted names, none if the point failed; error: why it did."""

    point: Annotated[int, Field(strict=True, ge=0, lt=1 << 63)]
    key: Annotated[str, Field(strict=True, pattern=r"^[0-9a-f]{64}$")]
    settings: dict[str, Annotated[Any, BeforeValidator(setting)]]
    figures: dict[str, Annotated[Any, BeforeValidator(figure)]]
    error: Annotated[str, Field(strict=True)] | None

    @rule
    def figures_add_up(self) -> Broken:
        """A point has figures or an error, and what is a sum is the sum of its parts."""
        if bool(self.figures) == (self.error is not None):
            yield "error", "must be given of a point without figures, and of no other"
        for name in SUMS:
            total = f"{name}.total"
            parts = [self.figures[part] for part in parts_of(name, self.figures)]
            if any(value is UNKNOWN for value in parts):
                continue  # a part has a fault of its own
            found = self.figures.get(total)
            if parts and found != (amount := sum(part for part in parts if not isinstance(part, str))):
                yield f"figures.{total}", f"{shown(found)} must be the sum of its parts, {amount}"

    @property
    def columns(self) -> dict[str, Any]:
        """Settings, figures and error beside each other."""
        return {**self.settings, **self.figures, ERROR: self.error}


def parse_row(record: Mapping[str, Any], source: str) -> Row:
    """The row of a store's `record`. Raises InputError with all that no sweep can have written."""
    place, faults = Mark(source), list[Fault]()
    values = dict(record)
    for name in ("settings", "figures"):
        try:
            values[name] = plain(record[name])
        except ValueError as error:
            faults.append(place.fault((name,), f"must be JSON text: {error}"))
    if faults:
        raise InputError(faults)
    return checked_row(values, source)


def checked_row(values: Mapping[str, Any], source: str) -> Row:
    """The row of these values. Raises InputError with all that no sweep can have written."""
    place = Mark(source)
    try:
        return parse_model(Row, Document(source, dict(values), {(): place}))
    except RecursionError:
        raise InputError(place.fault((), "must not be nested so deeply")) from None


def plain(text: object) -> Any:
    """The data of JSON text; none of what is not there."""
    if text is None:
        return {}
    if not isinstance(text, str):
        raise ValueError(f"is {type(text).__name__}")
    try:
        return json.loads(text)
    except json.JSONDecodeError:
        raise
    except (ValueError, RecursionError):
        raise ValueError("has a number of too many digits, or is nested too deeply") from None


def as_text(value: object) -> str:
    """JSON text of settings, figures or one of them. Raises ValueError where a number is not finite: such a row is
    never stored."""
    return json.dumps(value, allow_nan=False)
