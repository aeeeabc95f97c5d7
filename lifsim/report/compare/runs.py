"""A run in a comparison, stored or new."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from lifsim.errors import Fault, InputError, did_you_mean, shown
from lifsim.lazy_dataclass import dataclass
from lifsim.report.stored import Stored, read_runs
from lifsim.report.summary import summary
from lifsim.simulate.options import Options
from lifsim.simulate.result import Result, Totals


@dataclass(frozen=True)
class Run:
    """label: its unique name. inputs: as summary.json has them; model_version: by whose rules its figures came about,
    groups: of its schedule; None if that was not told. saved: share of the timesteps that images do not run which exit
    early; None if none is to. stored: the folder, where it was read."""

    label: str
    inputs: Mapping[str, Any]
    options: Options
    totals: Totals
    model_version: int | None
    groups: tuple[str, ...] | None
    saved: float | None = None
    stored: str | None = None

    @classmethod
    def of(cls, label: str, result: Result) -> Run:
        """One that was just made."""
        return cls._told(label, summary(result), result.options, result.totals)

    @classmethod
    def read(cls, label: str, stored: Stored, folder: str) -> Run:
        """One of an earlier day."""
        return cls._told(label, stored.tree, stored.options, stored.totals, folder)

    @classmethod
    def _told(
        cls, label: str, tree: Mapping[str, Any], options: Options, totals: Totals, folder: str | None = None
    ) -> Run:
        groups, early = tree.get("groups"), tree.get("early_exit")
        told = None if groups is None else tuple(groups)
        saved = None if early is None else early["saved_timesteps"] * early["exits"]
        return cls(label, tree["inputs"], options, totals, tree.get("model_version"), told, saved, folder)

    @property
    def network(self) -> str:
        """Its name."""
        return self.told("workload", "name")

    @property
    def machine(self) -> str:
        """Its name."""
        return self.told("arch", "name")

    def told(self, *keys: str) -> str:
        """What stands under `keys` in the inputs, of which a stored summary is not asked what they are; empty where
        nothing does."""
        tree: Any = self.inputs
        for key in keys:
            tree = tree.get(key) if isinstance(tree, Mapping) else None
        return "" if tree is None else str(tree)


@dataclass(frozen=True)
class Failure:
    """A run that cannot be made, and why."""

    label: str
    why: tuple[str, ...]

    @classmethod
    def of(cls, label: str, error: InputError) -> Failure:
        """The faults as words."""
        return cls(label, tuple(map(str, error.faults)))


Entry = Run | Failure


def read_stored(folders: Sequence[Path]) -> tuple[Run, ...]:
    """The runs in `folders` (or of their summary.json), called by the shortest ends of their paths that tell them
    apart. Raises InputError with what is wrong with any of them."""
    places = [folder.parent if folder.name == "summary.json" else folder for folder in folders]
    names = _short([place.absolute().parts[1:] or place.parts for place in places])
    found = zip(names, read_runs(places), places, strict=True)
    return tuple(Run.read(name, stored, str(place)) for name, stored, place in found)


def _short(paths: Sequence[tuple[str, ...]]) -> list[str]:
    """The last parts of paths, of different ones as many as tell them apart."""
    counts = dict.fromkeys(paths, 1)
    for _ in range(max(map(len, paths), default=0)):
        names = {path: path[-count:] for path, count in counts.items()}
        often = Counter(names.values())
        for path, name in names.items():
            counts[path] += often[name] > 1
    return ["/".join(path[-counts[path] :]) for path in paths]


def labelled_apart(labels: Sequence[str]) -> list[str]:
    """`labels`, of equal ones all but the first with a number behind them."""
    taken: set[str] = set()
    found = []
    for label in labels:
        name, count = label, 1
        while name in taken:
            count += 1
            name = f"{label} ({count})"
        taken.add(name)
        found.append(name)
    return found


def find_run(text: str | int, labels: Sequence[str]) -> int:
    """The index of the run that `text` finds: a label, a number from 1, or what one label alone holds. Raises
    InputError."""
    whole, wanted = [label.lower() for label in labels], str(text).strip().lower()
    if wanted in whole:
        return whole.index(wanted)
    if wanted.isascii() and wanted.isdecimal() and len(wanted) < 7:
        if 1 <= int(wanted) <= len(labels):
            return int(wanted) - 1
        raise InputError(Fault(f"{wanted} must be the number of a run, 1 to {len(labels)}", path="baseline"))
    parts = [[part.strip() for part in label.split(",")] for label in whole]
    for found in (
        [index for index, one in enumerate(parts) if wanted in one],
        [index for index, one in enumerate(whole) if wanted and wanted in one],
    ):
        if len(found) == 1:
            return found[0]
        if found:
            among = "; ".join(labels[index] for index in found[:8])
            raise InputError(Fault(f"{shown(text)} must find one run only, finds {among}", path="baseline"))
    hint = did_you_mean(text, labels)
    raise InputError(Fault(f"{shown(text)} must be the label or the number of a run{hint}", path="baseline"))
