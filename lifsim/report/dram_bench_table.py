"""What a DRAM did with a stream of requests, as a table, JSON or CSV."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

from lifsim.csv_text import csv_text
from lifsim.hardware.dram.result import DramResult
from lifsim.units import format_bytes, format_si

if TYPE_CHECKING:
    from rich.console import Console


@dataclass(frozen=True)
class DramBenchTable:
    """`result` of the requests that `title` names. simulated_bursts_per_second: how fast this machine simulated it."""

    title: str
    result: DramResult
    simulated_bursts_per_second: float

    @property
    def figures(self) -> dict[str, int | float | str]:
        """Everything, with the unit in each name; energy_pj_per_bit is 0 where nothing was moved."""
        result, energy = self.result, self.result.energy
        bits = 8 * result.moved_bytes
        return {
            "dram": result.spec.name,
            "requests": self.title,
            "bursts": result.counts.reads + result.counts.writes,
            "moved_bytes": result.moved_bytes,
            "cycles": result.cycles,
            "time_s": result.seconds,
            "bandwidth_bytes_per_s": result.bytes_per_second,
            "peak_share": result.peak_share,
            **asdict(result.counts),
            "row_hit_rate": result.counts.hit_rate,
            **{f"{cause}_pj": value for cause, value in asdict(energy).items()},
            "total_pj": energy.total,
            "energy_pj_per_bit": energy.total / bits if bits else 0.0,
            "simulated_bursts_per_s": self.simulated_bursts_per_second,
        }

    def to_json(self) -> str:
        """One object; `channels` has the commands of each."""
        return json.dumps(self.figures | {"channels": [asdict(counts) for counts in self.result.channels]}, indent=2)

    def to_csv(self) -> str:
        """A line of names and a line of figures."""
        return csv_text(list(self.figures), [self.figures]).rstrip("\n")

    def print(self, console: Console) -> None:
        """For reading."""
        from rich import box
        from rich.table import Table

        result, counts = self.result, self.result.counts
        table = Table(
            title=f"{self.title} on {result.spec.name}", box=box.SIMPLE, show_header=False, title_justify="left"
        )
        rows = {
            "moved": f"{format_bytes(result.moved_bytes)} in {counts.reads + counts.writes:,} bursts",
            "cycles": f"{result.cycles:,} of {result.spec.timing.tCK_ns:g} ns = {format_si(result.seconds, 's')}",
            "bandwidth": f"{result.bytes_per_second / 1e9:.2f} GB/s, {result.peak_share:.1%} of the peak",
            "row hits": f"{counts.row_hits:,} ({counts.hit_rate:.1%})",
            "commands": f"{counts.acts:,} activate, {counts.pres:,} precharge, {counts.reads:,} read, "
            f"{counts.writes:,} write, {counts.refs:,} refresh",
            "energy": format_si(result.energy.total * 1e-12, "J") + f", {self.figures['energy_pj_per_bit']:.2f} pJ/bit",
            **{f"  {cause}": format_si(value * 1e-12, "J") for cause, value in asdict(result.energy).items() if value},
            "simulated at": f"{self.simulated_bursts_per_second / 1e6:.2f} million bursts/s",
        }
        for name, text in rows.items():
            table.add_row(name, text)
        console.print(table)
