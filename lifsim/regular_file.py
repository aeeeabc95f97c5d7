"""Opening files from outside without waiting for ever.

A named pipe has no end until somebody writes to it, a device has none at all, and some of the kernel's files look
regular but wait for events. What the user's shell connects is accepted: /dev/stdin and `<(...)` are read if they are
files or pipes.
"""

from __future__ import annotations

import errno
import os
import re
import stat
from io import BufferedReader
from pathlib import Path

_CONNECTED = re.compile(r"/dev/(?:stdin|fd/([0-9]{1,4}))\Z")
_NOT_WAITING = getattr(os, "O_NONBLOCK", 0)


def open_regular(path: Path) -> BufferedReader:
    """The file at `path`, open for reading. Raises OSError if it does not exist or is no regular file."""
    connected = _CONNECTED.match(str(path))
    if connected is not None:
        # Opening the path again would wait for ever if the writer of the pipe has gone.
        descriptor = os.dup(int(connected[1] or 0))
    else:
        descriptor = os.open(path, os.O_RDONLY | _NOT_WAITING | getattr(os, "O_CLOEXEC", 0))
    try:
        found = os.fstat(descriptor)
        if stat.S_ISDIR(found.st_mode):
            raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), str(path))
        piped = connected is not None and stat.S_ISFIFO(found.st_mode)
        if not piped and not stat.S_ISREG(found.st_mode):
            raise OSError(errno.EINVAL, f"must be a regular file, is {_kind(found.st_mode)}", str(path))
        if connected is None and found.st_size == 0:
            _refuse_waiting(descriptor, path)
        return os.fdopen(descriptor, "rb")
    except BaseException:
        os.close(descriptor)
        raise


def _refuse_waiting(descriptor: int, path: Path) -> None:
    """Refuse a file of length 0 that is not empty: one of the kernel's."""
    try:
        if os.read(descriptor, 1):
            os.lseek(descriptor, 0, os.SEEK_SET)
    except BlockingIOError:
        raise OSError(errno.EINVAL, "must be a regular file, waits for what is not there yet", str(path)) from None


def _kind(mode: int) -> str:
    kinds = {stat.S_IFIFO: "a pipe", stat.S_IFCHR: "a device", stat.S_IFBLK: "a device", stat.S_IFSOCK: "a socket"}
    return kinds.get(stat.S_IFMT(mode), "something else")
