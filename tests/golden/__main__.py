"""`python -m tests.golden write FOLDER`, `compare FOLDER`, `update`."""

from __future__ import annotations

import csv
import sys
from pathlib import Path

from tests.golden.figures import TOTALS, differences, keep, totals
from tests.golden.runs import golden_runs

KEPT = Path(__file__).with_name("totals.csv")


def main(arguments: list[str]) -> int:
    """Exit 1 where a figure differs."""
    match arguments:
        case ["write", folder]:
            for run in golden_runs():
                keep(run(), Path(folder) / run.name)
            return 0
        case ["compare", folder]:
            return compare(Path(folder))
        case ["update"]:
            update()
            return 0
    print(__doc__, file=sys.stderr)
    return 2


def compare(folder: Path) -> int:
    """Tell every figure that differs from those kept in `folder`."""
    runs = golden_runs()
    changed = 0
    for run in runs:
        lines = list(differences(run(), folder / run.name))
        changed += bool(lines)
        for line in lines:
            print(f"{run.name}: {line}")
    print(f"{len(runs)} runs, {changed} differ")
    return int(changed > 0)


def update() -> None:
    """Write totals.csv anew."""
    with KEPT.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(["run", *TOTALS])
        writer.writerows([run.name, *totals(run()).values()] for run in golden_runs())


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
