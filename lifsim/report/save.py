"""The files of a run, written beside their place and moved into it: there is a whole result or none."""

from __future__ import annotations

import errno
import json
import re
import shutil
import tempfile
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from itertools import count
from pathlib import Path

from lifsim.config.arch import Arch
from lifsim.errors import Fault, InputError
from lifsim.interchange.dram_trace_out import TraceFormat
from lifsim.report.requests import write_requests
from lifsim.report.rows import as_csv
from lifsim.report.summary import SUMMARY_FORMAT, resolved_config, summary
from lifsim.report.timeline import write_timeline
from lifsim.simulate.result import Result


def default_folder(result: Result) -> Path:
    """reports/<name> in the current folder."""
    return Path("reports") / re.sub(r"[^A-Za-z0-9._+-]", "_", result.name)


@dataclass(frozen=True)
class Extras:
    """What is written on request: timeline.json, dram.trace in a simulator's format."""

    timeline: bool = False
    dram_trace: TraceFormat | None = None


def check_extras(extras: Extras, arch: Arch) -> None:
    """Refuse before the run what has no times. Raises InputError."""
    if (extras.timeline or extras.dram_trace) and arch.dram.model == "ideal":
        asked = "--timeline" if extras.timeline else "--dram-trace"
        rule = f"ideal must be bandwidth or cycle with {asked}: an ideal memory takes no time"
        raise InputError(Fault(rule, path="dram.model"))


def save(result: Result, folder: Path, *, replace: bool, extras: Extras = Extras()) -> None:
    """Write summary.json, layers.csv, timesteps.csv, config.resolved.yaml and `extras` into `folder`.

    An existing folder is replaced only if `replace` is set and it holds an earlier result. Raises InputError where
    the folder cannot be written; what was there stays.
    """
    check_target(folder, replace=replace)
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        _fill_and_move(folder, lambda temporary: _write_files(result, temporary, extras), replace=replace)
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
        raise InputError(_exists(folder))
    if _holds_something_else(folder):
        raise InputError(Fault(f"{folder} must be an earlier result or empty to be replaced", path="out"))


def _holds_something_else(folder: Path) -> bool:
    """Whether `folder` holds anything but an earlier result. What another run has just moved away is none."""
    try:
        names = {entry.name for entry in folder.iterdir()}
        if "summary.json" not in names:
            return bool(names)
        found = json.loads((folder / "summary.json").read_text(encoding="utf-8"))
    except FileNotFoundError:
        return False
    except (OSError, ValueError):
        return True
    return not isinstance(found, dict) or found.get("format") != SUMMARY_FORMAT


def _fill_and_move(folder: Path, fill: Callable[[Path], None], *, replace: bool) -> None:
    scratch = Path(tempfile.mkdtemp(prefix=f".{folder.name}-", dir=folder.parent))
    aside = scratch / "old"
    try:
        for empty in (scratch / "new", aside):
            empty.mkdir()
        fill(scratch / "new")
        _move(scratch / "new", folder, aside, replace=replace)
    except BaseException:
        _put_back(aside, folder)
        raise
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


def _move(new: Path, folder: Path, aside: Path, *, replace: bool) -> None:
    """Renames are atomic and never land on a folder that holds something: of runs that write to one folder at once the
    first one stays, or the last one where they may replace it."""
    for attempt in count():
        try:
            new.rename(folder)
            return
        except OSError as error:
            if error.errno not in (errno.ENOTEMPTY, errno.EEXIST):
                raise
            if not replace:
                raise InputError(_exists(folder)) from error
        with suppress(FileNotFoundError):  # another run has just moved it away
            folder.rename(aside / str(attempt))


def _put_back(aside: Path, folder: Path) -> None:
    """What was there before stays, if it has been moved away already."""
    for old in aside.glob("*"):
        with suppress(OSError):
            old.rename(folder)


def _exists(folder: Path) -> Fault:
    return Fault(f"{folder} exists and must not be overwritten; remove it or give --force", path="out")


def _write_files(result: Result, folder: Path, extras: Extras) -> None:
    if extras.timeline:
        write_timeline(result, folder / "timeline.json")
    if extras.dram_trace:
        write_requests(result, folder / "dram.trace", extras.dram_trace)
    (folder / "summary.json").write_text(json.dumps(summary(result), indent=2) + "\n", encoding="utf-8")
    (folder / "config.resolved.yaml").write_text(resolved_config(result), encoding="utf-8")
    (folder / "layers.csv").write_text(as_csv(result.layer_rows), encoding="utf-8")
    (folder / "timesteps.csv").write_text(as_csv(result.timestep_rows), encoding="utf-8")
