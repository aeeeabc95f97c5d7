"""Runs one command in this process and tells what it should not have done."""

from __future__ import annotations

import contextlib
import csv
import faulthandler
import io
import json
import math
import os
import re
import signal
import sys
import warnings
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import FrameType
from typing import Any

from lifsim.cli.main import main

CPU_SECONDS = 10.0
"""Of this process, so that a busy machine makes no findings."""
STUCK_SECONDS = 600.0
"""Of the clock, after which the process ends with its traceback."""

COUNTED = (
    "cycles",
    "time_s",
    "ops",
    "dram_bytes",
    "sram_accesses",
    "energy_pj",
    "lif_update_pj",
    "area_mm2",
    "lif_memory_bytes",
    "counts",
)
_NONSENSE = re.compile(r"(?<![.\w])(nan|inf|-inf|infinity)\b", re.IGNORECASE)  # `.nan` is a text that was given
_WRITES = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND
CHANGES = ("change", "half", "twice")
"""Keys of a summary under which figures are changes."""


class Hang(BaseException):
    """Raised into a command that takes too long; no `except Exception` catches it."""


@dataclass
class WriteWatch:
    """Notes what this process writes outside `allowed`, from Python's audit events."""

    allowed: tuple[str, ...]
    outside: list[str]

    def __call__(self, event: str, arguments: tuple[Any, ...]) -> None:
        match event, arguments:
            case "open", (path, _, int(flags)) if flags & _WRITES:
                self._note(path)
            case (("os.mkdir" | "os.remove" | "os.rmdir" | "os.truncate"), (path, *_)):
                self._note(path)
            case (("os.rename" | "os.link" | "os.symlink"), (_, path, *_)):
                self._note(path)

    def _note(self, path: Any) -> None:
        if isinstance(path, str | bytes):
            full = os.path.abspath(os.fsdecode(path))  # noqa: PTH100 - in a hook, of text
            if not full.startswith(self.allowed):
                self.outside.append(full)


def watch_writes(*allowed: Path) -> WriteWatch:
    """A watch for the rest of this process: audit hooks cannot be taken away."""
    watch = WriteWatch((*(str(folder) for folder in allowed), "/dev/"), [])
    sys.addaudithook(watch)
    return watch


@dataclass(frozen=True)
class Judgement:
    """status: exit code, None if it was stopped; faults: what must not be; empty if all is well."""

    status: int | None
    faults: tuple[str, ...]


def judge(arguments: Sequence[str], watch: WriteWatch) -> Judgement:
    """Run the command in the current folder."""
    before, out, err = _files(), io.StringIO(), io.StringIO()
    watch.outside.clear()
    status, faults = None, []
    with warnings.catch_warnings(record=True) as warned:
        warnings.simplefilter("always")
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            try:
                with _stopped_after(CPU_SECONDS):
                    status = main(list(arguments))
            except Hang:
                faults.append(f"hangs: more than {CPU_SECONDS:g} s of CPU time")
            except BaseException as error:
                faults.append(f"escaped: {type(error).__name__}: {error}")
    faults += [
        f"warning: {w.category.__name__}: {w.message}" for w in warned if not issubclass(w.category, ResourceWarning)
    ]
    faults += [f"writes outside its folder: {path}" for path in dict.fromkeys(watch.outside)]
    if status is not None:
        faults += _told(status, err.getvalue())
        faults += _left(status, before)
        if status == 0:
            faults += _printed(arguments, out.getvalue())
    return Judgement(status, tuple(faults))


@contextlib.contextmanager
def _stopped_after(seconds: float) -> Iterator[None]:
    def stop(_signal: int, _frame: FrameType | None) -> None:
        raise Hang

    before = signal.signal(signal.SIGPROF, stop)
    signal.setitimer(signal.ITIMER_PROF, seconds)
    faulthandler.dump_traceback_later(
        STUCK_SECONDS, exit=True, file=sys.__stderr__
    )  # what waits, or computes where no signal reaches it
    try:
        yield
    finally:
        faulthandler.cancel_dump_traceback_later()
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.signal(signal.SIGPROF, before)


def _files() -> set[str]:
    return {str(path) for path in Path().rglob("*")}


def _told(status: int, err: str) -> Iterator[str]:
    """Exit 0, or 2 with words."""
    if status not in (0, 2):
        yield f"exits with {status}: {err.strip()[:400]}"
    if status == 2 and not err.strip():
        yield "exits with 2 and says nothing"
    if "Traceback" in err or "internal error" in err:
        yield f"traceback: {err.strip()[-400:]}"
    if "\x1b" in err:
        yield f"an escape sequence on stderr: {err.strip()[:200]!r}"


def _left(status: int, before: set[str]) -> Iterator[str]:
    """No temporaries; of a command that failed nothing at all."""
    for path in sorted(_files() - before):
        if Path(path).name.startswith(".") or path.endswith((".tmp", "-journal", "-wal", "-shm")):
            yield f"leaves {path}"
        elif status == 2:
            yield f"is refused, yet leaves {path}"


def _printed(arguments: Sequence[str], out: str) -> Iterator[str]:
    """JSON without NaN or negative counts, printed or written; nothing of the kind in tables."""
    if "json" in arguments and arguments[0] != "store":
        yield from _json(out, "stdout")
    elif _NONSENSE.search(out):
        yield f"prints {_NONSENSE.search(out)[0]!r}"  # type: ignore[index]
    for path in (*Path().glob("out/*.json"), *Path().glob("o.json")):
        yield from _json(path.read_text(), str(path))
    for path in (*Path().glob("out/*.csv"), *Path().glob("*.csv")):
        if path.name != "topology.csv":
            yield from _table(path)


def _json(text: str, name: str) -> Iterator[str]:
    try:
        tree = json.loads(text, parse_constant=lambda _: math.nan)
    except ValueError as error:
        yield f"{name} is no JSON: {error}"
        return
    yield from (f"{name}: {fault}" for fault in _nonsense(tree, ""))


def _nonsense(tree: Any, path: str, counted: bool | None = False) -> Iterator[str]:
    """counted: whether less than 0 is nonsense; None: of changes, shares of what was before, nothing is counted."""
    if isinstance(tree, dict | list):
        for key, value in tree.items() if isinstance(tree, dict) else enumerate(tree):
            is_count = None if counted is None or key in CHANGES else counted or str(key).partition(".")[0] in COUNTED
            if key != "inputs":
                yield from _nonsense(value, f"{path}.{key}", is_count)
    elif isinstance(tree, int | float) and not isinstance(tree, bool) and (not _finite(tree) or (counted and tree < 0)):
        yield f"{path} is {tree}"


def _finite(number: float) -> bool:
    return isinstance(number, int) or math.isfinite(number)


def _table(path: Path) -> Iterator[str]:
    with path.open(newline="") as file:
        for row in csv.DictReader(file):
            for key, cell in row.items():
                is_count = str(key).partition(".")[0] in COUNTED or str(key).endswith(("_pj", "_normalised", "_bytes"))
                if (
                    is_count
                    and isinstance(cell, str)
                    and (_NONSENSE.fullmatch(cell) or cell.lstrip("'").startswith("-"))
                ):
                    yield f"{path}: {key} is {cell}"
