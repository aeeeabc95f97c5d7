"""The files of a run, written beside their place and moved into it: there is a whole result or none."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from pathlib import Path

from lifsim.errors import Fault, InputError
from lifsim.files import must_not_exist, replacing_folder
from lifsim.hardware.memory import MEMORIES
from lifsim.interchange.dram_trace_out import TraceFormat
from lifsim.model.arch import Arch
from lifsim.regular_file import open_regular
from lifsim.report.requests import write_requests
from lifsim.report.rows import as_csv
from lifsim.report.summary import SUMMARY_FORMAT, Around, resolved_config, summary
from lifsim.report.timeline import write_timeline
from lifsim.simulate.result import Result

FILES = ("summary.json", "config.resolved.yaml", "layers.csv", "timesteps.csv", "timeline.json", "dram.trace")
"""All that a result may consist of."""


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
    if (extras.timeline or extras.dram_trace) and not MEMORIES[arch.dram.model].waits:
        asked = "--timeline" if extras.timeline else "--dram-trace"
        others = " or ".join(name for name, memory in MEMORIES.items() if memory.waits)
        rule = f"{arch.dram.model} must be {others} with {asked}: an {arch.dram.model} memory takes no time"
        raise InputError(Fault(rule, path="dram.model"))


def save(
    result: Result,
    folder: Path,
    *,
    replace: bool,
    extras: Extras = Extras(),
    around: Around | None = None,
) -> None:
    """Write summary.json, layers.csv, timesteps.csv, config.resolved.yaml and `extras` into `folder`; the summary with
    the runs that it is compared with.

    An existing folder is replaced only if `replace` is set and it holds an earlier result. Raises InputError where
    the folder cannot be written; what was there stays.
    """
    check_target(folder, replace=replace)
    with replacing_folder(folder, replace=replace) as temporary:
        _write_files(result, temporary, extras, around or Around())


def check_target(folder: Path, *, replace: bool) -> None:
    """Refuse what `save` would refuse, before the run and not after it."""
    if folder.is_symlink() or (folder.exists() and not folder.is_dir()):
        raise InputError(Fault(f"{folder} must be a folder, or not exist", path="out"))
    above = next((parent for parent in folder.absolute().parents if parent.exists()), folder)
    if not above.is_dir():
        raise InputError(Fault(f"{folder} must be a folder: {above} is a file", path="out"))
    if not folder.exists():
        return
    if not replace:
        raise InputError(must_not_exist(folder))
    if own := _something_else_in(folder):
        rule = f"{folder} must hold nothing but an earlier result to be replaced, holds {own}"
        raise InputError(Fault(f"{rule}; move that away, or give another --out", path="out"))


def _something_else_in(folder: Path) -> str:
    """What `folder` holds that is of no earlier result, '' if nothing. What another run has just moved away is none."""
    try:
        names = {entry.name for entry in folder.iterdir()}
        own = sorted(name for name in names if name not in FILES)
        if own or not names:
            return own[0] if own else ""
        found = json.loads(_text(folder / "summary.json"))
    except FileNotFoundError:
        return "files without a summary.json" if folder.is_dir() and any(folder.iterdir()) else ""
    except (OSError, ValueError, RecursionError):
        found = None
    known = isinstance(found, dict) and found.get("format") == SUMMARY_FORMAT
    return "" if known else "a summary.json that LIFSim did not write, or that is damaged"


def _text(path: Path) -> str:
    with open_regular(path) as file:
        return file.read().decode()


def _write_files(result: Result, folder: Path, extras: Extras, around: Around) -> None:
    if extras.timeline:
        write_timeline(result, folder / "timeline.json")
    if extras.dram_trace:
        write_requests(result, folder / "dram.trace", extras.dram_trace)
    (folder / "summary.json").write_text(json.dumps(summary(result, around), indent=2) + "\n", encoding="utf-8")
    (folder / "config.resolved.yaml").write_text(resolved_config(result), encoding="utf-8")
    (folder / "layers.csv").write_text(as_csv(result.layer_rows), encoding="utf-8")
    (folder / "timesteps.csv").write_text(as_csv(result.timestep_rows), encoding="utf-8")
