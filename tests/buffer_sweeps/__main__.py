"""`python -m tests.buffer_sweeps FILE.csv [WORD...]`: only sweeps of which every WORD is a part."""

from __future__ import annotations

import csv
import sys
from collections.abc import Sequence
from dataclasses import astuple, fields
from pathlib import Path

from lifsim.errors import InputError
from tests.buffer_sweeps.sweep import Rise, Sweep, rises, sweeps

COLUMNS = ("size_bytes", "cycles", "work", "dram_bytes", "why", "where")


def main(arguments: list[str]) -> int:
    """Exit 1 where more buffer costs what it must not."""
    if not arguments:
        print(__doc__, file=sys.stderr)
        return 2
    path, *words = arguments
    return write(Path(path), [sweep for sweep in sweeps() if {*words}.issubset(astuple(sweep))])


def write(path: Path, chosen: Sequence[Sweep]) -> int:
    """Run what is `chosen`, a line of the file for each rise."""
    faults = told = 0
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow([*(field.name for field in fields(Sweep)), *COLUMNS])
        for sweep in chosen:
            try:
                found = list(rises(sweep))
            except InputError as error:
                print(f"{', '.join(astuple(sweep))}: refused: {error}", flush=True)
                continue
            for rise in found:
                told, faults = told + 1, faults + rise.is_fault
                figures = rise.size, f"{rise.cycles:.6f}", f"{rise.work:.6f}", rise.moved
                writer.writerow([*astuple(sweep), *figures, rise.why, rise.where])
                file.flush()
                print(f"{_mark(rise)}{rise}", flush=True)
    print(f"{len(chosen)} sweeps, {told} rises, {faults} of them must not be")
    return int(faults > 0)


def _mark(rise: Rise) -> str:
    """What stands out."""
    return "FAULT " if rise.is_fault else "TRADE " if rise.is_trade else ""


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
