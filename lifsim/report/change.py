"""A shared run beside runs without sharing: the figures an architect looks at first, with units."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from lifsim.accounting.books import KINDS
from lifsim.report.energy_table import LABELS
from lifsim.simulate.result import Result
from lifsim.units import change_text, format_bytes, format_si

KEPT = "LIF memory"
_BUFFER_LABELS = {"membrane_fill": "membrane, by DRAM"}


@dataclass(frozen=True)
class Against:
    """What a run without sharing has, as text, and how much more the shared one has, as a share of it: None of
    nothing."""

    value: str
    change: float | None

    @property
    def change_text(self) -> str:
        """`-12.3 %`, `=`, or empty."""
        return change_text(self.change)


@dataclass(frozen=True)
class Figure:
    """One line of the console table: a value as text, and beside those of the baselines."""

    group: str
    name: str
    value: str
    baselines: tuple[Against, ...]


def figures(run: Result, baselines: Sequence[Result]) -> list[Figure]:
    """The lines of the table; quantities that are zero in all runs are left out, but for LIF memory: nothing kept is
    an answer."""
    ours, theirs = _quantities(run), [_quantities(baseline) for baseline in baselines]
    lines = []
    for key, (value, text) in ours.items():
        against = [others[key] for others in theirs]
        if value or any(reference for reference, _ in against) or key[0] == KEPT:
            beside = (Against(said, value / reference - 1 if reference else None) for reference, said in against)
            lines.append(Figure(*key, text, tuple(beside)))
    return lines


def _quantities(run: Result) -> dict[tuple[str, str], tuple[float, str]]:
    t = run.totals
    count, byte, joule = _count, format_bytes, _joule
    rows: list[tuple[str, str, float, str]] = [("cycles", "total", t.cycles.total, count(t.cycles.total))]
    rows += [("cycles", c.replace("_", " "), v, count(v)) for c, v in vars(t.cycles).items() if c != "total"]
    rows += [
        ("time", "latency", t.time_s, format_si(t.time_s, "s")),
        ("time", "PE utilisation", t.pe_utilisation, f"{t.pe_utilisation:.1%}"),
        ("operations", "MACs, dense", t.ops.macs_dense, count(t.ops.macs_dense)),
        ("operations", "MACs, effective", t.ops.macs_effective, count(t.ops.macs_effective)),
        ("operations", "LIF updates", t.ops.lif_updates, count(t.ops.lif_updates)),
        ("operations", "optimizer, multiply-adds", t.ops.optimizer_multiply_adds, count(t.ops.optimizer_multiply_adds)),
        ("operations", "optimizer, divisions", t.ops.optimizer_divisions, count(t.ops.optimizer_divisions)),
    ]
    moved = t.dram_bytes.shown()
    rows += [("DRAM", c.replace("_", " "), v, byte(v)) for c, v in moved.items() if c != "total"]
    rows.append(("DRAM", "total", t.dram_bytes.total, byte(t.dram_bytes.total)))
    for name, accesses in vars(t.sram_accesses).items():
        moved = accesses.reads + accesses.writes
        rows.append(("accesses", _BUFFER_LABELS.get(name, name.replace("_", " ")), moved, count(moved)))
    registers = t.membrane_registers.reads + t.membrane_registers.writes
    rows.append(("accesses", "membrane registers", registers, count(registers)))
    for name, logic in vars(t.energy_pj.compute).items():
        rows.append(("energy", LABELS[name], logic.total, joule(logic.total)))
        if name == "lif":
            other = {"toggling": t.energy_pj.lif_if.toggles, "clock-gated": t.energy_pj.lif_if.clock_gated}
            rows += [("energy", f"LIF units, idle ones {way}", e.total, joule(e.total)) for way, e in other.items()]
    for name in ("sram", "dram", "total"):
        energy = getattr(t.energy_pj, name)
        rows.append(("energy", name.upper() if name != "total" else name, energy.total, joule(energy.total)))
    for kind in KINDS:
        spent = getattr(t.energy_pj.total, kind)
        rows.append(("energy", f"total, {kind}", spent, joule(spent)))
    rows += [
        ("LIF update", "work", t.lif_update_pj.work, _picojoule(t.lif_update_pj.work)),
        ("LIF update", "all in, idle units toggling", t.lif_update_pj.toggling, _picojoule(t.lif_update_pj.toggling)),
        ("LIF update", "all in, clock-gated", t.lif_update_pj.clock_gated, _picojoule(t.lif_update_pj.clock_gated)),
        ("area", "LIF units", t.area.lif, f"{t.area.lif:.4g} mm2"),
        ("area", "membrane registers", t.area.membrane_registers, f"{t.area.membrane_registers:.4g} mm2"),
        ("area", "optimizer", t.area.optimizer, f"{t.area.optimizer:.4g} mm2"),
        ("area", "total", t.area_mm2, f"{t.area_mm2:.4g} mm2"),
        (KEPT, "forward", t.lif_memory_bytes.forward, byte(t.lif_memory_bytes.forward)),
    ]
    if run.options.mode == "training":
        kept, paper = t.lif_memory_bytes.backward, t.lif_memory_bytes.paper_backward
        rows.append((KEPT, f"backward, {run.options.bptt}", kept, byte(kept)))
        rows.append((KEPT, "paper's convention: shared reversed, unshared stored", paper, byte(paper)))
    return {(group, name): (value, text) for group, name, value, text in rows}


def _count(value: float) -> str:
    return f"{value:,.0f}"


def _picojoule(pj: float) -> str:
    return f"{pj:.3g} pJ"


def _joule(pj: float) -> str:
    return format_si(pj * 1e-12, "J")
