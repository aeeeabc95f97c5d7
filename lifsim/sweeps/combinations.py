"""Runs to be looked at beside each other: every combination of the values that are given, each with a label that says
what is its own."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import product
from pathlib import Path
from typing import Any

from lifsim.config import defaults
from lifsim.config.device import choosing
from lifsim.errors import Fault, InputError, collecting
from lifsim.model.arch import Arch
from lifsim.model.network import Network
from lifsim.model.sharing import Sharing
from lifsim.simulate.api import read_inputs
from lifsim.simulate.inputs import Inputs
from lifsim.simulate.options import Options, examined_options
from lifsim.sweeps.values import Listed, parse_values, setting
from lifsim.units import key_words

MAX_RUNS = 200
"""Runs beside each other; more are a sweep's, which keeps them in a store."""

KNOWN = ("workload", "arch", "dram", *Options.model_fields, "optimizer", "sharing")
"""Keys of a run that are no keys of its files, those first in whose runs least is common."""

ALONE = ("workload", "arch", "dram", "optimizer", "sharing", "schedule", "mode", "bptt")
"""Whose values say by themselves what they are of."""


@dataclass(frozen=True)
class Asked:
    """One run to be made."""

    label: str
    inputs: Inputs


@dataclass(frozen=True)
class Wanted:
    """given: one or several values by the keys in `KNOWN`: names, paths or objects. settings: `key=value` of all runs.
    vary: further values by keys of the files or of `KNOWN`, lists or ranges as --vary has them. where_possible: what a
    sharing does not fit keeps membranes of its own."""

    given: Mapping[str, Sequence[Any]]
    settings: Sequence[str] = ()
    vary: Mapping[str, object] = field(default_factory=dict)
    where_possible: bool = False


def combinations(wanted: Wanted) -> tuple[Asked, ...]:
    """The runs, sharings beside each other. Raises InputError with all that is wrong with a value by itself, or with
    values that stand in every run; whether a sharing fits its network its run tells."""
    faults: list[Fault] = []
    axes = _axes(wanted, faults)
    sharings: list[Sharing] = []
    for text in axes.pop("sharing", [defaults.SHARING]):
        with collecting(faults):
            sharing = text if isinstance(text, Sharing) else Sharing.parse(text)
            sharings.append(sharing.where_it_fits() if wanted.where_possible else sharing)
    count = math.prod(len(values) for values in axes.values()) * max(1, len(sharings))
    if count > MAX_RUNS:
        rule = f"{count:,} runs must be at most {MAX_RUNS}: lifsim sweep keeps as many as you like in a store"
        raise InputError([*faults, Fault(rule, path="runs")])
    if "optimizer" in axes and "training" not in axes.get("mode", ()):
        faults.append(Fault("must go with --mode training: nothing else changes weights", path="--optimizer"))
    several = [key for key, values in axes.items() if len(values) > 1]
    asked: list[Asked] = []
    for values in product(*axes.values()):
        chosen = dict(zip(axes, values, strict=True))
        with collecting(faults):
            inputs = _inputs(chosen, wanted)
            words = {key: _words(key, chosen[key], inputs) for key in several}
            asked += _under(inputs, sharings, words)
    if faults:
        raise InputError(dict.fromkeys(faults))
    return tuple(asked)


def _axes(wanted: Wanted, faults: list[Fault]) -> dict[str, Sequence[Any]]:
    """The values by key, in the order of `KNOWN`, what is varied before sharing."""
    axes: dict[str, Sequence[Any]] = {key: wanted.given[key] for key in KNOWN if key in wanted.given}
    for key, given in wanted.vary.items():
        if key in axes:
            faults.append(Fault(f"must be given once, as --{key} or as --vary", path=key))
        try:
            values = parse_values(key, given)
        except InputError as error:
            faults += [replace(fault, path=key) for fault in error.faults]
            continue
        # One more than there may be is enough to be refused.
        listed = values.values if isinstance(values, Listed) else map(values.__getitem__, range(values.count))
        axes[key] = [value for value, _ in zip(listed, range(MAX_RUNS + 1), strict=False)]
    if empty := [key for key, values in axes.items() if not len(values)]:
        faults += [Fault("must have at least one value", path=key) for key in empty]
    return {key: axes[key] for key in (*(key for key in axes if key != "sharing"), "sharing") if key in axes}


def _under(inputs: Inputs, sharings: Sequence[Sharing], words: Mapping[str, str]) -> Iterator[Asked]:
    """`inputs` under each sharing; words: what is its own of the keys that have several values. A sharing names the run
    where nothing else does: `lenet5_mnist channel2 on sata128, batch 4`."""
    rest = [text for key, text in words.items() if key not in ("workload", "arch")]
    for sharing in sharings:
        own = str(sharing) if len(sharings) > 1 or not words else ""
        machine = f"on {words['arch']}" if own and "arch" in words else words.get("arch", "")
        head = " ".join(filter(None, (words.get("workload", ""), own, machine)))
        yield Asked(", ".join(filter(None, (head, *rest))), replace(inputs, sharing=sharing))


def _inputs(chosen: Mapping[str, Any], wanted: Wanted) -> Inputs:
    """Without sharing. Raises InputError with all that is wrong with them."""
    mode = chosen.get("mode")
    settings: list[str] = []
    if "optimizer" in chosen and mode == "training":
        settings.append(setting("optimizer.name", chosen["optimizer"]))
    if "dram" in chosen:
        settings += choosing(str(chosen["dram"]))
    settings += wanted.settings
    varied = {key: value for key, value in chosen.items() if key not in KNOWN}
    settings += [setting(key, value) for key, value in varied.items()]
    options = {key: chosen[key] for key in Options.model_fields if key in chosen}
    arch, workload = chosen.get("arch", defaults.arch_for(mode)), chosen.get("workload", defaults.WORKLOAD)
    try:
        return read_inputs(arch, workload, Sharing(), lambda: examined_options(options), settings)
    except InputError as error:
        raise InputError(map(_of_vary(varied), error.faults)) from None


def _of_vary(varied: Mapping[str, Any]) -> Callable[[Fault], Fault]:
    """Where a fault stands that came from --vary, which sets keys as --set does."""

    def placed(fault: Fault) -> Fault:
        key = fault.source.removeprefix("--set ").partition("=")[0]
        return replace(fault, source=f"--vary {key}") if fault.source and key in varied else fault

    return placed


def _words(key: str, value: Any, inputs: Inputs) -> str:
    """`auto`, `batch 4`, `membrane.size 8 KiB`."""
    if key in ("workload", "arch"):
        return _name(value, inputs.network.name if key == "workload" else inputs.arch.name)
    if key in ALONE:
        return str(value)
    name, text = key_words(key, value)
    return f"{'.'.join(name.split('.')[-2:]).replace('_', ' ')} {text}"


def _name(value: Any, own: str) -> str:
    """Of a file what it calls itself, where that is its name."""
    if isinstance(value, Arch | Network):
        return value.name
    return own if Path(str(value)).stem == own else str(value)
