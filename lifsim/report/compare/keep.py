"""A comparison in a folder: the comparison itself, and the runs made for it, each as `lifsim run` writes it."""

from __future__ import annotations

import filecmp
import json
import os
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

from lifsim.config.json_file import MAX_BYTES
from lifsim.errors import Fault, InputError
from lifsim.files import move_folder, must_not_exist, numbered, scratch_beside
from lifsim.lazy_dataclass import dataclass
from lifsim.placing import Placed, fitting, require_folder
from lifsim.regular_file import open_regular
from lifsim.report.compare.compared import COMPARISON_FORMAT, Compared
from lifsim.report.save import FILES as OF_A_RUN
from lifsim.report.save import HTML, check_target, save
from lifsim.simulate.result import Result
from lifsim.sweeps.combinations import Asked

FILES = ("comparison.json", "comparison.csv", HTML)


@dataclass
class Keeper:
    """Fills `folder`, which comes to `home`. names: of the folders of runs in it, by label; placed: where all of it has
    come to."""

    folder: Path
    home: Path
    names: Mapping[str, str]
    placed: Placed | None = None

    def run(self, label: str, result: Result) -> None:
        """A run in its folder. Raises InputError, naming the one that it comes to, where it cannot be written."""
        filled, home = self.folder / self.names[label], self.home / self.names[label]
        try:
            save(result, filled, replace=False)
        except InputError as error:
            raise InputError(
                replace(fault, source=str(home)) if fault.source == str(filled) else fault for fault in error.faults
            ) from None

    def comparison(self, compared: Compared) -> None:
        """The comparison itself."""
        kept = {label: name for label, name in self.names.items() if (self.folder / name).exists()}
        tree = compared.tree(kept)
        for one in tree["runs"]:
            if one.get("stored") is not None:
                one["stored"] = _seen_from(self.home, Path(one["stored"]))
        text = json.dumps(tree, indent=2) + "\n"
        (self.folder / FILES[0]).write_text(text, encoding="utf-8")
        (self.folder / FILES[1]).write_text(compared.csv, encoding="utf-8")

    def report(self, page: bytes) -> None:
        """The same as HTML."""
        (self.folder / HTML).write_bytes(page)


def _seen_from(home: Path, folder: Path) -> str:
    """`folder` as a path from `home`, so that both may be moved together; from the root where it was given so."""
    if folder.is_absolute():
        return str(folder)
    try:
        return os.path.relpath(folder.resolve(), home.resolve())
    except ValueError:  # on another drive
        return str(folder.resolve())


def _beside(home: Path, stored: Path) -> Path:
    """Where `_seen_from` has a folder, from the current one if it can be."""
    if stored.is_absolute():
        return stored
    place = os.path.normpath(home.resolve() / stored)
    return Path(place if home.is_absolute() else os.path.relpath(place))


def folder_names(labels: Iterable[str]) -> dict[str, str]:
    """By label, a name that every file system takes, and no other label has."""
    names = dict[str, str]()
    for label in labels:
        plain = fitting(re.sub(r"[^A-Za-z0-9._+=-]+", "_", label).strip("._")) or "run"
        taken = {*names.values(), *FILES}
        names[label] = next(path.name for path in numbered(Path(plain)) if path.name not in taken)
    return names


@contextmanager
def keeping(folder: Path, asked: Sequence[Asked], *, replace: bool) -> Iterator[Keeper]:
    """All of it appears in `folder` at the end, or nothing; what holds the very same stays. Raises InputError if it
    cannot be written, or something else is there and `replace` is not set."""
    with scratch_beside(folder, parents=True) as scratch:
        new, aside = scratch / "new", scratch / "old"
        for empty in (new, aside):
            empty.mkdir()
        keeper = Keeper(new, folder, folder_names(one.label for one in asked))
        yield keeper
        if _is_same(new, folder):
            keeper.placed = Placed(folder, held=True)
            return
        taken = folder.exists()
        if not move_folder(new, folder, aside, replace=replace):
            raise InputError(must_not_exist(folder))
        keeper.placed = Placed(folder, replaced=taken)


def _is_same(new: Path, folder: Path) -> bool:
    """Whether both hold the same files, byte for byte."""
    theirs, ours = (sorted(file.relative_to(top) for file in top.rglob("*")) for top in (folder, new))
    return theirs == ours and all(
        (folder / name).is_dir() if (new / name).is_dir() else filecmp.cmp(folder / name, new / name, shallow=False)
        for name in ours
    )


def check_place(folder: Path, asked: Sequence[Asked], *, replace: bool) -> None:
    """Refuse before the runs what cannot be written, or must not be replaced: without `replace` anything but runs of
    these inputs. Raises InputError."""
    require_folder(folder, "comparison", _something_else_in)
    if not replace and folder.exists():
        names = folder_names(one.label for one in asked)
        inputs = {names[one.label]: one.inputs for one in asked if not isinstance(one.inputs, InputError)}
        held = {entry.name for entry in folder.iterdir() if entry.is_dir()}
        if held and held != {*inputs}:
            raise InputError(must_not_exist(folder))
        for name in held:
            check_target(folder / name, replace=False, inputs=inputs[name])


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
    return bool(_told(file))


def runs_in(folder: Path) -> dict[str, Path]:
    """The runs that the comparison in `folder` is of, kept there or where they were read, by what it called them, in
    its order. Raises InputError if one has gone."""
    faults: list[Fault] = []
    listed = _told(folder / FILES[0]).get("runs")
    found = {}
    for one in listed if isinstance(listed, list) else []:
        label, name, stored = (one.get(key) if isinstance(one, dict) else None for key in ("run", "folder", "stored"))
        if isinstance(label, str) and isinstance(name, str) and Path(name).name == name:
            found[label] = folder / name
        elif isinstance(label, str) and isinstance(stored, str):
            place = found[label] = _beside(folder, Path(stored))
            if not (place / "summary.json").is_file():
                rule = f"must be where {folder / FILES[0]} has it, with a summary.json: move it back"
                faults.append(Fault(f"{rule}, or give the folders of the others", source=str(place)))
    if faults:
        raise InputError(faults)
    return found


def _told(file: Path) -> dict[str, Any]:
    """What a comparison.json says; nothing of what is none."""
    try:
        with open_regular(file) as opened:
            found = json.loads(opened.read(MAX_BYTES).decode())
    except (OSError, ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) and found.get("format") == COMPARISON_FORMAT else {}
