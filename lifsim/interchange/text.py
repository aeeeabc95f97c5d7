"""Reads text files of other tools, and writes text files."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml

from lifsim.config import text_file
from lifsim.errors import Fault, InputError

MAX_BYTES = 4 << 20


def read_text(path: Path) -> str:
    """The UTF-8 text of the file at `path`. Raises InputError if it cannot be read or is not text."""
    text = text_file.read_text(path, "text file", MAX_BYTES)
    if "\0" in text:
        raise InputError(Fault("must be text, has NUL bytes", source=str(path)))
    return text


def yaml_bytes(data: dict[str, Any]) -> bytes:
    """The YAML file of `data`, with keys in their order."""
    return yaml.safe_dump(data, sort_keys=False, default_flow_style=None, width=118, allow_unicode=True).encode()
