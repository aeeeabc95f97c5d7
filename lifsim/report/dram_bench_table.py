"""What a DRAM did with a stream of requests, as a table, JSON or CSV."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import TYPE_CHECKING

from lifsim.csv_text import csv_text
from lifsim.hardware.dram.counts import SLEEP_CYCLES, SLEEPS
from lifsim.hardware.dram.result import DramResult
from lifsim.lazy_dataclass import dataclass
from lifsim.units import counted, format_bytes, format_si

if TYPE_CHECKING:
    from lifsim.report.terminal import Terminal


@dataclass(frozen=True)
class DramBenchTable:
    """`result` of the requests that `title` names. simulated_bursts_per_second: how fast this machine simulated it.
    borrowed_currents: a device that has another's currents is charged with them; else it has no energies."""

    title: str
    result: DramResult
    simulated_bursts_per_second: float
    borrowed_currents: bool = False

    @property
    def is_priced(self) -> bool:
        """Whether the energies are told."""
        return self.borrowed_currents or self.result.spec.borrowed_from is None

    @property
    def figures(self) -> dict[str, int | float | str | None]:
        """Everything, with the unit in each name; energy_pj_per_bit is 0 where nothing was moved. Energies are None
        where they are not told; sleeps stand where ranks may sleep."""
        result, energy = self.result, self.result.energy
        bits = 8 * result.moved_bytes
        energies = {
            **{f"{cause}_pj": value for cause, value in asdict(energy).items()},
            "total_pj": energy.total,
            "energy_pj_per_bit": energy.total / bits if bits else 0.0,
        }
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
            **self._sleeps(),
            **(energies if self.is_priced else dict.fromkeys(energies)),
            "simulated_bursts_per_s": self.simulated_bursts_per_second,
        }

    def _sleeps(self) -> dict[str, int | float | None]:
        result = self.result
        if not result.spec.controller.sleeps:
            return {}
        work = {name: getattr(result.work, name) for name in (*SLEEPS, *SLEEP_CYCLES)}
        states = {f"{state}_pj": pj if self.is_priced else None for state, pj in asdict(result.background).items()}
        return {**work, **states}

    def to_json(self) -> str:
        """One object; `channels` has the commands of each."""
        return json.dumps(self.figures | {"channels": [asdict(counts) for counts in self.result.channels]}, indent=2)

    def to_csv(self) -> str:
        """A line of names and a line of figures."""
        return csv_text(list(self.figures), [self.figures]).rstrip("\n")

    def _asleep(self) -> str:
        """For reading."""
        controller = self.result.spec.controller
        after = (controller.power_down_after_cycles, controller.self_refresh_after_cycles)
        if not controller.sleeps:
            return "never: power-down and self-refresh are off"
        work, cycles = self.result.work, max(1, self.result.work.active_rank_cycles + self.result.work.idle_rank_cycles)
        down = work.active_power_down_rank_cycles + work.precharge_power_down_rank_cycles
        return (
            f"power-down (after {after[0]}) {counted(work.active_power_downs + work.precharge_power_downs, 'time')}, "
            f"{down / cycles:.1%} of the time; self-refresh (after {after[1]}) {counted(work.self_refreshes, 'time')}, "
            f"{work.self_refresh_rank_cycles / cycles:.1%}"
        )

    def _energies(self) -> dict[str, str]:
        """For reading."""
        spec, energy = self.result.spec, self.result.energy
        if not self.is_priced:
            why = f"its currents are those of {spec.borrowed_from} (--borrowed-currents takes them all the same)"
            return {"energy": f"unknown: {why}"}
        causes = {f"  {cause}": format_si(value * 1e-12, "J") for cause, value in asdict(energy).items() if value}
        per_bit = f"{self.figures['energy_pj_per_bit']:.2f} pJ/bit"
        return {"energy": f"{format_si(energy.total * 1e-12, 'J')}, {per_bit}", **causes}

    def print(self, console: Terminal) -> None:
        """For reading."""
        from rich import box
        from rich.table import Table

        result, counts = self.result, self.result.counts
        title = f"{self.title} on {result.spec.name}"
        table = Table(title=title, title_justify="left", box=box.SIMPLE, show_header=False, show_edge=False)
        rows = {
            "moved": f"{format_bytes(result.moved_bytes)} in {counted(counts.reads + counts.writes, 'burst')}",
            "cycles": f"{result.cycles:,} of {result.spec.timing.tCK_ns:g} ns = {format_si(result.seconds, 's')}",
            "bandwidth": f"{format_si(result.bytes_per_second, 'B/s')}, {result.peak_share:.1%} of the peak",
            "row hits": f"{counts.row_hits:,} ({counts.hit_rate:.1%})",
            "commands": f"{counts.acts:,} activate, {counts.pres:,} precharge, {counts.reads:,} read, "
            f"{counts.writes:,} write, {counts.refs:,} refresh",
            "asleep": self._asleep(),
            **self._energies(),
            "simulated at": f"{self.simulated_bursts_per_second / 1e6:.2f} million bursts/s",
        }
        for name, text in rows.items():
            table.add_row(name, text)
        console.print_table(table)
