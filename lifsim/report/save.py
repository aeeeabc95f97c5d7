"""The files of a run, written beside their place and moved into it: either all of them appear, or none."""

from __future__ import annotations

import filecmp
import json
import os
import shutil
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from lifsim.config.document import read_document
from lifsim.csv_text import as_csv
from lifsim.errors import Fault, InputError
from lifsim.files import move_folder, must_not_exist, numbered, scratch_beside
from lifsim.hardware.memory import MEMORIES
from lifsim.lazy_dataclass import dataclass
from lifsim.model.arch import Arch
from lifsim.placing import Placed, require_folder
from lifsim.regular_file import open_regular
from lifsim.report.summary import SUMMARY_FORMAT, Around, resolved_config, summary
from lifsim.simulate.inputs import Inputs
from lifsim.simulate.resolved import resolved_inputs
from lifsim.simulate.result import Result

if TYPE_CHECKING:
    from lifsim.interchange.dram_trace_out import TraceFormat

CORE = ("summary.json", "config.resolved.yaml", "layers.csv", "timesteps.csv")
HTML = "report.html"
_OTHERS = {
    "arch": "on another architecture",
    "workload": "of another workload",
    "sharing": "under another sharing",
}
FILES = (*CORE, "timeline.json", "dram.trace", HTML)
"""All files that a result may consist of."""


@dataclass(frozen=True)
class Extras:
    """Files written on request: timeline.json, dram.trace in a simulator's format, report.html."""

    timeline: bool = False
    dram_trace: TraceFormat | None = None
    html: bool = False


def check_extras(extras: Extras, arch: Arch) -> None:
    """Refuse, before the run, extras that need times which it will not have. Raises InputError."""
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
    number: bool = False,
    extras: Extras = Extras(),
    around: Around | None = None,
) -> Placed:
    """Write summary.json, with the runs that it is compared with, layers.csv, timesteps.csv, config.resolved.yaml and
    `extras` into `folder`.

    A folder that already holds this result stays as it is, but gets missing `extras` and a new report. Another result
    is replaced only if `replace` is set; with `number` the new one goes into NAME-2, NAME-3 and so on instead. Nothing
    but results is ever replaced. Raises InputError if the folder cannot be written; its content then stays.
    """
    if not number:
        check_target(folder, replace=True)
    with scratch_beside(folder, parents=True) as scratch:
        new, aside = scratch / "new", scratch / "old"
        for empty in (new, aside):
            empty.mkdir()
        _write_files(result, new, extras, around or Around())
        for place in numbered(folder) if number else [folder]:
            asked = folder if place != folder else None
            if os.path.lexists(place) and (place.is_symlink() or not place.is_dir()):
                continue
            if _holds(place, [file.name for file in new.iterdir()], new):
                return Placed(place, held=True, asked=asked)
            completes = _completed(new, place)
            taken = (place / "summary.json").exists()
            if move_folder(new, place, aside, replace=replace or completes):
                return Placed(place, asked=asked, replaced=taken and not completes)
        # Another run came first: what it is of is told before the folder's being taken is.
        check_target(folder, replace=False, inputs=Inputs(result.arch, result.network, result.sharing, result.options))
    raise InputError(must_not_exist(folder))


def _holds(folder: Path, names: Sequence[str], new: Path) -> bool:
    """Whether `folder` has the files of `names` as `new` has them, byte for byte. Another run may move it away."""
    with suppress(FileNotFoundError):
        return all((folder / name).is_file() and filecmp.cmp(folder / name, new / name, False) for name in names)
    return False


def _completed(new: Path, folder: Path) -> bool:
    """Whether `folder` holds this result without some of its extras, or with a report of another version of LIFSim; if
    so, its other extras are copied to `new`."""
    if not _holds(folder, CORE, new) or _something_else_in(folder):
        return False
    with suppress(FileNotFoundError):
        held = [file.name for file in folder.iterdir()]
        if _holds(folder, [name for name in held if (new / name).exists() and name != HTML], new):
            for name in held:
                if not (new / name).exists():
                    shutil.copy2(folder / name, new)
            return True
    return False


def check_target(folder: Path, *, replace: bool, inputs: Inputs | None = None) -> None:
    """Refuse before the run what `save` would refuse after it: without `replace`, a folder with the result of other
    inputs. Raises InputError."""
    require_folder(folder, "result", _something_else_in)
    if not replace and inputs is not None and (others := _other_inputs(folder, inputs)):
        rule = f"exists and must not be overwritten: it holds a run {', '.join(others)}"
        raise InputError(Fault(f"{folder} {rule}; give another --out, or --force", path="out"))


def _other_inputs(folder: Path, inputs: Inputs) -> list[str]:
    """How the inputs of the result in `folder` differ from these, in words; what a run finds out by itself is not
    compared."""
    if not (folder / "config.resolved.yaml").exists():
        return []
    try:
        stored = read_document(folder / "config.resolved.yaml").data
    except InputError:
        stored = None
    if not isinstance(stored, dict) or not isinstance(stored.get("options"), dict):
        return ["of another LIFSim"]
    options = inputs.options
    trace = options.trace and options.trace.absolute()
    tree = resolved_inputs(inputs.arch, inputs.network, inputs.sharing, options.model_copy(update={"trace": trace}))
    tree = json.loads(json.dumps(tree))  # as it is read back: tuples as lists
    found_out = [name for name in ("batch", "trace") if name not in tree["options"]]
    kept = {name: value for name, value in stored["options"].items() if name not in found_out}
    asked = tree.pop("options")
    others = sorted(name for name in {*kept, *asked} if kept.get(name) != asked.get(name))
    told = [_OTHERS[name] for name, value in tree.items() if value != stored.get(name)]
    return [*told, *([f"with another {' and '.join(others)}"] if others else [])]


def _something_else_in(folder: Path) -> str:
    """A file in `folder` that belongs to no earlier result, '' if there is none, or if another run has just moved the
    folder away."""
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
        from lifsim.report.timeline import write_timeline

        write_timeline(result, folder / "timeline.json")
    if extras.dram_trace:
        from lifsim.report.requests import write_requests

        write_requests(result, folder / "dram.trace", extras.dram_trace)
    if extras.html:
        from lifsim.report.html.write import report_of

        (folder / HTML).write_bytes(report_of(result, around))
    (folder / "summary.json").write_text(json.dumps(summary(result, around), indent=2) + "\n", encoding="utf-8")
    (folder / "config.resolved.yaml").write_text(resolved_config(result), encoding="utf-8")
    (folder / "layers.csv").write_text(as_csv(result.layer_rows), encoding="utf-8")
    (folder / "timesteps.csv").write_text(as_csv(result.timestep_rows), encoding="utf-8")
