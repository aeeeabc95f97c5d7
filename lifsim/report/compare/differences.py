"""What differs between the inputs of runs, key by key as --set and the options have them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from lifsim.lazy_dataclass import dataclass
from lifsim.report.compare.runs import Run
from lifsim.units import key_words

PROSE = ("description", "source", "provenance", "notes", "source_url")
"""Last parts of keys that say where figures come from: other words change none."""

PARTS = {
    "components": "components and what they cost",
    "layers": "layers",
    "satasim": "SATA_Sim's accounting",
    "dram.device": "the DRAM device",
    "spikes.rates": "spike rates",
    "training": "zeros among gradients",
}
"""Parts of files of many small keys, and what these are of: tables count those that differ."""

DEEPEST = 12
"""Keys within keys; no file has as many."""

MOST = 24
"""Keys that a table shows."""


@dataclass(frozen=True)
class Difference:
    """key: dotted; values: of each run, None if it has none; of_machine: whether it is a key of the
    architecture that differs with its name alone."""

    key: str
    values: tuple[Any, ...]
    of_machine: bool = False

    @property
    def words(self) -> tuple[str, tuple[str, ...]]:
        """The key as --set takes it, the values with its unit."""
        return self.key.removesuffix(".name"), tuple(key_words(self.key, value)[1] for value in self.values)


def differences(runs: Sequence[Run]) -> tuple[Difference, ...]:
    """The keys in which `runs` differ: network, machine and sharing, options, then those of the files. Networks of
    other names are different ones: of these only the timesteps are told beside the names. What some runs do not read
    differs where others read different values."""
    others = len({run.network for run in runs}) > 1
    files = [dict(_flat(run.inputs["arch"])) for run in runs]
    trees = [dict(_of_run(run)) | file | dict(_of_network(run, others)) for run, file in zip(runs, files, strict=True)]
    machines = [run.machine for run in runs]
    unread = {name for run in runs for name in run.options.tree() if name not in run.options.read}
    found = []
    for key in dict.fromkeys(key for tree in trees for key in tree):
        values = tuple(tree.get(key) for tree in trees)
        told_apart = tuple(tree[key] for tree in trees if key in tree) if key in unread else values
        if len({repr(value) for value in told_apart}) > 1:
            told = len({*zip(machines, map(repr, values), strict=True)}) == len({*machines})
            found.append(Difference(key, values, told and any(key in file for file in files)))
    return tuple(found)


def shown_and_counted(found: Sequence[Difference]) -> tuple[tuple[Difference, ...], dict[str, int]]:
    """The differences for which a table has room; and, by the part of the file, how many others there are."""
    shown, counted = list[Difference](), dict[str, int]()
    for one in found:
        part = next((part for part in PARTS if one.key.startswith(f"{part}.") and one.key != f"{part}.name"), None)
        if part is None and len(shown) < MOST:
            shown.append(one)
        else:
            place = part or one.key.partition(".")[0]
            counted[place] = counted.get(place, 0) + 1
    return tuple(shown), counted


def counted_words(further: Mapping[str, int]) -> str:
    """`83 of components and what they cost, 66 of the DRAM device`: what `shown_and_counted` has counted."""
    return ", ".join(f"{count} of {PARTS.get(part, part)}" for part, count in further.items())


def _of_run(run: Run) -> Iterator[tuple[str, Any]]:
    yield "workload", run.network
    yield "arch", run.machine
    yield "sharing", run.inputs["sharing"]
    yield from run.options.read.items()


def _of_network(run: Run, others: bool) -> Iterator[tuple[str, Any]]:
    """others: whether networks of other names are compared."""
    return (one for one in _flat(run.inputs["workload"]) if not others or one[0] == "timesteps")


def _flat(tree: Any, prefix: str = "", deep: int = 0) -> Iterator[tuple[str, Any]]:
    """The dotted keys, without the file's name; list entries by their names, or their positions."""
    entries: Mapping[Any, Any] | None = None
    if isinstance(tree, Mapping):
        entries = tree
    elif isinstance(tree, list) and any(isinstance(entry, Mapping) for entry in tree):
        names = [entry.get("name", place) if isinstance(entry, Mapping) else place for place, entry in enumerate(tree)]
        entries = dict(zip(map(str, names), tree, strict=True))
    if entries is None or deep == DEEPEST:
        yield prefix, tree
        return
    for name, value in entries.items():
        if name not in PROSE and (prefix or name != "name"):
            yield from _flat(value, f"{prefix}.{name}" if prefix else str(name), deep + 1)
