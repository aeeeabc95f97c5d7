"""JSON that LIFSim wrote, read back: checked like a YAML file, every fault with its line."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any, TypeVar

from lifsim.config.document import Document, Mark, parse_document
from lifsim.config.key_path import KeyPath
from lifsim.config.text_file import read_text
from lifsim.config.validate import parse_model
from lifsim.errors import Fault, InputError
from lifsim.model.schema import Model

M = TypeVar("M", bound=Model)

MAX_BYTES = 8 << 20


def read_json(model: type[M], path: Path) -> M:
    """The JSON file at `path` as a `model`. Raises InputError with every fault."""
    return parse_json(model, read_text(path, "JSON file", MAX_BYTES), str(path))


def parse_json(model: type[M], text: str, source: str) -> M:
    """JSON `text` that came from `source` as a `model`. Raises InputError with every fault."""
    document = Document(source, plain_json(text, source), {(): Mark(source)})
    try:
        try:
            return parse_model(model, document)
        except InputError:  # places are computed only now: that takes much longer than reading
            return parse_model(model, replace(document, marks=_marks(text, source)))
    except RecursionError:
        raise InputError(Fault("must not be nested so deeply", source=source)) from None


def plain_json(text: str, source: str) -> Any:
    """The data of JSON `text`. Raises InputError if it is no JSON, or gives a key twice.

    NaN and infinity are left for the schema to refuse with their line.
    """
    try:
        return json.loads(text, object_pairs_hook=_unique)
    except json.JSONDecodeError as error:
        fault = Fault(f"must be JSON: {error.msg}", source=source, line=error.lineno, column=error.colno)
        raise InputError(fault) from None
    except (ValueError, RecursionError) as error:
        reason = "is nested too deeply" if isinstance(error, RecursionError) else str(error).partition(";")[0]
        raise InputError(Fault(f"must be JSON: {reason}", source=source)) from None


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        keys = [key for key, _ in pairs]
        raise ValueError(f"has the key {next(key for key in keys if keys.count(key) > 1)!r} twice")
    return found


def _marks(text: str, source: str) -> dict[KeyPath, Mark]:
    """The place of each key, as far as the text is also YAML."""
    try:
        return parse_document(text, source).marks
    except InputError:
        return {(): Mark(source)}
