"""A comparison in a folder: itself, and the runs that were made for it, each as `lifsim run` writes it."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from lifsim.errors import Fault, InputError
from lifsim.files import must_not_exist, replacing_folder
from lifsim.report.compare.compared import COMPARISON_FORMAT, Compared
from lifsim.report.compare.runs import labelled_apart
from lifsim.report.save import FILES as OF_A_RUN
from lifsim.report.save import save
from lifsim.simulate.result import Result

FILES = ("comparison.json", "comparison.csv")


@dataclass
class Keeper:
    """Fills `folder`."""

    folder: Path
    taken: list[str]

    def run(self, label: str, result: Result) -> None:
        """A run in a folder of its own that is named by its label."""
        self.taken.append(re.sub(r"[^A-Za-z0-9._+-]+", "_", label)[:100].strip(".") or "run")
        name = labelled_apart(self.taken)[-1].replace(" (", "_").rstrip(")")
        save(result, self.folder / name, replace=False)

    def comparison(self, compared: Compared) -> None:
        """The comparison itself."""
        text = json.dumps(compared.tree(), indent=2) + "\n"
        (self.folder / "comparison.json").write_text(text, encoding="utf-8")
        (self.folder / "comparison.csv").write_text(compared.csv, encoding="utf-8")


@contextmanager
def keeping(folder: Path, *, replace: bool) -> Iterator[Keeper]:
    """All of it appears in `folder` at the end, or nothing. Raises InputError where it cannot be written."""
    with replacing_folder(folder, replace=replace) as temporary:
        yield Keeper(temporary, [])


def check_place(folder: Path, *, replace: bool) -> None:
    """Refuse before the runs what cannot be written or must not be replaced. Raises InputError."""
    if folder.is_symlink() or (folder.exists() and not folder.is_dir()):
        raise InputError(Fault(f"{folder} must be a folder, or not exist", path="out"))
    above = next((parent for parent in folder.absolute().parents if parent.exists()), folder)
    if not above.is_dir():
        raise InputError(Fault(f"{folder} must be a folder: {above} is a file", path="out"))
    if not folder.exists():
        return
    if not replace:
        raise InputError(must_not_exist(folder))
    if other := _something_else_in(folder):
        rule = f"{folder} must hold nothing but an earlier comparison to be replaced, holds {other}"
        raise InputError(Fault(f"{rule}; move that away, or give another --out", path="out"))


def _something_else_in(folder: Path) -> str:
    """What `folder` holds that no comparison has written, '' if nothing."""
    entries = sorted(folder.iterdir())
    for entry in entries:
        if entry.is_dir() and not entry.is_symlink():
            others = [one.name for one in sorted(entry.iterdir()) if one.name not in OF_A_RUN]
            if others or not (entry / "summary.json").is_file():
                return f"{entry.name}/{others[0]}" if others else f"{entry.name}, which is no run"
        elif entry.name not in FILES:
            return entry.name
    return "" if not entries or _is_comparison(folder / FILES[0]) else f"no {FILES[0]} that LIFSim wrote"


def _is_comparison(file: Path) -> bool:
    try:
        found = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        return False
    return isinstance(found, dict) and found.get("format") == COMPARISON_FORMAT
