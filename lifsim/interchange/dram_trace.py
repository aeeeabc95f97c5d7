"""DRAM request traces as text, one request per line; .xz and .gz files are unpacked.

DRAMsim3 writes `0xADDRESS READ|WRITE cycle` (DRAMSim2's words for reads and writes are read, too), Ramulator
`0xADDRESS R|W`, Ramulator 2 `LD|ST ADDRESS`. Addresses are hexadecimal; behind LD or ST an address without 0x is
decimal.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from lifsim.config.file_kind import binary_kind, in_words
from lifsim.errors import Fault, InputError, shown
from lifsim.interchange.dram_trace_form import (
    CHARACTER,
    COLUMNS,
    CYCLE_DIGITS,
    DECIMAL_DIGITS,
    FIELD,
    FIELDS,
    FORMS,
    HEX_DIGITS,
    LEADING,
    LEAST_LINE,
    LOAD_STORE,
    MAX_LINE,
    NO_FORM,
    OPERATION,
    PROGRESS,
    READS,
    TIMED,
    UNTIMED,
    WRITES,
    characters,
    operations,
)
from lifsim.interchange.dram_trace_text import blocks
from lifsim.kernels.kernel import Kernel
from lifsim.room import require_memory
from lifsim.units import counted
from lifsim.watch import Watch, unwatched

READ_LINES = Kernel(
    title="the reader of DRAM traces",
    module="lifsim.interchange.dram_trace_kernel",
    function="read_lines",
    parameters=(np.dtype(np.uint8), CHARACTER, OPERATION, FIELD, *COLUMNS, PROGRESS),
    sources=("interchange/dram_trace_kernel.py", "interchange/dram_trace_form.py"),
)
REQUEST_BYTES = 160
"""Bytes of memory per request, all told: its columns, the record of the DRAM model, and its result."""
_MAX_FAULTS = 20
_WORD = "|".join(READS + WRITES)
_FAR, _LATE = f"its address must be at most 0x{'f' * HEX_DIGITS}", f"its cycle must be at most {10**CYCLE_DIGITS - 1}"
_TOO_LARGE = (
    (TIMED, rf"(?:0x)?[0-9a-f]{{{HEX_DIGITS + 1},}}\s+(?:{_WORD})\s+[0-9]+", _FAR),
    (TIMED, rf"(?:0x)?[0-9a-f]+\s+(?:{_WORD})\s+[0-9]{{{CYCLE_DIGITS + 1},}}", _LATE),
    (UNTIMED, rf"(?:0x)?[0-9a-f]{{{HEX_DIGITS + 1},}}\s+(?:{_WORD})", _FAR),
    (LOAD_STORE, rf"(?:{'|'.join(LEADING)})\s+0x[0-9a-f]{{{HEX_DIGITS + 1},}}", _FAR),
    (
        LOAD_STORE,
        rf"(?:{'|'.join(LEADING)})\s+[0-9]{{{DECIMAL_DIGITS + 1},}}",
        f"its address must be at most {10**DECIMAL_DIGITS - 1}, or 0x{'f' * HEX_DIGITS}",
    ),
)
"""Patterns of lines with a number that has too many digits, and what to say about them."""
_COMMENT = r"\s*(?:(?:#|;|//).*)?"
_OTHERS = (
    (rb"[0-9]+(?:\s+(?:0x[0-9a-f]+|[0-9]+))+", "bubbles and addresses of a processor's trace are no requests"),
    (
        rb"[RW]\s+[0-9]+(?:,[0-9]+)+",
        "Ramulator 2's ReadWriteTrace names channel, rank, ... of a device; its LoadStoreTrace has addresses",
    ),
    (rb"(?:LD|ST)\s+\w+(?:\s+[0-9]+)+", "leave the size and the data of Ramulator 2's LoadStoreDataTrace out"),
    (
        rb"-?[0-9.]+(?:\s*,\s*-?[0-9.]+)+,?",
        "SCALE-Sim's traces have a cycle and many addresses of words a line; `lifsim run --dram-trace` writes requests",
    ),
)
"""Patterns of lines of other kinds of traces, and what to do about them."""


Requests = tuple[npt.NDArray[Any], ...]
"""Columns of requests: addresses, whether they write, cycles."""


class TraceColumns(NamedTuple):
    """The requests of a trace: [N] uint64 byte addresses, [N] bool whether they write, [N] int64 cycles. timed:
    whether the file gives cycles; they are 0 if not."""

    addresses: npt.NDArray[np.uint64]
    is_write: npt.NDArray[np.bool_]
    cycles: npt.NDArray[np.int64]
    timed: bool


def read_dram_trace(path: Path, watch: Watch = unwatched) -> TraceColumns:
    """The requests of the file, which must all have the same form. Blank lines and comments (# ; //) are skipped.

    Raises InputError with the first twenty faulty lines (reading stops at a line of more than 1000 bytes), or if the
    file is binary, cannot be read, is not packed although its name says so, is longer than 1 GiB, or has more requests
    than fit into the memory of this machine.
    """
    if kind := binary_kind(path):
        raise InputError(Fault(f"must be a text of DRAM requests{in_words(kind)}", source=str(path)))
    reader = _Reader()
    found, count = list[Requests](), 0
    for block in blocks(path, MAX_LINE, watch):
        found.append(reader.read(block))
        count += found[-1][0].size
        require_memory(
            count * REQUEST_BYTES,
            f"the first {counted(count, 'request')}",
            "",
            source=str(path),
            way_out="split the trace into several files",
        )
        if reader.gives_up:
            break
    if reader.is_binary:
        raise InputError(Fault(f"must be a text of DRAM requests, one a line: {_one_of(FORMS)}", source=str(path)))
    if reader.faults:
        raise InputError(Fault(message, source=str(path), line=line) for line, message in reader.faults)
    if reader.form == NO_FORM:
        raise InputError(Fault("must have at least one request", source=str(path)))
    addresses, is_write, cycles = (np.concatenate(column) for column in zip(*found, strict=True))
    return TraceColumns(addresses, is_write, cycles, timed=reader.form == TIMED)


def require_requests(path: Path, right: npt.NDArray[np.bool_], told: Callable[[int], str]) -> None:
    """Raises InputError with the lines of the first twenty requests of a trace that are not `right` [N]; `told`
    gives the message for a request by its number. The file, which `read_dram_trace` has read without faults, is read
    again, because line numbers are not kept."""
    wrong = np.flatnonzero(~right)[:_MAX_FAULTS]
    if wrong.size:
        lines = _lines(path, wrong)
        faults = (Fault(told(one), source=str(path), line=lines[one]) for one in wrong.tolist())
        raise InputError(faults)


def _lines(path: Path, numbers: npt.NDArray[np.int64]) -> dict[int, int]:
    """The line of each of these requests in a trace without faults. Only blocks that hold one of them are searched
    line by line."""
    reader, found, line, requests = _Reader(), dict[int, int](), 0, 0
    for block in blocks(path, MAX_LINE, unwatched):
        count = reader.read(block)[0].size
        if np.any((requests <= numbers) & (numbers < requests + count)):
            texts = (re.split(rb"#|;|//", text, maxsplit=1)[0] for text in block.split(b"\n"))
            places = [place for place, text in enumerate(texts, start=line + 1) if text.strip()]
            found |= {one: places[one - requests] for one in numbers.tolist() if requests <= one < requests + count}
        line, requests = line + block.count(b"\n"), requests + count
        if len(found) == numbers.size:
            break
    return found


class _Reader:
    """What has been read so far, block by block. faults: (line, message). gives_up: whether nothing more is to be
    read."""

    def __init__(self) -> None:
        self.faults: list[tuple[int, str]] = []
        self.gives_up = False
        self._no_text = False
        self._tables = characters(), operations(), np.zeros(FIELDS + 1, FIELD)
        self._room: Requests = ()
        self._progress = np.zeros(1, PROGRESS)
        self._progress["form"] = NO_FORM

    @property
    def form(self) -> int:
        """The index in FORMS of the form that all requests have, NO_FORM before the first one."""
        return int(self._progress["form"][0])

    @property
    def is_binary(self) -> bool:
        """Whether the file has no request and a line that is not UTF-8, so that its lines are not worth naming."""
        return self.form == NO_FORM and self._no_text

    def read(self, text: bytes) -> Requests:
        """The requests in the next lines, of which the last one is complete. Adds to `faults`."""
        most = len(text) // LEAST_LINE + 1
        if not self._room or most > self._room[0].size:
            self._room = tuple(np.zeros(most, column) for column in COLUMNS)
        now, letters = self._progress[0], np.frombuffer(text, np.uint8)
        now["at"] = now["requests"] = 0
        while not self.gives_up and (begin := READ_LINES(letters, *self._tables, *self._room, self._progress)) >= 0:
            line = text[begin : int(now["at"]) - 1]
            self.faults.append((int(now["line"]), self._fault(line)))
            self._no_text |= len(line) <= MAX_LINE and not _is_text(line)
            self.gives_up = len(line) > MAX_LINE or len(self.faults) == _MAX_FAULTS
        return tuple(column[: int(now["requests"])].copy() for column in self._room)

    def _fault(self, line: bytes) -> str:
        """Why this line, the last one that was read, is not a request."""
        now = self._progress[0]
        if len(line) > MAX_LINE:
            return f"must have lines of at most {MAX_LINE} bytes"
        for form, pattern, told in _TOO_LARGE:
            if self.form in (NO_FORM, form) and re.fullmatch((pattern + _COMMENT).encode(), line.strip(), re.I | re.S):
                return f"{shown(line.decode('utf-8', 'replace').strip())}: {told}"
        forms = FORMS if self.form == NO_FORM else FORMS[self.form : self.form + 1]
        message = f"{shown(line.decode('utf-8', 'replace').strip())} must be {_one_of(forms)}"
        if now["seen"] != NO_FORM:
            return f"{message}, as line {now['settled']} is"
        others = (f"; {told}" for pattern, told in _OTHERS if re.fullmatch(pattern, line.strip(), re.IGNORECASE))
        return message + next(others, "")


def _one_of(forms: Iterable[str]) -> str:
    return " or ".join(f"`{form}`" for form in forms)


def _is_text(line: bytes) -> bool:
    try:
        line.decode()
    except UnicodeDecodeError:
        return False
    return True
