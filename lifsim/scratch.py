"""Folders for unfinished files, which are cleaned up even if their process is killed.

Each scratch folder is locked by the process that made it; the system releases the lock when that process ends, however
it ends. Whoever makes the next scratch folder in the same place removes those that are not locked.
"""

from __future__ import annotations

import fcntl
import os
import secrets
import shutil
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Self

_MARK = ".lifsim-"
_ATTEMPTS = 100
"""How often another process that removes leftovers may mistake a new folder for one."""


class ScratchFolder:
    """A new hidden folder `path` in `parent`, for this user only, until `remove` or the end of a `with` block.

    name: what it is for, part of its own name. Raises OSError if it cannot be made.
    """

    def __init__(self, parent: Path, name: str) -> None:
        remove_leftovers(parent)
        self._lock: int | None = None
        for _ in range(_ATTEMPTS):
            # Named before it is made, so that a signal in between leaves no folder that nobody removes.
            self.path = parent / f".{name[:100]}{_MARK}{secrets.token_hex(4)}"
            try:
                self.path.mkdir(mode=0o700)
                if self._is_kept():
                    return
            except FileExistsError:
                continue
            except BaseException:
                self.remove()
                raise
        raise FileNotFoundError(f"{parent} must keep the folders that are made in it")

    def _is_kept(self) -> bool:
        """Lock it; False if another process has mistaken it for a leftover and has removed it or is about to."""
        try:
            self._lock = _locked(self.path)
        except (FileNotFoundError, BlockingIOError):
            return False
        if self._lock is None or _is_still_at(self._lock, self.path):
            return True
        gone, self._lock = self._lock, None
        os.close(gone)
        return False

    def remove(self) -> None:
        """Remove it with all its contents, even if a signal arrives meanwhile."""
        try:
            shutil.rmtree(self.path, ignore_errors=True)
        except BaseException:
            shutil.rmtree(self.path, ignore_errors=True)
            raise
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None

    def __del__(self) -> None:
        if self._lock is not None:  # discarded before its `with` began
            self.remove()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.remove()


def remove_leftovers(parent: Path) -> None:
    """Remove the scratch folders in `parent` whose processes are gone. Those that cannot be removed are silently
    left."""
    with suppress(OSError):
        for folder in [entry.path for entry in os.scandir(parent) if _is_scratch(entry)]:
            with suppress(OSError):
                lock = _locked(Path(folder))
                if lock is None:
                    continue
                try:
                    shutil.rmtree(folder, ignore_errors=True)
                finally:
                    os.close(lock)


def _is_scratch(entry: os.DirEntry[str]) -> bool:
    """Whether it is a scratch folder of this user, by its name and owner; a link never is."""
    if not (entry.name.startswith(".") and _MARK in entry.name and entry.is_dir(follow_symlinks=False)):
        return False
    return entry.stat(follow_symlinks=False).st_uid == os.geteuid()


def _locked(folder: Path) -> int | None:
    """A descriptor that locks `folder` as long as it is open; None if the disk has no locks. Raises BlockingIOError if
    another process has locked it, FileNotFoundError if the folder is gone."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(descriptor)
        raise
    except OSError:
        os.close(descriptor)
        return None
    return descriptor


def _is_still_at(descriptor: int, folder: Path) -> bool:
    """Whether `folder` is still the one that was opened: another process may have removed it before it was locked."""
    try:
        return os.path.samestat(os.fstat(descriptor), folder.stat())
    except FileNotFoundError:
        return False
