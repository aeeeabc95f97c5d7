"""The result of one point of a sweep: a row of figures, or an error."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import field, fields, is_dataclass, replace
from types import NoneType
from typing import Any, get_args, get_type_hints

from lifsim.lazy_dataclass import dataclass
from lifsim.simulate.result import Totals
from lifsim.training.traffic import StageBytes


@dataclass(frozen=True)
class Outcome:
    """key: the hash of everything that determines the figures. figures: by dotted names as in layers.csv, None if the
    point failed; error: the reason, None if it did not fail. seconds: how long it took."""

    point: int
    key: str
    figures: Mapping[str, Any] | None
    error: str | None = None
    seconds: float = field(default=0.0, compare=False)


def figure_names() -> tuple[str, ...]:
    """The names of all numeric figures that a run can have, in their order: those of an inference run, then those that
    only training adds. Some runs lack the figures of `dram`, or those of its sleep states."""
    totals: Totals = _nothing(Totals)
    trained = replace(totals, dram_bytes=_nothing(StageBytes))
    found = [*totals.figures.items(), *trained.figures.items()]
    return tuple(dict.fromkeys(name for name, value in found if isinstance(value, int | float)))


def _nothing(kind: Any) -> Any:
    """An instance of `kind`, a (nested) dataclass of numbers, in which every number is zero."""
    kind = next((part for part in get_args(kind) if part is not NoneType), kind)
    make: Callable[..., Any] = kind
    if not is_dataclass(kind):
        return make(0)
    hints = get_type_hints(kind)
    return make(**{part.name: _nothing(hints[part.name]) for part in fields(kind)})
