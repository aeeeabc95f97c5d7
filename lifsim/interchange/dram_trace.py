"""DRAM request traces as text, one request a line; .xz and .gz are unpacked.

DRAMsim3 (and DRAMSim2, whose words for reads and writes are known, too) has `0xADDRESS READ|WRITE cycle`, Ramulator
`0xADDRESS R|W`, Ramulator 2 `LD|ST ADDRESS`. An address is hexadecimal; behind LD or ST it is decimal without its 0x.
"""

from __future__ import annotations

import gzip
import lzma
import re
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, NamedTuple, cast

import numpy as np
import numpy.typing as npt

from lifsim.config.file_kind import binary_kind, in_words
from lifsim.errors import Fault, InputError, shown
from lifsim.regular_file import open_regular
from lifsim.watch import Watch, unwatched

MAX_TEXT_BYTES = 1 << 30
_MAX_FAULTS = 20
_MAX_LINE = 1000
_CHUNK = 1 << 20
_BYTE_ORDER_MARK = b"\xef\xbb\xbf"
_COMMENTS = (b"#", b";", b"//")
_READS = (b"READ", b"R", b"RD", b"LD", b"P_MEM_RD", b"P_FETCH", b"P_LOCK_RD")
_WRITES = (b"WRITE", b"W", b"WR", b"ST", b"P_MEM_WR", b"BOFF", b"P_LOCK_WR")


class _Form(NamedTuple):
    """What a line can look like."""

    words: str
    pattern: re.Pattern[bytes]


def _form(words: str, pattern: bytes) -> _Form:
    return _Form(words, re.compile(rb"\s*" + pattern + rb"\s*(?:(?:#|;|//).*)?", re.IGNORECASE))


_HEX = rb"(?P<hex>(?:0x)?[0-9a-f]{1,16})"
_OPERATION = rb"(?P<operation>" + rb"|".join(_READS + _WRITES) + rb")"
_FORMS = (
    _form("0xADDRESS READ|WRITE cycle", _HEX + rb"\s+" + _OPERATION + rb"\s+(?P<cycle>[0-9]{1,18})"),
    _form("0xADDRESS R|W", _HEX + rb"\s+" + _OPERATION),
    _form("LD|ST ADDRESS", rb"(?P<operation>LD|ST)\s+(?:(?P<hex>0x[0-9a-f]{1,16})|(?P<decimal>[0-9]{1,19}))"),
)
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
"""Lines of other traces, and what to do about them."""


class TraceColumns(NamedTuple):
    """[N] uint64 byte addresses, [N] bool, [N] int64 cycles, 0 where the file has none: timed says whether it has."""

    addresses: npt.NDArray[np.uint64]
    is_write: npt.NDArray[np.bool_]
    cycles: npt.NDArray[np.int64]
    timed: bool


def read_dram_trace(path: Path, watch: Watch = unwatched) -> TraceColumns:
    """The requests of the file, all of one form. Blank lines and comments (# ; //) are skipped. Raises InputError with
    every faulty line (the first twenty), or if it cannot be read, is not packed though it is called so, or is longer
    than 1 GiB."""
    if kind := binary_kind(path):
        raise InputError(Fault(f"must be a text of DRAM requests{in_words(kind)}", source=str(path)))
    addresses, writes, cycles = [], [], []
    faults: list[Fault] = []
    forms: tuple[_Form, ...] = _FORMS
    first = 0
    for number, line in enumerate(_lines(path, watch), start=1):
        for form in forms:
            if match := form.pattern.fullmatch(line):
                break
        if match:
            if len(forms) > 1:
                forms, first = (form,), number
            said = match.groupdict()
            addresses.append(int(said["hex"], 16) if said["hex"] else int(said["decimal"]))
            writes.append(said["operation"].upper() in _WRITES)
            cycles.append(int(said.get("cycle") or 0))
        elif line.strip() and not line.lstrip().startswith(_COMMENTS):
            faults.append(Fault(_line_fault(line, forms, first), source=str(path), line=number))
            if len(faults) == _MAX_FAULTS:
                break
    if faults:
        raise InputError(faults)
    if not addresses:
        raise InputError(Fault("must have at least one request", source=str(path)))
    timed = forms == (_FORMS[0],)
    return TraceColumns(np.array(addresses, np.uint64), np.array(writes, np.bool_), np.array(cycles, np.int64), timed)


def _line_fault(line: bytes, forms: tuple[_Form, ...], first: int) -> str:
    """Why the line is no request; `forms` is what it may look like, one from line `first` on."""
    must = " or ".join(f"`{form.words}`" for form in forms)
    message = f"{shown(line.decode('utf-8', 'replace').strip())} must be {must}"
    if any(form.pattern.fullmatch(line) for form in _FORMS):
        message += f", as line {first} is"
    else:
        others = (f"; {told}" for pattern, told in _OTHERS if re.fullmatch(pattern, line.strip(), re.IGNORECASE))
        message += next(others, "")
    return message


def _lines(path: Path, watch: Watch) -> Iterator[bytes]:
    rest, begun = b"", False
    for chunk in _chunks(path, watch):
        data = chunk if begun else chunk.removeprefix(_BYTE_ORDER_MARK)
        begun = True
        *whole, rest = (rest + data).split(b"\n")
        yield from whole
        if len(rest) > _MAX_LINE:
            raise InputError(Fault(f"must have lines of at most {_MAX_LINE} bytes", source=str(path)))
    yield rest


@contextmanager
def _opened(path: Path) -> Iterator[IO[bytes]]:
    with open_regular(path) as file:
        match path.suffix:
            case ".xz":
                with lzma.open(file) as unpacked:
                    yield unpacked
            case ".gz":
                with gzip.open(file) as unpacked:
                    yield cast(IO[bytes], unpacked)
            case _:
                yield file


def _chunks(path: Path, watch: Watch) -> Iterator[bytes]:
    """The text, unpacked as it is read, so that a small file cannot ask for endless memory."""
    total = 0
    try:
        whole = 0 if path.suffix in (".xz", ".gz") else path.stat().st_size
        with _opened(path) as file:
            while chunk := file.read(_CHUNK):
                total += len(chunk)
                if total > MAX_TEXT_BYTES:
                    raise InputError(Fault(f"must be at most {MAX_TEXT_BYTES >> 20} MiB of text", source=str(path)))
                watch("bytes of the trace", total, whole)
                yield chunk
    except (lzma.LZMAError, gzip.BadGzipFile, zlib.error, EOFError) as error:
        raise InputError(Fault(f"must be a whole {path.suffix} file: {error}", source=str(path))) from None
    except IsADirectoryError:
        raise InputError(Fault("is a directory, must be a trace file", source=str(path))) from None
    except OSError as error:
        raise InputError(Fault(f"cannot be read: {error.strerror or error}", source=str(path))) from None
