"""The processes of one computation compile once among them, also where nothing can be kept for later ones."""

from __future__ import annotations

import atexit
import os
import shutil
import tempfile
from contextlib import suppress

from lifsim.kernels.cache import FOLDER, user_cache


def share_cache() -> None:
    """Where the user's cache can keep nothing, make a folder that takes its place for this process and those that it
    starts, and goes with it."""
    cache = user_cache()
    if cache and cache.is_writable:
        return
    with suppress(OSError):  # without any room for files each process compiles for itself, and says so
        folder = tempfile.mkdtemp(prefix="lifsim-")
        atexit.register(shutil.rmtree, folder, ignore_errors=True)
        if cache:
            shutil.copytree(cache.folder, folder, dirs_exist_ok=True)
        os.environ[FOLDER] = folder
