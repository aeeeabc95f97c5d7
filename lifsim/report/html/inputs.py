"""The inputs of a run, and the sources of its prices."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from lifsim.accounting.basis import PriceBasis
from lifsim.accounting.price_list import PriceList
from lifsim.lazy_dataclass import dataclass
from lifsim.report.html.chart import Column, Table
from lifsim.report.html.told import Told
from lifsim.units import key_words

DEEPEST = 12
"""Keys within keys that have lines of their own; no file has as many."""


@dataclass(frozen=True)
class Given:
    """sources: who says what things cost, and where spikes and network come from; prices: of every access, None if
    the machine is not known well enough; options: of the run; keys: all of architecture and workload, in their files'
    order."""

    sources: Table
    prices: Table | None
    options: Table
    keys: tuple[tuple[str, Table], ...]

    @classmethod
    def of(cls, told: Told) -> Given:
        """What was given to a run."""
        two = (Column("part"), Column("who says so"))
        inputs = told.tree["inputs"]
        options = {**told.options.read, **_spikes_words(told), "seed": inputs["seed"], **_hashes(told.tree)}
        files = {"architecture": inputs["arch"], "workload": inputs["workload"]}
        return cls(
            Table(two, tuple(_sources(told.tree))),
            _prices(told),
            _keys(options),
            tuple((name, _keys(tree)) for name, tree in files.items()),
        )


def _sources(tree: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    inputs = tree["inputs"]
    for part, told in tree["prices"].items():
        basis = PriceBasis(told["source"], told["technology_nm"], told["transistors"], told["temperature_k"])
        yield f"costs of {part}", basis.source if part == "DRAM" else basis.words
    device = inputs.get("dram_device") or {}
    for part, found in (("timings of the DRAM", device), ("energy of the DRAM", device.get("energy"))):
        if isinstance(found, Mapping) and found.get("source"):
            yield part, str(found["source"])
    if inputs["workload"].get("source"):
        yield "network", str(inputs["workload"]["source"])
    spikes = inputs["spikes"]
    measured = "measured" if spikes.get("measured") else "not measured"
    yield "spikes", f"{spikes.get('kind')}, {measured}: {spikes.get('source')}"


def _spikes_words(told: Told) -> dict[str, str]:
    """What fires: the option says which of two things."""
    if told.options.trace is not None:
        return {"spikes": "a trace's"}
    return {"spikes": "those that the engine fires" if told.options.spikes == "engine" else "those of the workload"}


def _hashes(tree: Mapping[str, Any]) -> dict[str, Any]:
    found = {
        f"SHA-256 of {name.removesuffix('_sha256')}": value
        for name, value in tree["inputs"].items()
        if name.endswith("_sha256")
    }
    return {"LIFSim": tree["lifsim_version"], "model version": tree.get("model_version"), **found}


def _prices(told: Told) -> Table | None:
    """As `lifsim arch show` has them."""
    if told.result is None:
        return None
    found = PriceList(told.result.arch)
    columns = (
        Column("part"), Column("access"), Column("energy of one", "pJ"), Column("leakage [mW]"), Column("area", "mm2"),
        Column("pieces", ""), Column("what it is"), Column("who says so"),
    )  # fmt: skip
    rows = []
    for row in found.rows:
        power = row.leakage_mw if row.standing_mw is None else row.standing_mw
        told_power = None if power is None else f"{power:.4g}"
        rows.append(
            (row.part, row.access or "-", row.pj, told_power, row.area_mm2, row.number, row.what, row.source or "-")
        )
    return Table(columns, tuple(rows))


def _keys(tree: Mapping[str, Any]) -> Table:
    """A line a key, as --set names them, with units."""
    rows = tuple((" ".join(key.split("_")) if "." not in key else key, text) for key, text in _flat(tree))
    return Table((Column("key"), Column("value")), rows)


def _flat(tree: Any, prefix: str = "", deep: int = 0) -> Iterator[tuple[str, str]]:
    """Entries of lists by their names, or their places."""
    entries: Mapping[str, Any] | None = None
    if isinstance(tree, Mapping):
        entries = {str(name): value for name, value in tree.items()}
    elif isinstance(tree, list) and any(isinstance(one, Mapping) for one in tree):
        names = (one.get("name", place) if isinstance(one, Mapping) else place for place, one in enumerate(tree))
        entries = {str(name): one for name, one in zip(names, tree, strict=True)}
    if not entries or deep == DEEPEST:
        yield (prefix, _text(prefix, tree)) if prefix else ("", "")
        return
    for name, value in entries.items():
        yield from _flat(value, f"{prefix}.{name}" if prefix else name, deep + 1)


def _text(key: str, value: Any) -> str:
    if isinstance(value, list | tuple) and not all(isinstance(one, str) for one in value):
        return json.dumps(value)
    if isinstance(value, str):
        return value
    return key_words(key, value)[1]
