"""Any record of a run, field by field: added up, as nested plain data for JSON, as one row of columns for tables."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import fields
from functools import lru_cache
from operator import attrgetter
from typing import Any, TypeVar

from lifsim.accounting.energy import DramEnergy, Energy, LogicEnergy
from lifsim.schedule.traffic import DramBytes

R = TypeVar("R")


def added(records: Iterable[R]) -> R:
    """The field-by-field sum of records of one type, down to their numbers. At least one."""
    return _added(tuple(records))


def _added(rows: tuple[R, ...]) -> R:
    kind: type = type(rows[0])
    if not _is_record(rows[0]):
        return sum(rows[1:], rows[0])  # type: ignore[call-overload, no-any-return]
    _, values_of = _fields_of(kind)
    columns = zip(*map(values_of, rows), strict=True)
    summed: R = kind(*[sum(each[1:], each[0]) if type(each[0]) in NUMBERS else _added(each) for each in columns])
    return summed


NUMBERS = {int, float}
"""Most of what is in records."""


def as_tree(record: object) -> Any:
    """Nested dicts of plain numbers, for JSON; of dicts of records, too."""
    return {name: as_tree(value) for name, value in _shown(record)} if _is_record(record) else record


def as_row(record: object, prefix: str = "") -> dict[str, Any]:
    """One level of dotted names. An energy's own name holds its total: `energy_pj.dram`, `energy_pj.dram.standing`."""
    row: dict[str, Any] = {}
    _put_into(row, record, prefix)
    return row


def _put_into(row: dict[str, Any], record: object, prefix: str) -> None:
    splits_own_total = isinstance(record, (Energy, LogicEnergy, DramEnergy))
    for name, value in _shown(record):
        column = f"{prefix}.{name}" if prefix else name
        if type(value) not in NUMBERS and _is_record(value):
            _put_into(row, value, column)
        else:
            row[prefix if splits_own_total and name == "total" else column] = value


def _is_record(value: object) -> bool:
    return hasattr(value, "__dataclass_fields__") or isinstance(value, dict)


def _shown(record: Any) -> Iterable[tuple[str, Any]]:
    if isinstance(record, dict):
        return record.items()
    if isinstance(record, DramBytes):
        return record.shown().items()
    kind: type = type(record)
    names, values_of = _fields_of(kind)
    return zip(names, values_of(record), strict=True)


@lru_cache(1 << 8)
def _fields_of(kind: type) -> tuple[tuple[str, ...], Callable[[Any], tuple[Any, ...]]]:
    """The names of the fields, and a getter that reads all of them from a record."""
    names = tuple(field.name for field in fields(kind))
    read = attrgetter(*names)
    return names, read if len(names) > 1 else lambda record: (read(record),)
