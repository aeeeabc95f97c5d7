"""A disk that is full: no file of this process may grow beyond a size. Writing fails as it does on a full disk, but
for the system's words (EFBIG instead of ENOSPC)."""

from __future__ import annotations

import os
import resource
import sys
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def full_after(size_bytes: int) -> Iterator[None]:
    """Inside, every write beyond `size_bytes` of a file fails. No bytecode is kept meanwhile, by this process or those
    that it starts: cut off, it would break whatever imports it later."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    keeps, inherited = sys.dont_write_bytecode, os.environ.get("PYTHONDONTWRITEBYTECODE")
    sys.dont_write_bytecode, os.environ["PYTHONDONTWRITEBYTECODE"] = True, "1"
    resource.setrlimit(resource.RLIMIT_FSIZE, (size_bytes, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
        sys.dont_write_bytecode = keeps
        os.environ.pop("PYTHONDONTWRITEBYTECODE")
        if inherited is not None:
            os.environ["PYTHONDONTWRITEBYTECODE"] = inherited
