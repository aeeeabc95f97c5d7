"""Untrusted .npz files: every claim of the zip directory and of the .npy headers is checked before memory is allocated.

Nothing is unpickled, extracted or believed. Members are read in parts, so that an array larger than memory can be used.
"""

from __future__ import annotations

import io
import math
import struct
import warnings
import zipfile
import zlib
from pathlib import Path
from tokenize import TokenError
from typing import IO, Any

import numpy as np
from numpy.lib import format as npy
from numpy.typing import NDArray

from lifsim.closable import Closable
from lifsim.config.document import kind_at
from lifsim.config.file_kind import archive_kind, in_words
from lifsim.config.workload_schema import MAX_LAYERS
from lifsim.errors import Fault, InputError
from lifsim.lazy_dataclass import dataclass
from lifsim.regular_file import open_regular
from lifsim.units import counted

DEFLATE_LIMIT = 1032  # bytes that one byte of a deflate stream can stand for (two bits per match of 258)
HEAD_BYTES = 1 << 14  # enough for the .npy header of any array of plain numbers
READ_BYTES = 1 << 20
MAX_NAME = 204  # characters, with .npy
MAX_AXES, MAX_LENGTH = 64, (1 << 63) - 1  # of NumPy's arrays; a header may write any digits
DAMAGED = "is damaged: it cannot be decompressed or fails its CRC"
HEADER_FAULTS = (ValueError, SyntaxError, TokenError, TypeError, LookupError, MemoryError, RecursionError)
"""What NumPy raises for a malformed .npy header."""
MAX_MEMBERS = 1 + 20 * MAX_LAYERS
"""The most arrays of any file, a checkpoint: a header, and each layer's weight, bias and four terms of a norm, with
what Adam keeps of each."""
MAX_GAP = 1 << 17  # bytes behind an array: the extra field of its header, 64 KiB, and a descriptor
LOCAL_HEADER_BYTES = 30  # of a zip member, before its name
ZIP_FAULTS = (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError, UnicodeDecodeError)


@dataclass(frozen=True)
class Array:
    """An array in the archive. `start`: offset of its first element within the member, in bytes."""

    name: str
    shape: tuple[int, ...]
    dtype: np.dtype[Any]
    fortran_order: bool
    start: int
    info: zipfile.ZipInfo

    @property
    def size_bytes(self) -> int:
        """Bytes of its elements."""
        return math.prod(self.shape) * self.dtype.itemsize


