"""SCALE-Sim's configuration files (.cfg), of all versions, as architectures.

Version 1 (ARM) calls the buffers IfmapSramSz, ..., later versions IfmapSramSzkB, ...; all are in KiB. With
`InterfaceBandwidth: USER` (from version 2 on), each of the interfaces for inputs, weights and outputs moves
`Bandwidth` words of one byte per cycle. LIFSim has a single memory: it gets that bandwidth for all three together,
so that no layer is faster than any of its interfaces allows. `InterfaceBandwidth: CALC` asks how many words would be
needed so that nothing waits.
"""

from __future__ import annotations

import configparser
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from lifsim.config.document import Document, Mark
from lifsim.errors import Fault, InputError, did_you_mean, shown
from lifsim.interchange.imported import Imported
from lifsim.interchange.text import read_text
from lifsim.lazy_dataclass import dataclass
from lifsim.units import counted, parse_hz

PRESETS = {
    "ArrayHeight": "rows of the array",
    "ArrayWidth": "columns of the array",
    "IfmapSramSzkB": "KiB of the input buffer",
    "FilterSramSzkB": "KiB of the weight buffer",
    "OfmapSramSzkB": "KiB of the output buffer",
    "Dataflow": "os, ws or is",
}
FIRST_VERSION = {f"{operand}SramSzkB": f"{operand}SramSz" for operand in ("Ifmap", "Filter", "Ofmap")}
DATAFLOWS = ("os", "ws", "is")
USED = {
    "general": ("run_name",),
    "architecture_presets": (*PRESETS, *FIRST_VERSION.values(), "Bandwidth"),
    "run_presets": ("InterfaceBandwidth",),
    "sparsity": ("SparsitySupport",),
}
NOT_USED = {
    "general": (),
    "architecture_presets": (
        "IfmapOffset", "FilterOffset", "OfmapOffset", "MemoryBanks", "ReadRequestBuffer", "WriteRequestBuffer",
    ),
    "run_presets": ("UseRamulatorTrace", "TimeLinearModel"),
    "network_presets": ("TopologyCsvLoc",),
    "layout": (
        "IfmapCustomLayout", "IfmapSRAMBankBandwidth", "IfmapSRAMBankNum", "IfmapSRAMBankPort", "FilterCustomLayout",
        "FilterSRAMBankBandwidth", "FilterSRAMBankNum", "FilterSRAMBankPort",
    ),
    "sparsity": ("SparseRep", "OptimizedMapping", "NonZeroElems", "BlockSize", "RandomNumberGeneratorSeed"),
}  # fmt: skip
"""Keys of SCALE-Sim that LIFSim has no use for; they are noted, one line per section."""


@dataclass(frozen=True)
class _Config:
    """The keys of each section, both in lower case, with their original spelling and value."""

    source: str
    sections: dict[str, dict[str, tuple[str, str]]]

    def get(self, section: str, key: str) -> str | None:
        """The value of `key`; None if it is missing."""
        found = self.sections.get(section, {}).get(key.lower())
        return None if found is None else found[1]

    def fault(self, section: str, key: str, message: str) -> Fault:
        """A fault or a note at a key, in the spelling of the file."""
        spelt = self.sections.get(section, {}).get(key.lower(), (key, ""))[0]
        return Fault(message, path=f"{section}.{spelt}" if key else f"[{section}]", source=self.source)


