"""Runs that are to be compared: every combination of the given values, each with a label that says how it differs from
the others. All run on the same default machine, the one for training if any of them trains."""

from __future__ import annotations

import math
from collections.abc import Callable, Hashable, Iterator, Mapping, Sequence
from dataclasses import field, replace
from itertools import product
from pathlib import Path
from typing import Any, TypeVar

from lifsim.config import defaults
from lifsim.errors import Fault, InputError, collecting
from lifsim.lazy_dataclass import dataclass
from lifsim.memo import Memo
from lifsim.model.arch import Arch
from lifsim.model.network import Network
from lifsim.model.sharing import Sharing
from lifsim.simulate.api import chosen_parts, given_arch, given_workload
from lifsim.simulate.inputs import Inputs, gathered
from lifsim.simulate.options import Options, examined_options
from lifsim.sweeps.values import Listed, parse_values, setting
from lifsim.units import key_words

T = TypeVar("T")

MAX_RUNS = 200
"""Runs beside each other; more are a sweep's, which keeps them in a store."""

KNOWN = ("workload", "arch", "dram", *Options.model_fields, "optimizer", "sharing")
"""Keys of a run that are no keys of its files, those first in whose runs least is common."""

ALONE = ("workload", "arch", "dram", "optimizer", "sharing", "schedule", "mode", "bptt")
"""Whose values say by themselves what they are of."""


@dataclass(frozen=True)
class Asked:
    """One run to be made. inputs: or why they do not go together."""

    label: str
    inputs: Inputs | InputError


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
    """The runs, sharings beside each other. Raises InputError with all that is wrong with a value whatever the others
    are; where values do not go together, or a sharing does not fit its network, that run alone has a fault."""
    faults: list[Fault] = []
    axes = _axes(wanted, faults)
    sharings: list[Sharing] = []
    for text in axes.get("sharing", ()):
        with collecting(faults):
            sharing = text if isinstance(text, Sharing) else Sharing.parse(text)
            sharings.append(sharing.where_it_fits() if wanted.where_possible else sharing)
    axes["sharing"] = sharings or [Sharing()]
    count = math.prod(len(values) for values in axes.values())
    if count > MAX_RUNS:
        rule = f"more than {MAX_RUNS} runs must be a sweep's: lifsim sweep keeps as many as you like in a store"
        raise InputError([*faults, Fault(rule, path="runs")])
    several = [key for key, values in axes.items() if len(values) > 1]
    read = _Read("training" in axes.get("mode", ()))
    asked, refused = [], list[_Refused]()
    for places in product(*(range(len(values)) for values in axes.values())):
        chosen = {key: values[place] for (key, values), place in zip(axes.items(), places, strict=True)}
        try:
            found: Inputs | InputError = read.inputs(chosen, wanted)
        except InputError as error:
            found = error
        told = tuple(found.faults) if isinstance(found, InputError) else ()
        refused.append(_Refused(dict(zip(axes, places, strict=True)), told))
        asked.append(Asked(_label(chosen, several, found), found))
    faults += _whatever_the_others(refused)
    if faults:
        raise InputError(dict.fromkeys(faults))
    return tuple(asked)


@dataclass(frozen=True)
class _Refused:
    """What is wrong with a combination: nothing of most. places: of its values, by axis."""

    places: Mapping[str, int]
    faults: tuple[Fault, ...]


def _whatever_the_others(refused: Sequence[_Refused]) -> Iterator[Fault]:
    """Faults that all combinations with one of the values have; none of how sharings fit networks."""
    with_value: dict[tuple[str, int], list[set[Fault]]] = {}
    for one in refused:
        for value in one.places.items():
            with_value.setdefault(value, []).append({*one.faults})
    for one in refused:
        for fault in one.faults:
            own = (value for value in one.places.items() if value[0] != "sharing" or len(refused) == 1)
            if fault.path != "sharing" and any(all(fault in found for found in with_value[value]) for value in own):
                yield fault


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
    return {key: axes[key] for key in sorted(axes, key=lambda key: key == "sharing")}


def _label(chosen: Mapping[str, Any], several: Sequence[str], found: Inputs | InputError) -> str:
    """Of the keys that have several values what is this run's own: `lenet5_mnist channel2 on sata128, batch 4`. A
    sharing names the run where nothing else does."""
    words = {key: _words(key, chosen[key], found) for key in several}
    own = str(chosen["sharing"]) if "sharing" in words or not words else ""
    machine = f"on {words['arch']}" if own and "arch" in words else words.get("arch", "")
    head = " ".join(filter(None, (words.get("workload", ""), own, machine)))
    rest = (text for key, text in words.items() if key not in ("workload", "arch", "sharing"))
    return ", ".join(filter(None, (head, *rest)))


@dataclass(frozen=True)
class _Read:
    """Reads inputs, what several runs have in common once. training: whether any of them is one of it."""

    training: bool
    memo: Memo = field(default_factory=Memo)

    def inputs(self, chosen: Mapping[str, Any], wanted: Wanted) -> Inputs:
        """Of one combination. Raises InputError with all that is wrong with it."""
        trains = not self.training or chosen.get("mode") == "training"
        varied = {key: value for key, value in chosen.items() if key not in KNOWN}
        settings = [*wanted.settings, *(setting(key, value) for key, value in varied.items())]
        options = {key: chosen[key] for key in Options.model_fields if key in chosen}
        arch = chosen.get("arch", defaults.arch_for("training" if self.training else None))
        workload = chosen.get("workload", defaults.WORKLOAD)
        try:
            # What only training reads the other runs are not told; where none trains it is a fault.
            parts = chosen_parts(chosen.get("dram"), chosen.get("optimizer") if trains else None)
            return gathered(
                lambda settings: self._once(given_arch, arch, settings),
                lambda settings, replaced: self._once(given_workload, workload, settings, replaced),
                lambda: chosen["sharing"],
                lambda: examined_options(options),
                [*parts, *(one for one in settings if trains or not one.lstrip().startswith("optimizer."))],
            )
        except InputError as error:
            raise InputError(map(_of_vary(varied), error.faults)) from error.__cause__

    def _once(self, read: Callable[..., T], given: Any, settings: Sequence[str], *others: Hashable) -> T:
        named = isinstance(given, str)
        return self.memo.of(read, given, tuple(settings), *others) if named else read(given, settings, *others)


def _of_vary(varied: Mapping[str, Any]) -> Callable[[Fault], Fault]:
    """Where a fault stands that came from --vary, which sets keys as --set does."""

    def placed(fault: Fault) -> Fault:
        key = fault.source.removeprefix("--set ").partition("=")[0]
        return replace(fault, source=f"--vary {key}") if fault.source and key in varied else fault

    return placed


def _words(key: str, value: Any, found: Inputs | InputError) -> str:
    """`auto`, `batch 4`, `membrane.size 8 KiB`."""
    if key in ("workload", "arch"):
        own = "" if isinstance(found, InputError) else (found.network if key == "workload" else found.arch).name
        return _name(value, own)
    if key in ALONE:
        return str(value)
    name, text = key_words(key, value)
    return f"{'.'.join(name.split('.')[-2:]).replace('_', ' ')} {text}"


def _name(value: Any, own: str) -> str:
    """Of a file what it calls itself, where that is its name."""
    if isinstance(value, Arch | Network):
        return value.name
    return own if Path(str(value)).stem == own else str(value)
