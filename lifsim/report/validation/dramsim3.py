"""LIFSim's DRAM beside DRAMsim3's: cycles, commands and energies of request traces."""

from __future__ import annotations

from collections.abc import Iterator

from lifsim.config.dram import load_dram
from lifsim.hardware.dram.simulate import simulate
from lifsim.model.dram import DramSpec
from lifsim.report.validation.comparison import Comparison, csv_rows
from lifsim.report.validation.references import References
from lifsim.report.validation.streams import WIDE, stream

TITLE = "DRAM against DRAMsim3"
INTRO = """\
Sequential, tiled, strided, random and short-burst requests on four DRAMs, one request a cycle (`_w8`: eight), made anew
by `lifsim/report/validation/streams.py`. The controller is modelled on DRAMsim3's mechanism and not fitted to these
figures; docs/model.md says what differs. The devices have the values that DRAMsim3 used, which are not all the part's:
DDR3 was refreshed every 7800 cycles, LPDDR4 every 8660, HBM2 had a tRTP of 5 (shipped: 7.8 us, 3.9 us, 6)."""
TOLERANCE = 0.02

LARGE = ()

FILE = "dramsim3_reference.csv"

_NAMES = {
    "DDR3_8Gb_x16_1600": "ddr3_1600",
    "DDR3_8Gb_x16_1866": "ddr3_1866",
    "DDR4_8Gb_x16_2400": "ddr4_2400",
    "LPDDR4_8Gb_x16_2400": "lpddr4_2400",
    "HBM2_8Gb_x128": "hbm2",
}
READ_OTHERWISE = {
    "ddr3_1600": ("timing.tREFI=7800",),
    "ddr3_1866": ("timing.tREFI=7800",),
    "lpddr4_2400": ("timing.tREFI=8660",),
    "hbm2": ("timing.tRTP=5",),
}
"""What DRAMsim3 made of its files where the shipped devices have what the part needs: settings, by device."""

_CAUSES = {
    "activate": "act",
    "read": "read",
    "write": "write",
    "refresh": "ref",
    "background": "background",
    "total": "total",
}
"""LIFSim's energies, and the reference's names for them."""

_COUNTS = ("acts", "pres", "reads", "writes", "refs")


def compare(references: References) -> list[Comparison]:
    """Every row of dramsim3_reference.csv."""
    return [one for row in csv_rows(references.find(FILE)) for one in _compare_row(row)]


def _compare_row(row: dict[str, str]) -> Iterator[Comparison]:
    pattern = row["pattern"]
    spec = as_dramsim3(_NAMES[row["config"]], wide=pattern.endswith(WIDE))
    result = simulate(spec, stream(pattern, spec))
    item = f"{_NAMES[row['config']]} {pattern}"
    yield Comparison(f"{item} cycles", float(row["completion_cycles"]), result.cycles)
    for count in _COUNTS:
        yield Comparison(f"{item} {count}", float(row[count]), getattr(result.counts, count))
    misses = float(row["reads"]) + float(row["writes"]) - float(row["row_hits"])
    counts = result.counts
    yield Comparison(f"{item} row misses", misses, counts.reads + counts.writes - counts.row_hits)
    for cause, column in _CAUSES.items():
        theirs = float(row[f"{column}_energy_pj"])
        yield Comparison(f"{item} {cause} energy", theirs, getattr(result.energy, cause), "pJ")


def as_dramsim3(device: str, *, wide: bool = False) -> DramSpec:
    """A shipped device with the values that DRAMsim3 used; wide: it is asked for eight bursts a cycle."""
    asked = ("controller.requests_per_cycle=8",) if wide else ()
    return load_dram(device, (*READ_OTHERWISE.get(device, ()), *asked))
