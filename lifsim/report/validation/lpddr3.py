"""LIFSim's one LPDDR3 device beside DRAMsim3's: cycles, commands and energies of request traces."""

from __future__ import annotations

from collections.abc import Iterator

from lifsim.config.dram import load_dram
from lifsim.hardware.dram.simulate import simulate
from lifsim.report.validation.comparison import Comparison, csv_rows
from lifsim.report.validation.references import References
from lifsim.report.validation.streams import named_stream

TITLE = "One LPDDR3 device against DRAMsim3"
INTRO = """\
Sequential, tiled, strided and short-burst requests, and bursts of work with rests between, on `lpddr3_1600_x32_8gb`
without power-down and self-refresh, which DRAMsim3 does not have (its self-refresh hardly ever begins); each request is
one burst of 32 bytes. Cycles and commands are equal; DRAMsim3 counts one cycle of standby more, behind the last."""
TOLERANCE = 0.001

LARGE = ()

FILE = "dramsim3_lpddr3_x32.csv"
DEVICE = "lpddr3_1600_x32_8gb"
ALWAYS_AWAKE = ("controller.power_down_after_cycles=off", "controller.self_refresh_after_cycles=off")

_COUNTS = ("acts", "pres", "reads", "writes", "refs")
_CAUSES = {"activate": "act", "read": "read", "write": "write", "refresh": "ref"}


def compare(references: References) -> list[Comparison]:
    """Every row of dramsim3_lpddr3_x32.csv."""
    return [one for row in csv_rows(references.find(FILE)) for one in _compare_row(row)]


def _compare_row(row: dict[str, str]) -> Iterator[Comparison]:
    result = simulate(load_dram(DEVICE, ALWAYS_AWAKE), named_stream(row["pattern"]))
    item = f"{DEVICE} {row['pattern']}"
    yield Comparison(f"{item} cycles", float(row["completion_cycles"]), result.cycles)
    for count in _COUNTS:
        yield Comparison(f"{item} {count}", float(row[count]), getattr(result.counts, count))
    for cause, column in _CAUSES.items():
        theirs = float(row[f"{column}_energy_pj"])
        yield Comparison(f"{item} {cause} energy", theirs, getattr(result.energy, cause), "pJ")
    background = result.background
    for state, pj in (("active", background.active_standby), ("precharged", background.precharge_standby)):
        yield Comparison(f"{item} {state} standby energy", float(row[f"{state}_standby_pj"]), pj, "pJ")
