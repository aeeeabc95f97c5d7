"""What became of one point of a sweep: a row of figures, or an error."""

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
    """key: hash of everything that determines the figures. figures: dotted names as in layers.csv, None if it failed;
    error: why, None if it did not. seconds: that it took."""

    point: int
    key: str
    figures: Mapping[str, Any] | None
    error: str | None = None
    seconds: float = field(default=0.0, compare=False)


def figure_names() -> tuple[str, ...]:
    """The figures in numbers that runs can have, in their order: those of a run that counted nothing, and what one that
    trains has beside. Some runs have no `dram`, some a `dram` that never sleeps."""
    totals: Totals = _nothing(Totals)
    trained = replace(totals, dram_bytes=_nothing(StageBytes))
    found = [*totals.figures.items(), *trained.figures.items()]
    return tuple(dict.fromkeys(name for name, value in found if isinstance(value, int | float)))


def _nothing(kind: Any) -> Any:
    """Of a dataclass of numbers, and of such dataclasses, the one that is zero all over."""
    kind = next((part for part in get_args(kind) if part is not NoneType), kind)
    make: Callable[..., Any] = kind
    if not is_dataclass(kind):
        return make(0)
    hints = get_type_hints(kind)
    return make(**{part.name: _nothing(hints[part.name]) for part in fields(kind)})