def arch_from_scalesim(path: Path, name: str, base: Document) -> Imported:
    """A LIFSim architecture called `name`: array, dataflow, buffer sizes and bandwidth from the configuration at
    `path`, double-buffered; everything that it does not state (clock, PEs, ports, DRAM) from the architecture `base`.

    Raises InputError with every fault of the file.
    """
    config = _read(path)
    faults = [*_preset_faults(config), *_bandwidth_faults(config), *_sparsity_faults(config)]
    if faults:
        raise InputError(faults)
    presets = {key: _preset(config, key) or "" for key in PRESETS}
    sizes = {"weight": "FilterSramSzkB", "spike_in": "IfmapSramSzkB", "spike_out": "OfmapSramSzkB"}
    buffers = dict(base.data["buffers"])
    for buffer, key in sizes.items():
        buffers[buffer] = buffers[buffer] | {"size_bytes": f"{int(presets[key])}KiB", "double_buffered": True}
    array = {"rows": int(presets["ArrayHeight"]), "cols": int(presets["ArrayWidth"])}
    imported = {
        "name": name,
        "description": f"Array and buffers imported from {path.name}, a configuration of SCALE-Sim; the rest as in "
        f"{base.data['name']}",
        "array": {**array, "dataflow": presets["Dataflow"].lower(), "sparsity": "none"},
        "buffers": buffers,
        "dram": _dram(config, base),
    }
    return Imported({**base.data, **imported}, tuple(_notes(config, str(base.data["name"]))), {(): Mark(str(path))})


def _read(path: Path) -> _Config:
    parser = configparser.ConfigParser(interpolation=None)
    parser.optionxform = str  # type: ignore[assignment,method-assign]
    try:
        parser.read_string(read_text(path), source=str(path))
    except configparser.Error as error:
        line = getattr(error, "lineno", None) or next(iter(getattr(error, "errors", [])), (None,))[0]
        message = f"must be a configuration of SCALE-Sim: {error.message.splitlines()[0]}"
        raise InputError(Fault(message, source=str(path), line=line)) from None
    sections: dict[str, dict[str, tuple[str, str]]] = {}
    faults = []
    for section in parser.sections():
        keys = sections.setdefault(section.lower(), {})
        for key, value in parser[section].items():
            if key.lower() in keys:
                faults.append(Fault("must be given once", path=f"{section}.{key}", source=str(path)))
            keys[key.lower()] = (key, value.strip())
    if faults:
        raise InputError(faults)
    if "architecture_presets" not in sections:
        hint = did_you_mean("architecture_presets", parser.sections())
        raise InputError(Fault(f"must have the section [architecture_presets]{hint}", source=str(path)))
    return _Config(str(path), sections)


def _preset(config: _Config, key: str) -> str | None:
    """The value of `key`, in the spelling of any version."""
    first = FIRST_VERSION.get(key, key)
    value = config.get("architecture_presets", key)
    return config.get("architecture_presets", first) if value is None else value


def _preset_faults(config: _Config) -> Iterator[Fault]:
    section = "architecture_presets"
    strangers = [spelt for _, spelt in _unknown(config) if _ == section]
    for key, meaning in PRESETS.items():
        value, first = _preset(config, key), FIRST_VERSION.get(key, key)
        if value is None:
            near = did_you_mean(key, strangers)
            yield config.fault(section, key, f"must be given: {meaning}{near if 'did you mean' in near else ''}")
        elif first != key and None not in (config.get(section, key), config.get(section, first)):
            yield config.fault(section, first, f"must not be given beside {key}: both are {meaning}")
        elif key == "Dataflow":
            if value.lower() not in DATAFLOWS:
                yield config.fault(section, key, f"{shown(value)} must be one of {', '.join(DATAFLOWS)}")
        elif not _is_whole(value, 1 << 16 if key.startswith("Array") else 1 << 30):
            limit = 1 << 16 if key.startswith("Array") else 1 << 30
            place = key if config.get(section, key) is not None else first
            yield config.fault(section, place, f"{shown(value)} must be a whole number from 1 to {limit}")


def _is_whole(text: str, limit: int) -> bool:
    return re.fullmatch(r"[0-9]{1,10}", text) is not None and 1 <= int(text) <= limit


def _words_per_cycle(config: _Config) -> list[str]:
    """Words per cycle of each interface; of a list, SCALE-Sim uses the first."""
    given = config.get("architecture_presets", "Bandwidth")
    return [] if given is None else [word.strip() for word in given.split(",")]


