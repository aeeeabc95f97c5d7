"""The text of a trace, unpacked if need be, in blocks of whole lines."""

from __future__ import annotations

import gzip
import lzma
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, cast

from lifsim.errors import Fault, InputError
from lifsim.regular_file import open_regular
from lifsim.watch import Watch

MAX_TEXT_BYTES = 1 << 30
CHUNK = 1 << 20
_BYTE_ORDER_MARK = b"\xef\xbb\xbf"


def blocks(path: Path, max_line: int, watch: Watch) -> Iterator[bytes]:
    """The text of the file without a byte-order mark, in blocks of about 1 MiB that end at the end of a line. Stops
    after a line of more than `max_line` bytes, of which the rest may be missing. Raises InputError."""
    lines = _blocks(path, max_line + len(_BYTE_ORDER_MARK), watch)
    yield next(lines).removeprefix(_BYTE_ORDER_MARK)
    yield from lines


def _blocks(path: Path, max_line: int, watch: Watch) -> Iterator[bytes]:
    rest = b""
    for chunk in _chunks(path, watch):
        data = rest + chunk
        end = data.rfind(b"\n") + 1
        if end:
            yield data[:end]
        rest = data[end:]
        if len(rest) > max_line:
            break
    yield rest + b"\n"


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
    """The text, unpacked while it is read, so that a small file cannot ask for endless memory."""
    total = 0
    try:
        whole = 0 if path.suffix in (".xz", ".gz") else path.stat().st_size
        with _opened(path) as file:
            while chunk := file.read(CHUNK):
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
