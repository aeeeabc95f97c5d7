"""The files of a run, written beside their place and moved into it: there is a whole result or none."""

from __future__ import annotations

import json
import os
import re
import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path

from lifsim.errors import Fault, InputError
from lifsim.report.rows import as_csv
from lifsim.report.summary import SUMMARY_FORMAT, resolved_config, summary
from lifsim.simulate.result import Result


def default_folder(result: Result) -> Path:
    """reports/<name> in the current folder."""
    return Path("reports") / re.sub(r"[^A-Za-z0-9._+-]", "_", result.name)


def save(result: Result, folder: Path, *, replace: bool) -> None:
    """Write summary.json, layers.csv, timesteps.csv and config.resolved.yaml into `folder`.

    An existing folder is replaced only if `replace` is set and it holds an earlier result. Raises InputError where
    the folder cannot be written; what was there stays.
    """
    check_target(folder, replace=replace)
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        _fill_and_move(folder, lambda temporary: _write_files(result, temporary))
    except OSError as error:
        raise InputError(
            Fault(f"{folder} must be a folder that can be written: {error.strerror}", path="out")
        ) from error


def check_target(folder: Path, *, replace: bool) -> None:
    """Refuse what `save` would refuse, before the run and not after it."""
    if folder.is_symlink() or (folder.exists() and not folder.is_dir()):
        raise InputError(Fault(f"{folder} must be a folder, or not exist", path="out"))
    if not folder.exists():
        return
    if not replace:
        raise InputError(Fault(f"{folder} exists and must not be overwritten; remove it or give --force", path="out"))
    if any(folder.iterdir()) and not _is_result(folder):
        raise InputError(Fault(f"{folder} must be an earlier result or empty to be replaced", path="out"))


def _is_result(folder: Path) -> bool:
    try:
        found = json.loads((folder / "summary.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return False
    return isinstance(found, dict) and found.get("format") == SUMMARY_FORMAT


def _fill_and_move(folder: Path, fill: Callable[[Path], None]) -> None:
    temporary = Path(tempfile.mkdtemp(prefix=f".{folder.name}-", dir=folder.parent))
    try:
        fill(temporary)
        temporary.chmod(0o777 & ~_umask())
        if folder.exists():
            old = Path(tempfile.mkdtemp(prefix=f".{folder.name}-old-", dir=folder.parent))
            folder.replace(old)
            temporary.rename(folder)
            shutil.rmtree(old)
        else:
            temporary.rename(folder)
    except BaseException:
        shutil.rmtree(temporary, ignore_errors=True)
        raise


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask


def _write_files(result: Result, folder: Path) -> None:
    (folder / "summary.json").write_text(json.dumps(summary(result), indent=2) + "\n", encoding="utf-8")
    (folder / "config.resolved.yaml").write_text(resolved_config(result), encoding="utf-8")
    (folder / "layers.csv").write_text(as_csv(result.layer_rows), encoding="utf-8")
    (folder / "timesteps.csv").write_text(as_csv(result.timestep_rows), encoding="utf-8")
