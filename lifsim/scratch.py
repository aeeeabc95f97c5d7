"""Folders for what is not finished yet, which no process leaves behind for good.

A process that is killed cannot clean up. So each scratch folder is locked by the process that made it, a lock that the
system lifts when that process is gone, however it went; whoever makes the next scratch folder in the same place removes
those that nobody has locked.
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
"""How often another process, which looks for leftovers at this very moment, may take a new folder for one."""


class ScratchFolder:
    """A new folder `path` in `parent`, only for this user and hidden, until `remove`; or use `with`.

    name: what it is for, a part of its own name. Raises OSError where it cannot be made.
    """

    def __init__(self, parent: Path, name: str) -> None:
        remove_leftovers(parent)
        self._lock: int | None = None
        for _ in range(_ATTEMPTS):
            # Known before it is made, so that a signal in between leaves nothing that nobody knows of.
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
        """Lock it; False if another process has taken it for a leftover: it has removed it or is about to."""
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
        """Remove it with all that is in it, also where a signal comes in between."""
        try:
            shutil.rmtree(self.path, ignore_errors=True)
        except BaseException:
            shutil.rmtree(self.path, ignore_errors=True)
            raise
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None

    def __del__(self) -> None:
        if self._lock is not None:  # dropped before its `with` began
            self.remove()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.remove()


def remove_leftovers(parent: Path) -> None:
    """Remove the scratch folders in `parent` whose processes are gone. What cannot be removed stays, unsaid."""
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
    """Whether it is a scratch folder of this user, by its name and owner; never a link, wherever it leads."""
    if not (entry.name.startswith(".") and _MARK in entry.name and entry.is_dir(follow_symlinks=False)):
        return False
    return entry.stat(follow_symlinks=False).st_uid == os.geteuid()


def _locked(folder: Path) -> int | None:
    """A descriptor that locks `folder` as long as it is open; None where the disk knows no locks. Raises
    BlockingIOError where another process has it, FileNotFoundError where the folder is gone."""
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
    """Whether `folder` is the one that was opened: another process may have removed it before it was locked."""
    try:
        return os.path.samestat(os.fstat(descriptor), folder.stat())
    except FileNotFoundError:
        return False
