"""DRAMsim3's device files (configs/*.ini) as devices of LIFSim.

A missing key has DRAMsim3's default, which is noted. Some files spell a key in a way that DRAMsim3 does not read
(`REFI` for tREFI, `tRTP_L` for tRTP) and so uses its default; LIFSim's device has the value in the file. A row cycle is
tRAS + tRP, as in DRAMsim3. The number of ranks follows from channel_size. HBM's columns are counted as two words wide,
as DRAMsim3 does.

Source: Li et al., IEEE CAL 19(2), 2020; configuration.cc of github.com/umd-memsys/DRAMsim3.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from lifsim.config.document import Mark
from lifsim.config.key_path import KeyPath
from lifsim.errors import Fault, InputError, did_you_mean, shown
from lifsim.interchange.dramsim3_keys import (
    ASLEEP_CURRENTS,
    ASLEEP_CYCLES,
    ASSUMED,
    BORROWED,
    CURRENTS,
    DEFAULTS,
    FLAGS,
    MEANT,
    NOT_USED,
    OPTIONAL,
    OUTPUTS,
    PAIRS,
    REFRESH_US,
    REFUSED,
    SECTION,
    SOURCE,
    WAY_OUT,
)
from lifsim.interchange.imported import Imported
from lifsim.interchange.ini import IniReader
from lifsim.units import counted, format_bytes


def device_from_dramsim3(path: Path, name: str) -> Imported:
    """The device in the file, called `name`. Raises InputError with every fault of the file, and for protocols that
    LIFSim cannot simulate."""
    ini = IniReader(path)
    protocol = ini.word("dram_structure", "protocol", "DDR3").upper()
    if protocol not in REFRESH_US:
        entry = ini.entry("dram_structure", "protocol")
        known = f": it {REFUSED[protocol]}; {WAY_OUT}" if protocol in REFUSED else ""
        why = known or did_you_mean(protocol, (*REFRESH_US, *REFUSED))
        message = f"{shown(protocol)} must be one of {', '.join(REFRESH_US)}{why}"
        raise InputError(Fault(message, "dram_structure.protocol", str(path), entry.line if entry else None))
    is_hbm = protocol.startswith("HBM")
    organisation = _organisation(ini, is_hbm)
    said: list[Fault] = []
    timing = _timing(ini, organisation, is_hbm, said)
    energy = _energy(ini, protocol, said)
    queued = ini.whole("system", "trans_queue_size", default=32)
    controller: dict[str, Any] = {
        "read_queue": queued,
        "write_queue": queued,
        "command_queue": ini.whole("system", "cmd_queue_size", MEANT["cmd_queue_size"], default=16),
    }
    dual_command = ini.flag("dram_structure", "hbm_dual_cmd", default=True)
    if is_hbm:
        controller["dual_command"] = dual_command
    mapping = ini.word("system", "address_mapping", "chrobabgraco")
    assumed = list(_assumed(ini))
    said += [*_meant(ini), *_defaults(ini), *_refresh(ini, protocol, timing)]
    if ini.faults:
        raise InputError(ini.faults)
    data = {
        "name": name,
        "source": f"{SOURCE}, {path.name}",
        "notes": [f"{note.path.rpartition('.')[2]}: {note.message}" if note.path else note.message for note in said],
        "organisation": organisation,
        "mapping": mapping,
        "timing": timing,
        "controller": controller,
        "energy": energy,
    }
    if not said:
        del data["notes"]
    return Imported(data, (*said, *assumed, *_size(ini, organisation), *_unused(ini)), _places(ini))


def _organisation(ini: IniReader, is_hbm: bool) -> dict[str, int]:
    section = "dram_structure"
    groups = ini.whole(section, "bankgroups", default=2)
    banks = ini.whole(section, "banks_per_group", default=2)
    if not ini.flag(section, "bankgroup_enable", default=True):
        groups, banks = 1, banks * groups
    rows, columns = ini.whole(section, "rows", default=1 << 16), ini.whole(section, "columns", default=1 << 10)
    columns *= 2 if is_hbm else 1
    device, bus = ini.whole(section, "device_width", default=8), ini.whole("system", "bus_width", default=64)
    rank_bytes = columns * bus // 8 * rows * groups * banks
    channel_bytes = ini.whole("system", "channel_size", default=1024) << 20
    ranks = max(1, channel_bytes // rank_bytes) if rank_bytes else 1
    entry = ini.entry("system", "channel_size")
    if entry is not None and ranks & (ranks - 1) and not rank_bytes & (rank_bytes - 1):
        named = 1 << ranks.bit_length() - 1
        message = f"{entry.text} must make a power of two of ranks, is {ranks} of {format_bytes(rank_bytes)}"
        way_out = f"DRAMsim3's addresses name {named} of them: {named * rank_bytes >> 20}"
        ini.faults.append(ini.note("system", entry, f"{message}; {way_out}"))
        ranks = named
    return {
        "channels": ini.whole("system", "channels", default=1),
        "ranks": ranks,
        "bank_groups": groups,
        "banks_per_group": banks,
        "rows": rows,
        "columns": columns,
        "device_bits": device,
        "bus_bits": bus,
        "burst_length": ini.whole(section, "BL", default=8),
    }


def _timing(ini: IniReader, organisation: dict[str, int], is_hbm: bool, said: list[Fault]) -> dict[str, float]:
    section = "timing"
    timing: dict[str, float] = {"tCK_ns": ini.real(section, "tCK", default=1.0)}
    timing |= {key: ini.whole(section, key, default=value) for key, value in DEFAULTS.items()}
    for key, value in OPTIONAL.items():
        if ini.entry(section, key) is not None:
            timing[key] = ini.whole(section, key, default=value)
    for key in ASLEEP_CYCLES:
        if ini.entry(section, key) is not None and (cycles := ini.whole(section, key, default=0)):
            timing[key] = cycles
    timing["tREFI"] = ini.whole(section, "tREFI", MEANT["tREFI"], default=7800)
    timing["tRTP"] = ini.whole(section, "tRTP", MEANT["tRTP"], default=5)
    activate = ("tRCDRD", "tRCD") if is_hbm else ("tRCD", "tRCDRD")
    timing["tRCD"] = ini.whole(section, *activate, default=24 if is_hbm else 10)
    if is_hbm or ini.entry(section, "tRCDWR") is not None:
        timing["tRCDWR"] = ini.whole(section, "tRCDWR", default=20)
    timing["tRC"] = timing["tRAS"] + timing["tRP"]
    burst = organisation["burst_length"] // 2
    for key, (short, long) in PAIRS.items():
        names, defaults = (f"{key}_S", f"{key}_L"), (short, long)
        for one, other, default in zip(names, reversed(names), defaults, strict=True):
            # With one bank group there is no difference, and files give either.
            both = (one, other) if organisation["bank_groups"] == 1 else (one,)
            timing[one] = ini.whole(section, *both, default=default)
            if key == "tCCD" and timing[one] < burst:
                given = f"{one} = {timing[one]:g} has no effect: a burst takes {counted(burst, 'cycle')}"
                said.append(Fault(given, source=ini.source, line=ini.mark(section, *both).line))
                timing[one] = burst
    return timing


def _energy(ini: IniReader, protocol: str, said: list[Fault]) -> dict[str, Any]:
    energy: dict[str, Any] = {"model": "idd", "VDD": ini.real("power", "VDD", default=1.2)}
    energy |= {key: ini.real("power", key, *_meant_names(key), default=value) for key, value in CURRENTS.items()}
    for key, (theirs, awake) in ASLEEP_CURRENTS.items():
        entry = ini.entry("power", theirs)
        if entry is not None:
            energy[key] = ini.real("power", theirs, default=0.0)
            if energy[key] > energy[awake]:
                message = f"{energy[key]:g} is left out: a device that is awake draws {awake} = {energy[awake]:g}"
                said.append(ini.note("power", entry, message))
                del energy[key]
    whose, currents = BORROWED.get(protocol, ("", {}))
    if whose and all(energy[key] == value for key, value in currents.items()):
        energy["borrowed_from"] = whose
        said.append(Fault(f"currents and voltage are those of {whose}, not an {protocol}'s", source=ini.source))
    return energy


def _meant(ini: IniReader) -> Iterator[Fault]:
    """Notes on keys that DRAMsim3 does not read but that describe the device."""
    for key, spelling in MEANT.items():
        section = SECTION[key]
        read, meant = ini.entry(section, key), ini.entry(section, spelling)
        if read is None and meant is not None:
            yield ini.note(section, meant, f"is read as {key}; DRAMsim3 does not read it and has its default there")


def _meant_names(key: str) -> tuple[str, ...]:
    """Spellings of `key` in files that DRAMsim3 does not read."""
    return (MEANT[key],) if key in MEANT else ()


def _defaults(ini: IniReader) -> Iterator[Fault]:
    if ini.missing:
        message = f"not in the file, and DRAMsim3's defaults: {', '.join(ini.missing)}"
        yield Fault(message, source=ini.source)


def _refresh(ini: IniReader, protocol: str, timing: dict[str, float]) -> Iterator[Fault]:
    interval_us, limit_us = timing["tREFI"] * timing["tCK_ns"] / 1e3, REFRESH_US[protocol]
    if interval_us > 1.02 * limit_us:
        line = ini.mark("timing", "tREFI", MEANT["tREFI"]).line
        message = f"tREFI is {interval_us:.2f} us; {protocol} has to be refreshed every {limit_us} us"
        yield Fault(message, source=ini.source, line=line)


def _assumed(ini: IniReader) -> Iterator[Fault]:
    """Notes on what the controller always does here, where the file asks for something else."""
    for key, (only, meaning) in ASSUMED.items():
        entry = ini.entry("system", key)
        if entry is not None and entry.text.upper() != only:
            yield ini.note("system", entry, f"{shown(entry.text)} is not modelled: {meaning}")
    for key, meaning in FLAGS.items():
        if ini.flag("system", key, default=False):
            entry = ini.entry("system", key)
            if entry is not None:
                yield ini.note("system", entry, f"is not modelled: {meaning}")


def _size(ini: IniReader, organisation: dict[str, int]) -> Iterator[Fault]:
    """A note if a channel is not a whole number of ranks: the device has as many as fit, at least one, as in
    DRAMsim3."""
    banks = organisation["bank_groups"] * organisation["banks_per_group"]
    rank_bytes = organisation["columns"] * organisation["bus_bits"] // 8 * organisation["rows"] * banks
    asked, ranks = ini.whole("system", "channel_size", default=1024) << 20, organisation["ranks"]
    entry = ini.entry("system", "channel_size")
    if entry is not None and asked != ranks * rank_bytes:
        has = f"the device has {ranks} of {format_bytes(rank_bytes)}"
        yield ini.note("system", entry, f"{format_bytes(asked)} is no whole number of ranks: {has}")


def _unused(ini: IniReader) -> Iterator[Fault]:
    """Notes on keys that are not used, one line per section, and on keys that DRAMsim3 does not know, one line each."""
    unused: dict[str, list[str]] = {}
    for section, entry in ini.unasked():
        known = {key.lower() for key in NOT_USED.get(section, ())}
        if section in OUTPUTS or entry.key.lower() in known:
            unused.setdefault(section, []).append(entry.key)
        else:
            near = did_you_mean(entry.key, (*DEFAULTS, *OPTIONAL, *CURRENTS, "tREFI", "tRTP", "tRCD", "channel_size"))
            hint = near if "did you mean" in near else ""
            yield ini.note(section, entry, f"is no key of DRAMsim3's and is not used{hint}")
    for section, keys in unused.items():
        yield Fault(f"not used: {', '.join(keys)}", f"[{section}]", ini.source)


def _places(ini: IniReader) -> dict[KeyPath, Mark]:
    """Where in the file each key of the device comes from."""
    at: dict[KeyPath, Mark] = {
        ("organisation", "ranks"): ini.mark("system", "channel_size"),
        ("organisation", "channels"): ini.mark("system", "channels"),
        ("organisation", "bus_bits"): ini.mark("system", "bus_width"),
        ("mapping",): ini.mark("system", "address_mapping"),
        ("controller", "read_queue"): ini.mark("system", "trans_queue_size"),
        ("controller", "write_queue"): ini.mark("system", "trans_queue_size"),
        ("controller", "command_queue"): ini.mark("system", "cmd_queue_size", MEANT["cmd_queue_size"]),
        ("timing", "tCK_ns"): ini.mark("timing", "tCK"),
        ("timing", "tRC"): ini.mark("timing", "tRAS"),
    }
    structure = {
        "bank_groups": "bankgroups", "banks_per_group": "banks_per_group", "rows": "rows", "columns": "columns",
        "device_bits": "device_width", "burst_length": "BL",
    }  # fmt: skip
    at |= {("organisation", key): ini.mark("dram_structure", theirs) for key, theirs in structure.items()}
    timings = (
        *DEFAULTS,
        *OPTIONAL,
        *ASLEEP_CYCLES,
        "tREFI",
        "tRTP",
        "tRCD",
        "tRCDWR",
        *(f"{k}_{x}" for k in PAIRS for x in "SL"),
    )
    at |= {("timing", key): ini.mark("timing", key, *_meant_names(key)) for key in timings}
    at |= {("energy", key): ini.mark("power", key, *_meant_names(key)) for key in ("VDD", *CURRENTS)}
    at |= {("energy", key): ini.mark("power", theirs) for key, (theirs, _) in ASLEEP_CURRENTS.items()}
    return {(): Mark(ini.source)} | at
