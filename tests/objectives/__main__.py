"""`python -m tests.objectives FILE.csv [NAME...]`: of the cases only those that have every NAME."""

from __future__ import annotations

import csv
import sys
from collections.abc import Sequence
from dataclasses import astuple
from pathlib import Path

from tests.objectives.table import FIGURES, Case, Row, beaten, cases


def main(arguments: list[str]) -> int:
    """Exit 1 where an objective is beaten."""
    if not arguments:
        print(__doc__, file=sys.stderr)
        return 2
    path, *names = arguments
    return write(Path(path), [case for case in cases() if {*names}.issubset(astuple(case))])


def write(path: Path, chosen: Sequence[Case]) -> int:
    """Run what is `chosen`, a line of the file as each is there."""
    worse: list[str] = []
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(["arch", "workload", "sharing", "schedule", "groups", *FIGURES])
        for case in chosen:
            of_case = case.rows()
            lines = [_line(row) for row in of_case]
            writer.writerows(lines)
            file.flush()
            for line in lines:
                print("  ".join(map(str, line)), flush=True)
            worse += beaten(of_case)
    for sentence in worse:
        print(sentence)
    print(f"{len(chosen)} cases, an objective is beaten in {len(worse)}")
    return int(bool(worse))


def _line(row: Row) -> list[str | float]:
    case = row.case
    figures = [f"{value:.0f}" for value in row.figures.values()]
    return [case.arch, case.workload, case.sharing, row.schedule, row.groups, *figures]


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
