"""The figures of a run as plain data, and what differs between two sets of them."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from lifsim.csv_text import as_csv
from lifsim.report.summary import summary
from lifsim.simulate.result import Result

TOTALS = ("cycles.total", "dram_bytes.total", "energy_pj.total.total", "area_mm2")


def figures(result: Result) -> dict[str, str]:
    """summary.json without the version and the text of the inputs, and layers.csv: file by file."""
    tree = summary(result)
    del tree["lifsim_version"], tree["inputs"]
    return {"summary.json": json.dumps(tree, indent=1), "layers.csv": as_csv(result.layer_rows)}


def totals(result: Result) -> dict[str, float]:
    """What totals.csv keeps."""
    flat = dict(_flat(summary(result), ""))
    return {name: flat[name] for name in TOTALS}


def keep(result: Result, folder: Path) -> None:
    """Write the files of a run."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in figures(result).items():
        (folder / name).write_text(text, encoding="utf-8")


def differences(result: Result, folder: Path) -> Iterator[str]:
    """A line for each figure that differs from those kept."""
    if not folder.is_dir():
        yield "was not kept"
        return
    for name, text in figures(result).items():
        kept = (folder / name).read_text(encoding="utf-8")
        if text == kept:
            continue
        if name != "summary.json":
            yield f"{name} differs"
            continue
        now, then = dict(_flat(json.loads(text), "")), dict(_flat(json.loads(kept), ""))
        for key in dict.fromkeys([*then, *now]):
            if now.get(key) != then.get(key):
                yield f"{key}: {then.get(key)} -> {now.get(key)}"


def _flat(tree: Any, path: str) -> Iterator[tuple[str, Any]]:
    if isinstance(tree, dict):
        for key, value in tree.items():
            yield from _flat(value, f"{path}.{key}" if path else key)
    else:
        yield path, tree
