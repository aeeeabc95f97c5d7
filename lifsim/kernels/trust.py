"""Whether files in a folder may be run as code: only if nobody but the user and root could have put them there."""

from __future__ import annotations

import os
import stat
from pathlib import Path

FORBIDDEN = stat.S_IWGRP | stat.S_IWOTH


def make_private(folder: Path) -> Path:
    """Make the folder and what is missing above it, for nobody but the user; its path without links. Raises OSError."""
    folder = folder.expanduser().resolve()
    for part in (*reversed(folder.parents), folder):
        if not part.is_dir():
            try:
                part.mkdir(mode=0o700)
            except FileExistsError:  # another process was first; on some file systems it is not there to be seen yet
                if part.exists() and not part.is_dir():
                    raise
    return folder


def distrust_of(folder: Path) -> str | None:
    """Why others could change the content of `folder`, a path without links; None if they cannot. Raises OSError.

    Every folder down to it must be the user's or root's, and writable by them alone. Above it a sticky one (/tmp) will
    do: there others add names, but cannot replace those of the user. On Windows access lists keep others out of the
    user's folders, and modes and owners say nothing.
    """
    if os.name == "nt":
        return None
    for part in (*reversed(folder.parents), folder):
        status = part.lstat()
        if status.st_uid not in _trusted_users():
            return f"{part} belongs to another user"
        if part != folder and status.st_mode & stat.S_ISVTX:
            continue
        if status.st_mode & stat.S_IWOTH or (status.st_mode & stat.S_IWGRP and not _is_private(status.st_gid)):
            return f"others can write {part}"
    return None


def read_own(path: Path, forbidden: int = FORBIDDEN) -> bytes:
    """The content of a regular file, no link, of the user, with none of the `forbidden` bits in its mode. Raises
    OSError for any other."""
    descriptor = os.open(path, os.O_RDONLY | _flag("O_NOFOLLOW") | _flag("O_NONBLOCK") | _flag("O_BINARY"))
    with os.fdopen(descriptor, "rb") as file:
        status = os.fstat(file.fileno())
        if not stat.S_ISREG(status.st_mode):
            raise PermissionError(f"{path} must be a regular file")
        if os.name != "nt" and (status.st_uid not in _trusted_users() or status.st_mode & forbidden):
            raise PermissionError(f"{path} must belong to the user and be writable by nobody else")
        return file.read()


def _trusted_users() -> tuple[int, int]:
    return os.geteuid(), 0


def _is_private(group: int) -> bool:
    """Whether it is the group that many systems give each user, of the user's name and with nobody else in it."""
    import grp
    import pwd

    try:
        user, entry = pwd.getpwuid(os.geteuid()), grp.getgrgid(group)
    except KeyError:
        return False
    return entry.gr_gid == user.pw_gid and entry.gr_name == user.pw_name and set(entry.gr_mem) <= {user.pw_name}


def _flag(name: str) -> int:
    """A flag of `os.open`, where this system has it."""
    return int(getattr(os, name, 0))