class Archive(Closable):
    """An .npz file, opened and checked; `arrays` in the order in which they were saved, at most `max_members`. Raises
    InputError.

    For one thread of one process: readers share the position in the file.
    """

    def __init__(self, path: Path, max_members: int = MAX_MEMBERS) -> None:
        self.path = path
        try:
            if not path.is_file():
                raise InputError(Fault("must be a file" if path.exists() else "no such file", source=str(path)))
            self._file: IO[bytes] = open_regular(path)
        except OSError as error:
            raise InputError(Fault(f"cannot be read: {error.strerror}", source=str(path))) from None
        self._stream: tuple[str, IO[bytes]] | None = None
        try:
            self._zip = zipfile.ZipFile(self._file)
            if len(self._zip.infolist()) > max_members:
                raise self.fault(f"must hold at most {max_members} arrays, holds {len(self._zip.infolist())}")
            self.fail_if(_directory_faults(self._zip, path.stat().st_size))
            self.arrays = {array.name: array for array in map(self._array, self._zip.infolist())}
        except ZIP_FAULTS:
            self._file.close()
            what = in_words(kind_at(path)) or ": it is truncated, damaged or something else"
            raise self.fault(f"must be a whole .npz file{what}") from None
        except BaseException:
            self._file.close()
            raise

    def refuse_other(self, kind: str) -> None:
        """Raise InputError where it is clearly a file of another kind than `kind` (lifsim.config.file_kind)."""
        other = archive_kind(self.arrays)
        if other and other != kind:
            raise self.fault(f"must be {kind.partition(',')[0]}{in_words(other)}")

    def fault(self, message: str, array: str = "") -> InputError:
        """The error to raise about this file, or one array of it."""
        return InputError(Fault(message, path=array, source=str(self.path)))

    def fail_if(self, faults: list[tuple[str, str]]) -> None:
        """Raise InputError with all of `faults`, (array or "", message), unless there are none."""
        if faults:
            raise InputError([Fault(message, path=name, source=str(self.path)) for name, message in faults])

    def read(self, array: Array, offset: int, count: int) -> bytes:
        """`count` bytes of the array's elements from `offset` on. Forward reads are streamed."""
        try:
            stream, start = self._opened(array)
            stream.seek(start + array.start + offset)
            data = stream.read(count)
        except (*ZIP_FAULTS, OSError, struct.error):
            raise self.fault(DAMAGED, array.name) from None
        if len(data) != count:
            raise self.fault(f"is truncated: {counted(array.size_bytes, 'byte')} expected", array.name)
        return data

    def check_crc(self, array: Array) -> None:
        """Read the whole member once, in pieces. Raises InputError if its CRC does not hold."""
        try:
            with self._zip.open(array.info) as stream:
                while stream.read(READ_BYTES):
                    pass
        except (*ZIP_FAULTS, OSError):
            raise self.fault(DAMAGED, array.name) from None

    def whole(self, array: Array) -> NDArray[Any]:
        """All of `array`, read-only, its CRC checked. Raises InputError."""
        self.check_crc(array)
        flat = np.frombuffer(self.read(array, 0, array.size_bytes), array.dtype)
        return flat.reshape(array.shape, order="F" if array.fortran_order else "C")

    def close(self) -> None:
        """Close the file."""
        self._zip.close()
        self._file.close()

    def _opened(self, array: Array) -> tuple[IO[bytes], int]:
        """A stream that holds `array`, and where its member starts: the file itself where it is stored.

        The stream of a deflated member is kept open from one read to the next, so that a walk inflates it once.
        """
        if array.info.compress_type == zipfile.ZIP_STORED:
            self._file.seek(array.info.header_offset + 26)
            name_bytes, extra_bytes = struct.unpack("<HH", self._file.read(4))
            return self._file, array.info.header_offset + LOCAL_HEADER_BYTES + name_bytes + extra_bytes
        if self._stream is None or self._stream[0] != array.name:
            self._stream = (array.name, self._zip.open(array.info))
        return self._stream[1], 0

    def _array(self, info: zipfile.ZipInfo) -> Array:
        name = info.filename.removesuffix(".npy")
        try:
            with self._zip.open(info) as stream:
                head = io.BytesIO(stream.read(HEAD_BYTES))
        except ZIP_FAULTS:
            raise self.fault(DAMAGED, name) from None
        try:
            major, _ = npy.read_magic(head)
            read_header = npy.read_array_header_1_0 if major == 1 else npy.read_array_header_2_0
            with warnings.catch_warnings(action="ignore"):  # of headers that Python 2 wrote: they are read all the same
                shape, fortran_order, dtype = read_header(head)
        except HEADER_FAULTS:
            raise self.fault("must have a valid .npy header", name) from None
        if dtype.hasobject or dtype.kind not in "biuf":
            raise self.fault(f"must be an array of plain numbers or booleans, not {_kind(dtype)}", name)
        if len(shape) > MAX_AXES or any(abs(length) > MAX_LENGTH for length in shape):
            raise self.fault(f"must have at most {MAX_AXES} axes, of at most {MAX_LENGTH} elements each", name)
        array = Array(name, shape, dtype, fortran_order, head.tell(), info)
        if any(length < 0 for length in shape) or array.size_bytes != info.file_size - array.start:
            held = info.file_size - array.start
            raise self.fault(
                f"claims {list(shape)} {dtype}, {counted(array.size_bytes, 'byte')}, but holds {held}", name
            )
        return array


def _kind(dtype: np.dtype[Any]) -> str:
    return "pickled objects" if dtype.hasobject else f"dtype {str(dtype)[:40]}"


def _is_array_name(name: str) -> bool:
    return name.endswith(".npy") and len(name) <= MAX_NAME and name.isprintable() and not set(name) & set("/\\")


def _directory_faults(archive: zipfile.ZipFile, file_bytes: int) -> list[tuple[str, str]]:
    """Faults of the zip directory: impossible claims."""
    faults, seen, end = [], set(), 0
    for info in sorted(archive.infolist(), key=lambda info: info.header_offset):
        name = info.filename
        if name in seen:
            faults.append((name, "must be in the archive once"))
        seen.add(name)
        if not _is_array_name(name) or info.orig_filename != name:
            faults.append((ascii(name), "must be an array of an .npz file, NAME.npy"))
        if info.flag_bits & 1:
            faults.append((name, "must not be encrypted"))
        if info.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
            faults.append((name, "must be stored or deflated"))
        if info.header_offset < end or info.header_offset + info.compress_size > file_bytes:
            faults.append((name, "must lie within the file and overlap no other array"))
        elif info.header_offset - end > (MAX_GAP if end else 0):
            faults.append((name, f"must follow what is before it, has {info.header_offset - end} other bytes there"))
        end = info.header_offset + LOCAL_HEADER_BYTES + len(info.filename) + info.compress_size
        limit = info.compress_size * (1 if info.compress_type == zipfile.ZIP_STORED else DEFLATE_LIMIT)
        if info.file_size > limit:
            held = f"{info.compress_size} stored bytes"
            faults.append((name, f"claims {counted(info.file_size, 'byte')}, which its {held} cannot hold"))
    if archive.start_dir - end > MAX_GAP:
        faults.append(("", f"must hold arrays only, has {archive.start_dir - end} other bytes behind them"))
    return faults