def _has_bandwidth(config: _Config) -> bool:
    return (config.get("run_presets", "InterfaceBandwidth") or "").upper() == "USER"


def _bandwidth_faults(config: _Config) -> Iterator[Fault]:
    mode = config.get("run_presets", "InterfaceBandwidth")
    if mode is not None and mode.upper() not in ("USER", "CALC"):
        yield config.fault("run_presets", "InterfaceBandwidth", f"{shown(mode)} must be USER or CALC")
    words = _words_per_cycle(config)
    if _has_bandwidth(config) and not words:
        yield config.fault("architecture_presets", "Bandwidth", "must be given with InterfaceBandwidth: USER")
    if len(set(words)) > 1:
        message = f"{shown(','.join(words))} must be one number: SCALE-Sim reads a list and uses the first for all"
        yield config.fault("architecture_presets", "Bandwidth", message)
    elif words and not _is_whole(words[0], 1 << 20):
        message = f"{shown(words[0])} must be a whole number from 1 to {1 << 20}: words a cycle"
        yield config.fault("architecture_presets", "Bandwidth", message)


def _sparsity_faults(config: _Config) -> Iterator[Fault]:
    given = config.get("sparsity", "SparsitySupport")
    if (given or "false").lower() not in ("false", "0", "no", "off"):
        yield config.fault(
            "sparsity", "SparsitySupport", f"{shown(given)} must be false: LIFSim has no weight sparsity"
        )


def _dram(config: _Config, base: Document) -> dict[str, Any]:
    """The DRAM of `base`; under InterfaceBandwidth: USER only its price, with plain bandwidth."""
    dram = dict(base.data["dram"])
    if not _has_bandwidth(config):
        return dram
    bandwidth = int(_words_per_cycle(config)[0]) * parse_hz(base.data["clock_hz"])
    priced = {key: dram[key] for key in ("energy_pj_per_bit", "source")}
    return {"model": "bandwidth", "bandwidth_bytes_per_s": bandwidth, **priced}


def _unknown(config: _Config) -> Iterator[tuple[str, str]]:
    """(section, key in the file's spelling) of keys that no version of SCALE-Sim has; ('', section) of whole
    sections."""
    for section, keys in config.sections.items():
        known = {key.lower() for key in (*USED.get(section, ()), *NOT_USED.get(section, ()))}
        if section not in {**USED, **NOT_USED}:
            yield "", section
        else:
            yield from ((section, spelt) for key, (spelt, _) in keys.items() if key not in known)


def _notes(config: _Config, base: str) -> Iterator[Fault]:
    """Notes on what of the file is ignored, and what is used instead."""
    words = _words_per_cycle(config)
    if _has_bandwidth(config):
        message = (
            f"{counted(int(words[0]), 'word')} of a byte a cycle, SCALE-Sim's for each of three interfaces, for all "
            f"three together here (dram.model: bandwidth); cycles are of the clock of {base}"
        )
        yield config.fault("architecture_presets", "Bandwidth", message)
    else:
        message = f"SCALE-Sim does not wait; the DRAM is that of {base}: `--set memory.model=ideal` for its cycles"
        yield config.fault("run_presets", "InterfaceBandwidth", message)
    for section, keys in NOT_USED.items():
        given = [
            spelt for key, (spelt, _) in config.sections.get(section, {}).items() if key in {*map(str.lower, keys)}
        ]
        if section == "architecture_presets" and words and not _has_bandwidth(config):
            given.append("Bandwidth")
        if given:
            yield config.fault(section, "", f"not used: {', '.join(given)}")
    for section, key in _unknown(config):
        if not section:
            yield config.fault(
                key, "", f"is no section of SCALE-Sim's and is not used{did_you_mean(key, {**USED, **NOT_USED})}"
            )
            continue
        near = did_you_mean(key, (*USED.get(section, ()), *NOT_USED[section]))
        hint = near if "did you mean" in near else ""
        yield config.fault(section, key, f"is no key of SCALE-Sim's and is not used{hint}")
