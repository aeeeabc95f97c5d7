"""``--set buffers.weight.size_bytes=64KiB``: single keys of a document, replaced before it is checked."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from lifsim.config.document import Document, Mark, parse_document
from lifsim.config.key_path import KeyPath, dotted, entry_index, entry_names, paths
from lifsim.errors import Fault, InputError, did_you_mean, shown


def override(document: Document, settings: Sequence[str]) -> Document:
    """`document` with each ``key.path=value`` set, the last one winning; values are YAML (``8``, ``[1, 2]``).

    An entry of a list is addressed by its position from 0, or by its `name` if entries have names. New keys are added:
    the schema checks them as in the file. A setting that leads nowhere adds to the document's faults.
    """
    data, marks = _copied(document.data), dict(document.marks)
    faults: list[Fault] = []
    for setting in settings:
        try:
            _set(data, marks, setting)
        except InputError as error:
            faults.extend(error.faults)
    return Document(document.source, data, marks, (*document.faults, *faults))


def _copied(data: Any) -> Any:
    """A copy of a tree of mappings, lists and plain values; other objects in a document are never changed."""
    if isinstance(data, dict):
        return {key: _copied(value) for key, value in data.items()}
    return [_copied(value) for value in data] if isinstance(data, list) else data


def _set(data: Any, marks: dict[KeyPath, Mark], setting: str) -> None:
    key, equals, text = setting.partition("=")
    option = Mark(f"--set {key.strip()}")
    if not equals or not all(key.strip().split(".")):
        raise InputError(Fault("must have the form key.path=value", source=f"--set {setting}"))
    value = parse_document(text, option.source)
    if value.faults:
        raise InputError(value.faults)
    assign(data, marks, key.strip(), replace(value, marks=dict.fromkeys(value.marks, option)), option)


def assign(data: Any, marks: dict[KeyPath, Mark], key: str, value: Document, mark: Mark) -> None:
    """Set the dotted `key` in `data`, and its marks, to those of `value`; `mark` is the place of the setting itself.

    Raises InputError if the key leads nowhere.
    """
    parts = key.split(".")
    path: KeyPath = ()
    for part in parts[:-1]:
        step = _step(data, part, path, mark)
        path = (*path, step)
        if isinstance(step, str) and data.get(step) is None:
            data[step] = {}
            marks[path] = mark
        data = data[step]
    step = _step(data, parts[-1], path, mark)
    path = (*path, step)
    old = data.get(step) if isinstance(data, dict) else data[step]
    for stale in paths(old, path):
        marks.pop(stale, None)
    data[step] = value.data
    marks.update({(*path, *inner): at for inner, at in value.marks.items()})


def _step(data: Any, part: str, path: KeyPath, mark: Mark) -> str | int:
    """The key or index that `part` means in `data`."""
    if isinstance(data, dict):
        return part
    if not isinstance(data, list):
        message = f"{dotted(path) or 'the document'} is {shown(data)}, must be a mapping to have the key {part!r}"
        raise InputError(mark.fault((), message))
    index = entry_index(data, part)
    if index is not None:
        return index
    hint = did_you_mean(part, entry_names(data))
    message = f"{part!r} must be the name of an entry of {dotted(path)} or its position, 0 to {len(data) - 1}{hint}"
    raise InputError(mark.fault((), message))
