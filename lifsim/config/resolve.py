"""Where `--arch sata128` is looked up: a path as given, $LIFSIM_PATH, and the shipped files."""

from __future__ import annotations

import os
import stat
from pathlib import Path
from typing import Literal

from lifsim.config.document import Mark
from lifsim.config.file_kind import binary_kind, in_words
from lifsim.config.key_path import KeyPath
from lifsim.errors import Fault, InputError, did_you_mean, shown

Kind = Literal["arch", "workload", "dram"]

_FOLDER: dict[Kind, str] = {"arch": "arch_configs", "workload": "workloads", "dram": "arch_configs/dram"}
_TITLE: dict[Kind, str] = {"arch": "architecture", "workload": "workload", "dram": "DRAM"}
_SUFFIX = ".yaml"


def find(kind: Kind, name: str) -> Path:
    """The file that `name` means, with or without its suffix: a path from the current folder, else a file of that name
    in a folder of $LIFSIM_PATH, else a shipped one. Raises InputError that lists where it was looked for.
    """
    bare = os.sep not in name and (os.altsep or os.sep) not in name
    folders = [Path(), *search_path(kind)] if bare else [Path()]
    for folder in folders:
        for candidate in (folder / name, folder / (name + _SUFFIX)):
            if name and _what(candidate) == "file":
                return candidate
    if name and _what(Path(name)) == "directory":
        article = "an" if kind == "arch" else "a"
        rule = f"is a directory, must be a YAML file of {article} {_TITLE[kind]}{in_words(binary_kind(Path(name)))}"
        raise InputError(Fault(rule, source=name))
    looked = ", ".join(str(folder) if folder != Path() else "the current folder" for folder in folders)
    hint = did_you_mean(Path(name).name.removesuffix(_SUFFIX), available(kind))
    raise InputError(Fault(f"{shown(name)} must be a file or a shipped {_TITLE[kind]}; looked in {looked}{hint}"))


def check_within(name: str, mark: Mark, path: KeyPath, folder: Path) -> None:
    """Refuse a file outside `folder`, $LIFSIM_PATH and the shipped ones that another file names: running somebody
    else's file must not read the user's other files. An option (a `mark` without a line) may name any file.

    Raises InputError.
    """
    if mark.line is None:
        return
    leads_out = Path(name).is_absolute() or ".." in Path(name).parts or name.startswith("~")
    if leads_out or not (folder / name).resolve().is_relative_to(folder.resolve()):
        rule = "must be a shipped name, or a file beside or below this one; give any other as an option (--set)"
        raise InputError(mark.fault(path, f"{shown(name)} {rule}"))


def available(kind: Kind) -> tuple[str, ...]:
    """The names that `find` knows from any folder, without suffix, sorted."""
    return tuple(sorted({path.stem for folder in search_path(kind) for path in folder.glob(f"*{_SUFFIX}")}))


def shipped(kind: Kind, name: str) -> Path:
    """The shipped file of that name, whatever other files have it."""
    return _shipped(kind) / (name + _SUFFIX)


def shipped_names(kind: Kind) -> tuple[str, ...]:
    """The names that `shipped` knows, sorted."""
    return tuple(sorted(path.stem for path in _shipped(kind).glob(f"*{_SUFFIX}")))


def is_borrowed(kind: Kind, given: str, own: str) -> bool:
    """Whether the file that `given` means has the `name:` `own`, which belongs to another, shipped file."""
    of_that_name = shipped(kind, own)
    return of_that_name.is_file() and not find(kind, given).samefile(of_that_name)


def search_path(kind: Kind) -> tuple[Path, ...]:
    """The folders that are searched after the current one: those of $LIFSIM_PATH, then the shipped one."""
    given = os.environ.get("LIFSIM_PATH", "")
    return (*(Path(folder).expanduser() for folder in given.split(os.pathsep) if folder), _shipped(kind))


def _shipped(kind: Kind) -> Path:
    """In a wheel the folder is inside the package; in the source tree, beside it."""
    package = Path(__file__).parents[1]
    inside = package / _FOLDER[kind]
    return inside if inside.is_dir() else package.parent / _FOLDER[kind]


def _what(path: Path) -> Literal["file", "directory", "nothing"]:
    """What is at `path`; anything that can be opened for reading counts as a file, even a pipe."""
    try:
        return "directory" if stat.S_ISDIR(path.stat().st_mode) else "file"
    except (OSError, ValueError):
        return "nothing"
