"""A run as a report shows it: its summary, layers and files, and, if the run is in memory, its result."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from typing import Any

from lifsim.config.json_file import MAX_BYTES
from lifsim.config.text_file import read_text
from lifsim.csv_text import as_csv
from lifsim.errors import Fault, InputError
from lifsim.lazy_dataclass import dataclass
from lifsim.report.html.stored_layers import read_layers
from lifsim.report.stored import Stored, read_runs
from lifsim.report.summary import Around, resolved_config, summary
from lifsim.simulate.options import Options
from lifsim.simulate.result import Result, Totals

ALONE = Around()
CSV = ("layers.csv", "timesteps.csv")
SUMMARY, CONFIG = "summary.json", "config.resolved.yaml"


@dataclass(frozen=True)
class Told:
    """A run. label: its unique name; tree: its summary.json; rows: those of layers.csv; files: by name, for download;
    result: the run itself; None if it was only read, and `why_not`."""

    label: str
    tree: Mapping[str, Any]
    options: Options
    totals: Totals
    rows: Sequence[Mapping[str, Any]]
    files: Mapping[str, str]
    result: Result | None = None
    why_not: str = ""

    @classmethod
    def of_result(cls, label: str, result: Result, around: Around = ALONE) -> Told:
        """One that was just made, with the runs around it."""
        tree = summary(result, around)
        files = {
            "layers.csv": as_csv(result.layer_rows),
            "timesteps.csv": as_csv(result.timestep_rows),
            SUMMARY: json.dumps(tree, indent=2) + "\n",
            CONFIG: resolved_config(result),
        }
        return cls(label, tree, result.options, result.totals, result.layer_rows, files, result)

    @classmethod
    def of_folder(cls, label: str, folder: Path) -> Told:
        """One that `lifsim run` has written. Raises InputError with all that no run can have written."""
        (stored,) = read_runs([folder])
        rows = read_layers(folder / "layers.csv", stored)
        texts = {}
        for name in (*CSV, SUMMARY, CONFIG):
            if not (folder / name).is_file():
                raise InputError(
                    Fault("must be the folder of a whole run: this file is missing", source=str(folder / name))
                )
            texts[name] = read_text(folder / name, name, MAX_BYTES)
        return cls(label, stored.tree, stored.options, stored.totals, rows, texts, None, "only stored figures")

    @property
    def stored(self) -> Stored:
        """As it was read, or could be."""
        return Stored(self.tree, self.options, self.totals)

    @property
    def alone(self) -> Told:
        """Called as the run calls itself, whatever its folder is called: no other is there to be told from."""
        return replace(self, label=str(self.tree["name"]))

    @property
    def training(self) -> bool:
        """Whether it goes backwards, too."""
        return self.options.mode == "training"

    @cached_property
    def layers(self) -> tuple[str, ...]:
        """Their names."""
        return tuple(str(row["layer"]) for row in self.rows)

    def column(self, name: str) -> list[Any]:
        """A column of the layers' table, in their order."""
        return [row[name] for row in self.rows]

    def parts(self, of: str) -> dict[str, list[Any]]:
        """The columns `of.NAME` by NAME, without the total."""
        names = (name.removeprefix(f"{of}.") for name in self.rows[0] if name.startswith(f"{of}.")) if self.rows else ()
        return {name: self.column(f"{of}.{name}") for name in names if name != "total" and "." not in name}
