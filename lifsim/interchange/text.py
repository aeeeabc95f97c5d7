"""Text files of other tools in, text files out."""

from __future__ import annotations

import contextlib
import os
import tempfile
from pathlib import Path
from typing import Any

import yaml

from lifsim.config import text_file
from lifsim.errors import Fault, InputError

MAX_BYTES = 4 << 20


def read_text(path: Path) -> str:
    """The UTF-8 text of the file at `path`. Raises InputError where it cannot be read or is no text."""
    text = text_file.read_text(path, "text file", MAX_BYTES)
    if "\0" in text:
        raise InputError(Fault("must be text, has NUL bytes", source=str(path)))
    return text


def write_yaml(data: dict[str, Any], path: Path) -> None:
    """Write `data` to `path`, keys in their order. Raises InputError where it cannot be written."""
    write_text(yaml.safe_dump(data, sort_keys=False, default_flow_style=None, width=118, allow_unicode=True), path)


def write_text(text: str, path: Path) -> None:
    """Write `text` beside `path` and move it into place. Raises InputError where it cannot be written."""
    try:
        descriptor, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.", suffix=".tmp")
        try:
            with os.fdopen(descriptor, "w", encoding="utf-8") as file:
                file.write(text)
            Path(temporary).chmod(0o666 & ~_umask())
            Path(temporary).replace(path)
        except BaseException:
            with contextlib.suppress(OSError):
                Path(temporary).unlink()
            raise
    except OSError as error:
        raise InputError(Fault(f"cannot be written: {error.strerror}", source=str(path))) from None


def _umask() -> int:
    """mkstemp makes private files; the user's own mask decides instead."""
    mask = os.umask(0o022)
    os.umask(mask)
    return mask
