"""The inputs of a run from names and files; what is wrong with any of them is told at once."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from lifsim.config.arch import Arch, parse_arch
from lifsim.config.document import Document, read_document
from lifsim.config.network import Network
from lifsim.config.overrides import override
from lifsim.config.resolve import find
from lifsim.config.sharing import Sharing, states_of
from lifsim.config.validate import parse_model
from lifsim.config.workload import network_of, read_workload
from lifsim.config.workload_schema import Workload
from lifsim.errors import Fault, InputError, collecting, did_you_mean
from lifsim.simulate.options import Options, options_of

CONFIG_KEYS = ("arch", "workload", "sharing", "options")


@dataclass(frozen=True)
class Inputs:
    """Everything that determines a run."""

    arch: Arch
    network: Network
    sharing: Sharing
    options: Options


def load_inputs(
    arch: str, workload: str, sharing: str, options: Mapping[str, Any], overrides: Sequence[str] = ()
) -> Inputs:
    """Resolve names, apply `--set` overrides to the file that has their key, parse, and check that all goes together.

    Raises InputError with the faults of all inputs together.
    """
    faults: list[Fault] = []
    with collecting(faults):
        arch_file = read_document(find("arch", arch))
    with collecting(faults):
        workload_file = read_workload(workload)
    with collecting(faults):
        checked_options = options_of(options)
    if faults:
        raise InputError(faults)
    return _inputs(arch_file, workload_file, sharing, checked_options, overrides)


def load_config(path: Path, overrides: Sequence[str] = ()) -> Inputs:
    """The inputs in a config.resolved.yaml. Raises InputError with every fault."""
    document = read_document(path)
    if not isinstance(document.data, dict):
        raise InputError(document.mark(()).fault((), "must be a mapping of arch, workload, sharing and options"))
    faults = [*document.faults]
    for key in document.data:
        if key not in CONFIG_KEYS:
            message = f"{key!r} must be a known key{did_you_mean(key, CONFIG_KEYS)}"
            faults.append(document.mark((key,)).fault((key,), message))
    missing = [document.mark(()).fault((key,), "must be given") for key in CONFIG_KEYS if key not in document.data]
    if missing:
        raise InputError([*faults, *missing])
    options, sharing = Options(), "none"
    try:
        options = parse_model(Options, document.part(("options",)))
    except InputError as error:
        faults += [replace(fault, path=f"options.{fault.path}".rstrip(".")) for fault in error.faults]
    try:
        sharing = str(Sharing.parse(document.data["sharing"]))
    except InputError as error:
        faults += [document.fault(("sharing",), fault.message) for fault in error.faults]
    arch_file, workload_file = document.part(("arch",)), document.part(("workload",))
    inputs = None
    with collecting(faults):
        inputs = _inputs(arch_file, workload_file, sharing, options, overrides)
    if inputs is None or faults:
        raise InputError(dict.fromkeys(faults))
    return inputs


def _inputs(
    arch_file: Document, workload_file: Document, sharing: str, options: Options, overrides: Sequence[str]
) -> Inputs:
    faults: list[Fault] = []
    for_arch, for_workload = split_overrides(overrides, faults)
    with collecting(faults):
        arch = parse_arch(arch_file, for_arch)
    with collecting(faults):
        network = network_of(override(workload_file, for_workload))
    with collecting(faults):
        checked_sharing = Sharing.parse(sharing)
    if faults:
        raise InputError(faults)
    states_of(network, checked_sharing)
    return Inputs(arch, network, checked_sharing, options)


def split_overrides(overrides: Sequence[str], faults: list[Fault]) -> tuple[list[str], list[str]]:
    """Overrides of the architecture and of the workload, told apart by their first key; others add to `faults`.
    `memory.` is taken for `dram.`."""
    for_arch, for_workload = [], []
    for given in overrides:
        text = re.sub(r"^\s*memory\.", "dram.", given)
        key = text.partition("=")[0].strip().partition(".")[0].partition("[")[0]
        if key in Arch.model_fields:
            for_arch.append(text)
        elif key in Workload.model_fields:
            for_workload.append(text)
        else:
            hint = did_you_mean(key, [*dict.fromkeys([*Arch.model_fields, *Workload.model_fields])])
            message = f"{key!r} must be a key of the architecture or the workload{hint}"
            faults.append(Fault(message, source=f"--set {given}"))
    return for_arch, for_workload
