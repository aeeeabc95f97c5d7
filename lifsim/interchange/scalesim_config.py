"""SCALE-Sim's configuration files (.cfg) as architectures."""

from __future__ import annotations

import configparser
import re
from pathlib import Path
from typing import Any

from lifsim.config.document import Document
from lifsim.errors import Fault, InputError, did_you_mean, shown
from lifsim.interchange.text import read_text

PRESETS = {
    "arrayheight": "rows of the array",
    "arraywidth": "columns of the array",
    "ifmapsramszkb": "KiB of the input buffer",
    "filtersramszkb": "KiB of the weight buffer",
    "ofmapsramszkb": "KiB of the output buffer",
    "dataflow": "os, ws or is",
}


def arch_from_scalesim(path: Path, name: str, base: Document) -> dict[str, Any]:
    """A LIFSim architecture called `name`, as plain data: the array, dataflow and buffer sizes of the configuration at
    `path`, double-buffered, all that it does not say (clock, PEs, ports, DRAM) from the architecture `base`.

    Raises InputError with every fault of the file.
    """
    presets = _presets(path)
    rows, cols = presets["arrayheight"], presets["arraywidth"]
    sizes = {"weight": "filtersramszkb", "spike_in": "ifmapsramszkb", "spike_out": "ofmapsramszkb"}
    buffers = dict(base.data["buffers"])
    for buffer, key in sizes.items():
        buffers[buffer] = buffers[buffer] | {"size_bytes": f"{presets[key]}KiB", "double_buffered": True}
    imported = {
        "name": name,
        "description": f"Array and buffers imported from {path.name}, a configuration of SCALE-Sim; the rest as in "
        f"{base.data['name']}",
        "array": {"rows": rows, "cols": cols, "dataflow": presets["dataflow"], "sparsity": "none"},
        "buffers": buffers,
    }
    return {**base.data, **imported}


def _presets(path: Path) -> dict[str, Any]:
    parser = configparser.ConfigParser(interpolation=None)
    try:
        parser.read_string(read_text(path), source=str(path))
    except configparser.Error as error:
        line = getattr(error, "lineno", None) or next(iter(getattr(error, "errors", [])), (None,))[0]
        message = f"must be a configuration of SCALE-Sim: {error.message.splitlines()[0]}"
        raise InputError(Fault(message, source=str(path), line=line)) from None
    section = next((s for s in parser.sections() if s.lower() == "architecture_presets"), None)
    if section is None:
        hint = did_you_mean("architecture_presets", parser.sections())
        raise InputError(Fault(f"must have the section [architecture_presets]{hint}", source=str(path)))
    given = dict(parser[section])
    faults = [fault for key in PRESETS if (fault := _preset_fault(key, given, path)) is not None]
    if faults:
        raise InputError(faults)
    return {key: given[key].strip().lower() if key == "dataflow" else int(given[key]) for key in PRESETS}


def _preset_fault(key: str, given: dict[str, str], path: Path) -> Fault | None:
    place = f"architecture_presets.{key}"
    if key not in given:
        near = did_you_mean(key, [other for other in given if other not in PRESETS])
        hint = near if "did you mean" in near else ""
        return Fault(f"must be given: {PRESETS[key]}{hint}", path=place, source=str(path))
    value = given[key].strip()
    if key == "dataflow":
        if value.lower() in ("os", "ws", "is"):
            return None
        return Fault(f"{shown(value)} must be one of os, ws, is", path=place, source=str(path))
    limit = 1 << 16 if key.startswith("array") else 1 << 30
    if re.fullmatch(r"[0-9]{1,10}", value) and 1 <= int(value) <= limit:
        return None
    return Fault(f"{shown(value)} must be a whole number from 1 to {limit}", path=place, source=str(path))
