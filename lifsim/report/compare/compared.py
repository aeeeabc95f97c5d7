"""Compared runs, with one of them as the baseline."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any

from lifsim.csv_text import csv_text
from lifsim.errors import Fault, InputError
from lifsim.lazy_dataclass import dataclass
from lifsim.report.compare.chosen import Chosen
from lifsim.report.compare.differences import Difference, differences
from lifsim.report.compare.rows import Row, change, rows
from lifsim.report.compare.runs import Entry, Failure, Run
from lifsim.report.compare.unlike import notes, unlike
from lifsim.simulate.resolved import MODEL_VERSION

if TYPE_CHECKING:
    import pandas as pd

COMPARISON_FORMAT, COMPARISON_VERSION = "lifsim-comparison", 1


@dataclass(frozen=True)
class Compared:
    """entries: runs, or why there is none, in the order in which they were asked for; baseline: the run that changes
    are relative to; chosen: which figures."""

    entries: tuple[Entry, ...]
    baseline: Run
    chosen: Chosen

    @classmethod
    def of(cls, entries: Sequence[Entry], baseline: int | None, chosen: Chosen) -> Compared:
        """baseline: the index of an entry; None: the first run that there is. Raises InputError if no run is left,
        or that one is none."""
        runs = [entry for entry in entries if isinstance(entry, Run)]
        if not runs:
            raise InputError([Fault(why, path=one.label) for one in _failures(entries) for why in one.why])
        wanted = runs[0] if baseline is None else entries[baseline]
        if isinstance(wanted, Failure):
            raise InputError([Fault(why, path=f"baseline {wanted.label}") for why in wanted.why])
        return cls(tuple(entries), wanted, chosen)

    @property
    def runs(self) -> tuple[Run, ...]:
        """The runs that were made or read."""
        return tuple(entry for entry in self.entries if isinstance(entry, Run))

    @property
    def failures(self) -> tuple[Failure, ...]:
        """The runs that could not be made."""
        return tuple(_failures(self.entries))

    @cached_property
    def differences(self) -> tuple[Difference, ...]:
        """The differences between the runs' inputs."""
        return differences(self.runs)

    @cached_property
    def unlike(self) -> tuple[str, ...]:
        """In what the runs are not alike, one line each."""
        return unlike(self.runs)

    @cached_property
    def notes(self) -> tuple[str, ...]:
        """Further notes, one line each."""
        return notes(self.runs)

    @cached_property
    def rows(self) -> tuple[Row, ...]:
        """The rows of a table."""
        return rows(self.runs, self.runs.index(self.baseline), self.chosen)

    @cached_property
    def flat(self) -> tuple[dict[str, Any], ...]:
        """One row per run: `run`, `error`, network, machine, sharing and other inputs that differ, the figures, and
        their changes against the baseline as shares (`change.cycles.total`)."""
        return tuple(self._flat())

    @property
    def csv(self) -> str:
        """`flat` as CSV."""
        return csv_text(list(dict.fromkeys(name for row in self.flat for name in row)), self.flat)

    @property
    def frame(self) -> pd.DataFrame:
        """`flat` as a table whose index are the runs' labels; `attrs` has the baseline and what is not alike."""
        import pandas as pd

        frame = pd.DataFrame(self.flat).set_index("run")
        frame.attrs |= {"baseline": self.baseline.label, "unlike": list(self.unlike)}
        return frame

    def tree(self, folders: Mapping[str, str] | None = None) -> dict[str, Any]:
        """Plain data. folders: by label, where runs are kept beside it."""
        return {
            "format": COMPARISON_FORMAT,
            "schema_version": COMPARISON_VERSION,
            "model_version": MODEL_VERSION,
            "baseline": self.baseline.label,
            "unlike": list(self.unlike),
            "notes": list(self.notes),
            "differences": {
                one.key: dict(zip((run.label for run in self.runs), map(_finite, one.values), strict=True))
                for one in self.differences
            },
            "runs": [self._entry(entry) | _kept(entry.label, folders or {}) for entry in self.entries],
        }

    def _entry(self, entry: Entry) -> dict[str, Any]:
        if isinstance(entry, Failure):
            return {"run": entry.label, "error": list(entry.why)}
        return {
            "run": entry.label,
            "stored": entry.stored,
            "model_version": entry.model_version,
            "figures": self.chosen.names(entry),
            "change": self._changes(entry),
        }

    def _changes(self, run: Run) -> dict[str, float | None]:
        against = self.chosen.names(self.baseline)
        figures = self.chosen.names(run)
        return {name: change(value, against.get(name)) for name, value in figures.items() if not isinstance(value, str)}

    def _flat(self) -> Iterator[dict[str, Any]]:
        place = 0
        for entry in self.entries:
            if isinstance(entry, Failure):
                yield {"run": entry.label, "error": "; ".join(entry.why)}
                continue
            own = {"workload": entry.network, "arch": entry.machine, "sharing": entry.inputs["sharing"]}
            own |= {one.key: one.values[place] for one in self.differences}
            own = {key: str(value) if isinstance(value, list | dict) else value for key, value in own.items()}
            changes = {f"change.{name}": value for name, value in self._changes(entry).items()}
            yield {"run": entry.label, "error": None, **own, **self.chosen.names(entry), **changes}
            place += 1


def _finite(value: Any) -> Any:
    """JSON has no other numbers; files that are read might."""
    return value if not isinstance(value, float) or math.isfinite(value) else str(value)


def _kept(label: str, folders: Mapping[str, str]) -> dict[str, str]:
    return {"folder": folders[label]} if label in folders else {}


def _failures(entries: Sequence[Entry]) -> Iterator[Failure]:
    return (entry for entry in entries if isinstance(entry, Failure))
