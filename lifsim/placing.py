"""One rule for everything that is written: a file or folder with the same content stays, one with other content is not
overwritten silently."""

from __future__ import annotations

import filecmp
import hashlib
import os
import re
import shutil
from collections.abc import Callable
from pathlib import Path

from lifsim.errors import Fault, InputError
from lifsim.files import check_targets, check_writable, must_not_exist, numbered, replacing, scratch_beside, writing
from lifsim.lazy_dataclass import dataclass

Content = bytes | Path
"""Content of a file to be placed: bytes, or another file on the same disk that holds them."""

LONGEST = 96
"""Characters of a name; a longer one is cut and ends in the beginning of its hash."""


def fitting(name: str) -> str:
    """`name` in characters that every file system and shell accepts, and not too long."""
    safe = re.sub(r"[^A-Za-z0-9._+=-]", "_", name)
    if len(safe) <= LONGEST:
        return safe
    return f"{safe[: LONGEST - 9]}-{hashlib.sha256(name.encode()).hexdigest()[:8]}"


@dataclass(frozen=True)
class Placed:
    """What was written where. held: the same content was there already; replaced: other content was there; asked: the
    path that was asked for, if it is taken."""

    path: Path
    held: bool = False
    replaced: bool = False
    asked: Path | None = None

    def __str__(self) -> str:
        """One line for the user."""
        if self.held:
            return f"{self.path} holds this already"
        how = ", in the place of what was there" if self.replaced else ""
        return f"written to {self.path}{how}" + (f"; {self.asked} holds something else" if self.asked else "")


def require_folder(folder: Path, what: str, something_else_in: Callable[[Path], str]) -> None:
    """Raises InputError if `folder` cannot hold a `what`: a file is there or above it, or it holds what
    `something_else_in` names, which is never replaced."""
    if folder.is_symlink():
        rule = "must be a folder, or not exist, not a symbolic link, which a folder cannot take the place of"
        raise InputError(Fault(f"{folder} {rule}; give what it leads to", path="out"))
    if folder.exists() and not folder.is_dir():
        raise InputError(Fault(f"{folder} must be a folder, or not exist", path="out"))
    above = next((parent for parent in folder.absolute().parents if parent.exists()), folder)
    if not above.is_dir():
        raise InputError(Fault(f"{folder} must be a folder: {above} is a file", path="out"))
    if folder.exists() and (other := something_else_in(folder)):
        rule = f"{folder} must hold nothing but an earlier {what} to be replaced, holds {other}"
        raise InputError(Fault(f"{rule}; move that away, or give another --out", path="out"))


def check_page(path: Path, option: str, *, replace: bool) -> None:
    """Refuse, before any work, a path that no report can be written to. option: the option that names it. Raises
    InputError."""
    if path.suffix.lower() not in (".html", ".htm"):
        raise InputError(Fault(f"{path} must end in .html", path=option))
    check_targets([path], (), replace=replace)
    check_writable(path)


def place_file(path: Path, data: Content, *, replace: bool = False) -> Placed:
    """`data` in the file `path`; folders above it are made. Raises InputError if that fails, or if something else is
    there and `replace` is not set."""
    if _holds(path, data):
        return Placed(path, held=True)
    taken = os.path.lexists(path)
    if replace:
        with replacing(path, parents=True) as temporary:
            _put(temporary, data)
        return Placed(path, replaced=taken)
    if taken or not _written_anew(path, data):
        raise InputError(must_not_exist(path))
    return Placed(path)


def place_numbered(path: Path, data: Content) -> Placed:
    """`data` in the file `path`, or where that holds something else in NAME-2.SUFFIX, NAME-3.SUFFIX and so on. Raises
    InputError if it cannot be written."""
    for place in numbered(path, path.suffix):
        asked = path if place != path else None
        if _holds(place, data):
            return Placed(place, held=True, asked=asked)
        if not os.path.lexists(place) and _written_anew(place, data):
            return Placed(place, asked=asked)
    raise AssertionError("numbers do not end")


def taken_fault(path: Path, data: Content) -> Fault | None:
    """Why `place_file` would not write `data` to `path` without `replace`."""
    return must_not_exist(path) if os.path.lexists(path) and not _holds(path, data) else None


def _holds(path: Path, data: Content) -> bool:
    """Whether the file at `path` holds exactly this; an unreadable one does not."""
    try:
        if isinstance(data, Path):
            return path.is_file() and filecmp.cmp(path, data, shallow=False)
        return path.is_file() and path.stat().st_size == len(data) and path.read_bytes() == data
    except OSError:
        return False


def _put(path: Path, data: Content) -> None:
    """Write a file unless it is there already."""
    if isinstance(data, bytes):
        path.write_bytes(data)
        return
    try:
        path.hardlink_to(data)
    except OSError:  # the disk has no hard links
        shutil.copyfile(data, path)


def _written_anew(path: Path, data: Content) -> bool:
    """Create `path` as a whole; return False if another process was first. A hard link, unlike a rename, never replaces
    a file; on a disk without hard links, other processes are not considered."""
    with scratch_beside(path, parents=True) as scratch, writing(path):
        temporary = scratch / path.name
        _put(temporary, data)
        try:
            path.hardlink_to(temporary)
        except FileExistsError:
            return False
        except OSError:
            if os.path.lexists(path):
                return False
            temporary.rename(path)
    return True
