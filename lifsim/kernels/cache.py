"""Machine code that is kept from process to process: in the user's cache folder, where nobody else can put any.

A file there begins with a tag, the HMAC-SHA256 of its name and its code under a key that only the user can read. So
code that comes from anywhere else, even from a time when the folder was open to others, is not run but replaced.
"""

from __future__ import annotations

import contextlib
import functools
import hmac
import os
import secrets
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from platformdirs import user_cache_path

from lifsim.kernels.trust import distrust_of, make_private, read_own
from lifsim.lazy_dataclass import dataclass
from lifsim.watch import Watch, unwatched

FOLDER = "LIFSIM_CACHE_DIR"
KEY_FILE = "key"
LOCK_FILE = "lock"
HOLDER_FILE = "holder"
TAG_BYTES = KEY_BYTES = 32
WAIT_S = 120
"""How long a process waits for another one that compiles."""
LOOK_S = 0.2
"""Seconds between two checks whether it still does."""
UNUSED_DAYS = 60
"""Files that were not used for this long are removed when something new is kept."""


def user_cache() -> Cache | None:
    """The folder that LIFSIM_CACHE_DIR names, or lifsim/ in the user's cache folder (of Linux: XDG_CACHE_HOME). None,
    and a warning, where it cannot be made or others could write it."""
    chosen = os.environ.get(FOLDER)
    try:
        return _opened(Path(chosen) if chosen else user_cache_path("lifsim", appauthor=False))
    except RuntimeError as error:  # the user has no home
        _warn(str(error))
        return None


@functools.cache
def _opened(folder: Path) -> Cache | None:
    try:
        folder = make_private(folder)
        fault = distrust_of(folder)
    except OSError as error:
        fault = str(error)
    if fault is None:
        return Cache(folder)
    _warn(fault)
    return None


@dataclass(frozen=True)
class Cache:
    """A trusted folder."""

    folder: Path

    def kept(self, name: str, make: Callable[[], bytes], watch: Watch = unwatched) -> bytes:
        """The code of that name, or, where none is kept, what `make` makes, which is kept then. Of several processes
        one makes it; the others wait, which `watch` sees."""
        code = self.read(name)
        if code is None:
            with self.lock(watch):
                code = self.read(name)
                if code is None:
                    code = make()
                    self.keep(name, code)
        return code

    def keep(self, name: str, code: bytes) -> None:
        """Keep it for later processes; where that cannot be, the user is warned."""
        try:
            self.write(name, code)
        except OSError as error:
            _warn(str(error))

    def read(self, name: str) -> bytes | None:
        """The code of that name; None if there is none that this user has kept, whole and unchanged."""
        path = self.folder / name
        try:
            content = read_own(path)
            tag, code = content[:TAG_BYTES], content[TAG_BYTES:]
            if not hmac.compare_digest(tag, _tag(self._key(), name, code)):
                return None
        except OSError:
            return None
        with contextlib.suppress(OSError):
            os.utime(path)
        return code

    def write(self, name: str, code: bytes) -> None:
        """Keep it in place of what has that name. Raises OSError."""
        try:
            key = self._key()
        except OSError:
            key = self._new_key()
        with self._temporary(_tag(key, name, code) + code) as whole:
            whole.replace(self.folder / name)
        self._forget_unused()

    def room(self, name: str) -> Path:
        """A folder in it for a compiler that keeps its own files. Raises OSError if others could write it."""
        folder = make_private(self.folder / name)
        if fault := distrust_of(folder):
            raise PermissionError(fault)
        with contextlib.suppress(OSError):
            os.utime(folder)
        return folder

    @contextlib.contextmanager
    def lock(self, watch: Watch = unwatched, of: str = "") -> Iterator[None]:
        """Hold it alone, or what it has `of` something, where files can be locked; a process that holds it for too long
        is not waited for. `watch` sees who it is."""
        from filelock import FileLock, Timeout

        lock, holder = FileLock(self.folder / f"{of}{LOCK_FILE}", mode=0o600), self.folder / f"{of}{HOLDER_FILE}"
        given_up = time.monotonic() + WAIT_S
        with contextlib.suppress(OSError, NotImplementedError):
            while not lock.is_locked and time.monotonic() < given_up:
                try:
                    lock.acquire(timeout=LOOK_S)
                    holder.write_text(str(os.getpid()))
                except Timeout:
                    watch(f"waiting for {_holder_in(holder)}, which compiles", 0, 0)
        try:
            yield
        finally:
            lock.release()

    @property
    def is_writable(self) -> bool:
        """Whether it can keep more."""
        return os.access(self.folder, os.W_OK)

    def _key(self) -> bytes:
        """Raises OSError if there is none that only the user can read."""
        key = read_own(self.folder / KEY_FILE, forbidden=0o077)
        if len(key) != KEY_BYTES:
            raise OSError(f"{self.folder / KEY_FILE} must hold {KEY_BYTES} bytes")
        return key

    def _new_key(self) -> bytes:
        """The key that this process makes, or another one just has. Raises OSError."""
        path = self.folder / KEY_FILE
        path.unlink(missing_ok=True)
        with self._temporary(secrets.token_bytes(KEY_BYTES)) as whole:
            try:
                os.link(whole, path)  # unlike a move, it leaves alone what another process has made
            except FileExistsError:
                pass
            except OSError:  # a file system without links
                whole.replace(path)
        return self._key()

    @contextlib.contextmanager
    def _temporary(self, content: bytes) -> Iterator[Path]:
        """A whole file that only the user can read, to be moved to its name; if it is not, it goes. Raises OSError."""
        descriptor, name = tempfile.mkstemp(dir=self.folder, suffix=".tmp")
        try:
            with os.fdopen(descriptor, "wb") as file:
                file.write(content)
            yield Path(name)
        finally:
            Path(name).unlink(missing_ok=True)

    def _forget_unused(self) -> None:
        """Remove what no process has used for long: of earlier versions, of processes that were killed."""
        oldest = time.time() - UNUSED_DAYS * 24 * 60 * 60
        for path in self.folder.iterdir():
            with contextlib.suppress(OSError):
                if path.name in (KEY_FILE, LOCK_FILE, HOLDER_FILE) or path.lstat().st_mtime >= oldest:
                    continue
                if path.is_dir():
                    shutil.rmtree(path)
                else:
                    path.unlink()


def _holder_in(file: Path) -> str:
    """The process that has a lock, as it has said."""
    try:
        return f"process {int(file.read_text())}"
    except (OSError, ValueError):  # it has only just got it
        return "another process"


@functools.cache
def _warn(fault: str) -> None:
    """Tell the user, once, that nothing is kept, why, and the way out."""
    what = "compiled code is not kept, so that every run compiles again"
    import logging

    logging.getLogger(__name__).warning("%s: %s; set %s to a folder that only you can write", what, fault, FOLDER)


def _tag(key: bytes, name: str, code: bytes) -> bytes:
    return hmac.digest(key, name.encode() + b"\0" + code, "sha256")
