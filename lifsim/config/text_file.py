"""Text files from outside: their text, or why they cannot be read."""

from __future__ import annotations

from pathlib import Path

from lifsim.config.file_kind import binary_kind, in_words
from lifsim.errors import Fault, InputError
from lifsim.regular_file import open_regular


def read_text(path: Path, kind: str, max_bytes: int) -> str:
    """The UTF-8 text of the file at `path`, which must be a `kind`. Raises InputError if it cannot be read, is
    longer than `max_bytes` or is no text."""
    source = str(path)
    try:
        with open_regular(path) as file:
            raw = file.read(max_bytes + 1) or b""
    except IsADirectoryError:
        rule = f"is a directory, must be a {kind}{in_words(binary_kind(path))}"
        raise InputError(Fault(rule, source=source)) from None
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise InputError(Fault(f"cannot be read: {reason}", source=source)) from None
    if len(raw) > max_bytes:
        raise InputError(Fault(f"must be a {kind} of at most {max_bytes >> 20} MiB", source=source))
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        column = error.start - (raw.rfind(b"\n", 0, error.start) + 1) + 1
        message = f"must be UTF-8 text, has byte 0x{raw[error.start]:02x}{in_words(binary_kind(path))}"
        raise InputError(Fault(message, source=source, line=line, column=column)) from None
