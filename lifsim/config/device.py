"""`dram.device: ddr4_2400` in an architecture: the name is replaced by the content of the device's file."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from lifsim.config.borrowed_parts import with_components
from lifsim.config.document import Document, read_document
from lifsim.config.file_kind import DEVICE, in_words, tree_kind
from lifsim.config.overrides import assign, override
from lifsim.config.resolve import check_within, find
from lifsim.errors import Fault, InputError, shown
from lifsim.model.dram_part import Dram
from lifsim.registry import registry_of

KEY = "dram.device"
_PATH = ("dram", "device")


def with_device(document: Document, settings: Sequence[str], devices: Mapping[str, Document]) -> Document:
    """The architecture `document` with `settings`, with the components of a shipped one if it names none, and with its
    whole device if it simulates one; every mark keeps its own file and line.

    Settings of keys of the device are applied last, after others have chosen the device. `devices`, by the names that
    architectures use, need no file. A device that cannot be read adds to the document's faults.
    """
    within = [one for one in settings if one.lstrip().startswith(f"{KEY}.")]
    chosen = override(with_components(document, settings), [one for one in settings if one not in within])
    if not _has_device(_of_dram(chosen, "model")):
        return chosen
    try:
        whole = _filled_in(chosen, devices)
    except InputError as error:
        return replace(chosen, faults=(*chosen.faults, *error.faults))
    return override(whole, within) if within else whole


def changing(settings: Sequence[str]) -> list[str]:
    """Those of `settings` that change what the files say, and do not merely choose the device's file."""
    return [one for one in settings if one.partition("=")[0].strip() not in ("dram.model", KEY)]


def unread_faults(document: Document, settings: Sequence[str]) -> list[Fault]:
    """Faults of those of `settings` that the memory model of `document` does not read: they would silently change
    nothing."""
    model = _of_dram(document, "model") or Dram.model_fields["model"].default
    memories = registry_of("memory")
    read = memories[model].reads if isinstance(model, str) and model in memories else None
    if read is None:
        return []
    faults = []
    for key in dict.fromkeys(one.partition("=")[0].strip() for one in settings):
        inner = _under_dram(key)
        names = [name for name, one in memories.shipped.items() if inner in (one.reads or ())]
        if names and inner not in read:
            rule = f"must go with dram.model {' or '.join(names)}, not {model}, which does not read it"
            faults.append(Fault(rule, source=f"--set {key}"))
    return faults


def _under_dram(key: str) -> str:
    """`device` for dram.device.timing.tCK_ns; '' for other keys than those of the memory."""
    outer, _, inner = key.partition(".")
    return inner.partition(".")[0] if outer == "dram" else ""


def choosing(name: str) -> list[str]:
    """The settings that make an architecture simulate the device `name`."""
    return ["dram.model=cycle", f"{KEY}={json.dumps(name)}"]


def device_name(document: Document) -> str | None:
    """The name by which an architecture chooses its device; None if it has none, or contains it."""
    name = _of_dram(document, "device")
    return name if isinstance(name, str) else None


def read_device(name: str) -> Document:
    """The file of the device `name`, a path or a shipped DRAM. Raises InputError if it cannot be read."""
    return _device(find("dram", name))


def _filled_in(document: Document, devices: Mapping[str, Document]) -> Document:
    name = device_name(document)
    if name is None:
        return document
    device = devices[name] if name in devices else _read(name, document)
    data = {**document.data, "dram": dict(document.data["dram"])}
    marks = dict(document.marks)
    assign(data, marks, KEY, device.as_part, document.mark(_PATH))
    faults = (replace(fault, path=f"{KEY}.{fault.path}".rstrip(".")) for fault in device.faults)
    return Document(document.source, data, marks, (*document.faults, *faults))


def _read(name: str, document: Document) -> Document:
    """The device's document. Raises InputError at the place in `document` that names a file which cannot be found or
    read."""
    mark = document.mark(_PATH)
    try:
        check_within(name, mark, _PATH, Path())
        path = find("dram", name)
    except InputError as error:
        raise InputError([mark.fault(_PATH, fault.message) for fault in error.faults]) from None
    try:
        return _device(path)
    except InputError as error:
        here = mark.fault(_PATH, f"{shown(name)} must be a file that can be read as a DRAM")
        raise InputError([here, *error.faults]) from None


def _device(path: Path) -> Document:
    """Raises InputError if it is clearly a file of another kind, instead of a fault for each of its keys."""
    document = read_document(path)
    kind = tree_kind(document.data)
    if kind and kind != DEVICE:
        raise InputError(document.fault((), f"must be a file of a DRAM{in_words(kind)}"))
    return document


def _has_device(model: object) -> bool:
    memories = registry_of("memory")
    return isinstance(model, str) and model in memories and bool(memories[model].has_device)


def _of_dram(document: Document, key: str) -> object:
    dram = document.data.get("dram") if isinstance(document.data, dict) else None
    return dram.get(key) if isinstance(dram, dict) else None
