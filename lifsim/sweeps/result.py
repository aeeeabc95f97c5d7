"""The result of a sweep: one row per point."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lifsim.brief import Brief, Briefly
from lifsim.lazy_dataclass import dataclass
from lifsim.units import counted, format_bytes, format_si

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True, repr=False)
class SweepResult(Briefly):
    """A finished sweep. axes: its settings. rows: of each point the settings, the figures by dotted names with their
    units, and the `error` if it failed. out: the store, if it was kept. timesteps: of each network."""

    axes: tuple[str, ...]
    rows: tuple[Mapping[str, Any], ...] = field(repr=False)
    out: Path | None = None
    timesteps: Mapping[str, int] = field(default_factory=dict, repr=False)

    @cached_property
    def frame(self) -> pd.DataFrame:
        """`rows` as a table."""
        import pandas as pd

        return pd.DataFrame(self.rows)

    @property
    def brief(self) -> Brief:
        """How many points, what varies, and the least of the main figures."""
        good = [row for row in self.rows if row["error"] is None]
        failed = len(self.rows) - len(good)
        return Brief(
            f"sweep of {counted(len(self.rows), 'point')}" + (f", {failed:,} of them failed" if failed else ""),
            {
                **{key: ", ".join(values) for key in self.axes if len(values := self._values(key)) > 1},
                "least energy": format_si(min(row["energy_pj.total"] for row in good) * 1e-12, "J"),
                "least work": format_si(min(row["energy_pj.total.work"] for row in good) * 1e-12, "J"),
                "least cycles": f"{min(row['cycles.total'] for row in good):,}",
                "least DRAM": format_bytes(min(row["dram_bytes.total"] for row in good)),
                **({"store": str(self.out)} if self.out else {}),
            },
        )

    def _values(self, key: str) -> list[str]:
        """The values of an axis, of many the first and the last."""
        values = list(dict.fromkeys(str(row[key]) for row in self.rows))
        return values if len(values) <= 6 else [*values[:3], "...", values[-1]]
