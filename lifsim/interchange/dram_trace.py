"""DRAM request traces as text, the format of DRAMsim3: `0xADDRESS READ|WRITE cycle`, one a line; .xz is unpacked."""

from __future__ import annotations

import lzma
import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from lifsim.errors import Fault, InputError, shown

MAX_TEXT_BYTES = 1 << 30
_MAX_FAULTS = 20
_MAX_LINE = 1000
_CHUNK = 1 << 20
_LINE = re.compile(rb"\s*(?:0[xX])?([0-9a-fA-F]{1,16})\s+(READ|WRITE|R|W)\s+([0-9]{1,18})\s*", re.IGNORECASE)


class TraceColumns(NamedTuple):
    """[N] uint64 byte addresses, [N] bool, [N] int64 cycles."""

    addresses: npt.NDArray[np.uint64]
    is_write: npt.NDArray[np.bool_]
    cycles: npt.NDArray[np.int64]


def read_dram_trace(path: Path) -> TraceColumns:
    """The requests of the file. Blank lines and lines from `#` on are skipped. Raises InputError with every faulty line
    (the first twenty), or if it cannot be read, is no .xz file though it is called so, or is longer than 1 GiB."""
    addresses, writes, cycles, faults = [], [], [], []
    for number, line in enumerate(_lines(path), start=1):
        match = _LINE.fullmatch(line)
        if match:
            addresses.append(int(match[1], 16))
            writes.append(match[2][:1] in b"wW")
            cycles.append(int(match[3]))
        elif line.strip() and not line.lstrip().startswith(b"#"):
            text = shown(line.decode("utf-8", "replace"))
            faults.append(Fault(f"{text} must be `0xADDRESS READ|WRITE cycle`", source=str(path), line=number))
            if len(faults) == _MAX_FAULTS:
                break
    if faults:
        raise InputError(faults)
    if not addresses:
        raise InputError(Fault("must have at least one request", source=str(path)))
    return TraceColumns(np.array(addresses, np.uint64), np.array(writes, np.bool_), np.array(cycles, np.int64))


def _lines(path: Path) -> Iterator[bytes]:
    rest = b""
    for chunk in _chunks(path):
        *whole, rest = (rest + chunk).split(b"\n")
        yield from whole
        if len(rest) > _MAX_LINE:
            raise InputError(Fault(f"must have lines of at most {_MAX_LINE} bytes", source=str(path)))
    yield rest


def _chunks(path: Path) -> Iterator[bytes]:
    """The text, unpacked as it is read, so that a small file cannot ask for endless memory."""
    total = 0
    try:
        with lzma.open(path) if path.suffix == ".xz" else path.open("rb") as file:
            while chunk := file.read(_CHUNK):
                total += len(chunk)
                if total > MAX_TEXT_BYTES:
                    raise InputError(Fault(f"must be at most {MAX_TEXT_BYTES >> 20} MiB of text", source=str(path)))
                yield chunk
    except (lzma.LZMAError, EOFError) as error:
        raise InputError(Fault(f"must be a whole .xz file: {error}", source=str(path))) from None
    except IsADirectoryError:
        raise InputError(Fault("is a directory, must be a trace file", source=str(path))) from None
    except OSError as error:
        raise InputError(Fault(f"cannot be read: {error.strerror or error}", source=str(path))) from None
