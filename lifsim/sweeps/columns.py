"""Some of the points of a sweep, stored by column."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Self

from lifsim.lazy_dataclass import dataclass

if TYPE_CHECKING:
    import numpy.typing as npt

    Column = npt.NDArray[Any] | list[Any]
    """An array where all values are whole numbers of 64 bits, or all floats; else a list."""


@dataclass(frozen=True)
class Columns:
    """values: by name, [count] each, of the points in their order."""

    count: int
    values: Mapping[str, Column]

    @classmethod
    def of(cls, rows: Sequence[Mapping[str, Any]], names: Iterable[str]) -> Self:
        """Of rows that have all `names`."""
        return cls(len(rows), {name: [row[name] for row in rows] for name in names})

    def list(self, name: str) -> list[Any]:
        """The values of a column as Python has them."""
        values = self.values[name]
        return values if isinstance(values, list) else values.tolist()

    def rows(self) -> Iterator[dict[str, Any]]:
        """A row a point."""
        names = list(self.values)
        if not names:
            return ({} for _ in range(self.count))
        return (dict(zip(names, line, strict=True)) for line in zip(*map(self.list, names), strict=True))


def groups(parts: Iterable[Columns], size: int, names: Sequence[str]) -> Iterator[Columns]:
    """The points of `parts`, whose columns are `names`, `size` at a time; a group of none where there are none."""
    held: list[Columns] = []
    count, first = 0, True
    for part in parts:
        held.append(part)
        count += part.count
        while count >= size:
            whole = _joined(held, names)
            yield _between(whole, 0, size)
            held, count, first = [_between(whole, size, count)], count - size, False
    if count or first:
        yield _joined(held, names)


def _joined(parts: Sequence[Columns], names: Iterable[str]) -> Columns:
    return Columns(
        sum(part.count for part in parts), {name: _chained([p.values[name] for p in parts]) for name in names}
    )


def _chained(columns: Sequence[Column]) -> Column:
    """One behind the other."""
    import numpy as np

    arrays = [column for column in columns if not isinstance(column, list)]
    if len(arrays) == len(columns) and len({array.dtype for array in arrays}) == 1:
        return np.concatenate(arrays)
    return [value for column in columns for value in (column if isinstance(column, list) else column.tolist())]


def _between(columns: Columns, first: int, last: int) -> Columns:
    return Columns(last - first, {name: values[first:last] for name, values in columns.values.items()})
