"""The points of a sweep as a table that need not fit into memory: read from a store, or from rows at hand."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import partial
from typing import Any, Self

from lifsim.lazy_dataclass import dataclass
from lifsim.sweeps.columns import Columns
from lifsim.sweeps.store import Store
from lifsim.sweeps.stored_row import ERROR
from lifsim.sweeps.where import FIRST_FIGURE
from lifsim.watch import Watch, unwatched

Row = Mapping[str, Any]


@dataclass(frozen=True)
class Points:
    """columns: settings, figures, and the error last. read: of all points in the order of the sweep at least the
    columns that it is asked for, None where a point has no such figure; some_at_a_time: of some points after the other
    these columns alone. count: of all; failed: of those with an error."""

    columns: Sequence[str]
    read: Callable[[Sequence[str]], Iterable[Row]]
    some_at_a_time: Callable[[Sequence[str]], Iterable[Columns]]
    count: int
    failed: int

    @classmethod
    def of(cls, rows: Sequence[Row]) -> Self:
        """Of rows that have all the same columns."""
        failed = sum(row[ERROR] is not None for row in rows)
        return cls(columns_of(rows), lambda _: rows, lambda names: [Columns.of(rows, names)], len(rows), failed)

    @classmethod
    def stored(cls, store: Store, watch: Watch = unwatched) -> Self:
        """Of a store, which must be open as long as they are read. Raises InputError, as `read` does, where it is
        damaged."""
        read, some_at_a_time = partial(store.select, watch=watch), partial(store.some_at_a_time, watch=watch)
        return cls(store.columns(), read, some_at_a_time, store.count, sum(store.errors().values()))

    def only(self, needed: Sequence[str], holds: Callable[[Row], bool]) -> Self:
        """Those for which `holds`, which looks at the columns `needed`. They are read once to count them."""

        def read(names: Sequence[str]) -> Iterator[Row]:
            return (row for row in self.read(list(dict.fromkeys([*names, *needed]))) if holds(row))

        errors = Counter(row[ERROR] is not None for row in read([ERROR]))
        some_at_a_time = partial(_at_once, read)
        return type(self)(self.columns, read, some_at_a_time, errors.total(), errors[True])

    @property
    def settings(self) -> Sequence[str]:
        """The columns before the figures: one per axis of the sweep."""
        return self.columns[: self.columns.index(FIRST_FIGURE) if FIRST_FIGURE in self.columns else -1]


def _at_once(read: Callable[[Sequence[str]], Iterable[Row]], names: Sequence[str]) -> Iterator[Columns]:
    yield Columns.of(list(read(names)), names)


def columns_of(rows: Sequence[Row]) -> list[str]:
    """The columns of all `rows`: settings and figures in their order, the error last."""
    names = dict.fromkeys(name for row in rows for name in row)
    names.pop(ERROR, None)
    return [*names, ERROR]
