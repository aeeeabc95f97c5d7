"""Copies of this checkout, in which a test may do what a reader does."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]


def copy_checkout(target: Path) -> Path:
    """What git knows of this checkout, or would, as a repository of its own. Skips where this is no checkout."""
    if not shutil.which("git") or not (ROOT / ".git").exists():
        pytest.skip("needs a git checkout")
    for name in _git(ROOT, "ls-files", "-z", "--cached", "--others", "--exclude-standard").split("\0"):
        if (ROOT / name).is_file():
            (target / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, target / name)
    _git(target, "init", "--quiet")
    _git(target, "add", "--all")
    author = ("-c", "user.name=test", "-c", "user.email=test@localhost")
    _git(target, *author, "commit", "--quiet", "--message", "copy")
    return target


def changes(checkout: Path) -> str:
    """What `git status` finds in a copy: nothing where it is as it was, but for what git ignores."""
    return _git(checkout, "status", "--porcelain")


def _git(folder: Path, *arguments: str) -> str:
    command = ["git", "-C", str(folder), *arguments]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout
