"""python -m tests.mutation --seed 1 --mutants 300: how many small faults in the product do its tests notice?

Prints the tally and writes two files into --folder: ledger.csv, of which a run that was stopped resumes, and
survivors.csv, which people read. Exit code 1 if more than 5 % survive, or one that tests/mutation/survivors.csv does
not explain.
"""

from __future__ import annotations

import argparse
import csv
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from queue import SimpleQueue

from tests.mutation.draw import candidates, draw
from tests.mutation.ledger import Explanations, Ledger
from tests.mutation.measuring import measured
from tests.mutation.mutant import Mutant
from tests.mutation.selection import Limits, Ran
from tests.mutation.tally import ALLOWED, DESCRIBED, Tally, described, table
from tests.mutation.targets import TARGETS
from tests.mutation.workshop import Verdict, Workshop

ROOT = Path(__file__).parents[2]


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.mutation", description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--seed", type=int, default=1, help="of the draw")
    parser.add_argument("--mutants", type=int, default=300, help="how many to draw from all packages together")
    parser.add_argument("--package", choices=TARGETS, action="append", help="only of this one; may be repeated")
    parser.add_argument("--skip", type=int, default=0, help="leave out the first ones of the draw")
    parser.add_argument("--jobs", type=int, default=1, help="mutants at a time")
    parser.add_argument("--tests", type=int, default=Limits.tests, help="at most so many tests a mutant")
    parser.add_argument(
        "--seconds", type=float, default=Limits.seconds, help="at most so many seconds of tests a mutant"
    )
    folder = Path(tempfile.gettempdir()) / "lifsim-mutation"
    parser.add_argument(
        "--folder", type=Path, default=folder, help="of copies, maps and results (default: %(default)s)"
    )
    return parser.parse_args()


def drawn(count: int, seed: int, skip: int, packages: list[str] | None) -> dict[Mutant, str]:
    """The mutants and their packages, in the order of the draw over all packages."""
    package = {each: name for name, target in TARGETS.items() for each in candidates(ROOT, target)}
    chosen = draw(package, count, seed)[skip:]
    return {each: package[each] for each in chosen if not packages or package[each] in packages}


class Trial:
    """Tries mutants out, each in a workshop that is free. Mutants of compiled files have workshops of their own, for
    else the kernels of every second mutant would have to be compiled again."""

    def __init__(self, folder: Path, jobs: int, ran: Ran, limits: Limits) -> None:
        self._ran, self._limits = ran, limits
        self._free: dict[bool, SimpleQueue[Workshop]] = {True: SimpleQueue(), False: SimpleQueue()}
        for compiled, queue in self._free.items():
            for job in range(jobs):
                queue.put(Workshop(ROOT, folder / f"{'compiled' if compiled else 'python'}-{job}"))

    def __call__(self, mutant: Mutant, package: str) -> Verdict:
        tests = self._ran.select(mutant, TARGETS[package].tests, self._limits)
        queue = self._free[self._ran.compiled(mutant.file)]
        workshop = queue.get()
        try:
            return workshop.try_out(mutant, tests)
        finally:
            queue.put(workshop)


def main() -> int:
    given = arguments()
    folder = given.folder.resolve()
    chosen = drawn(given.mutants, given.seed, given.skip, given.package)
    ran = measured(ROOT, folder / "map", Workshop(ROOT, folder / "map-tree"))
    ledger, explanations = Ledger(folder / "ledger.csv"), Explanations.load()
    trial = Trial(folder, given.jobs, ran, Limits(given.tests, given.seconds))
    verdicts = {mutant: known for mutant in chosen if (known := ledger.verdict(mutant))}
    waiting = [mutant for mutant in chosen if mutant not in verdicts]
    with ThreadPoolExecutor(given.jobs) as pool:
        found = pool.map(lambda mutant: trial(mutant, chosen[mutant]), waiting)
        for number, (mutant, verdict) in enumerate(zip(waiting, found, strict=True), 1):
            ledger.add(mutant, verdict)
            verdicts[mutant] = verdict
            left = "" if verdict.killed else f"  {mutant.before!r} -> {mutant.after!r}"
            print(
                f"{number}/{len(waiting)} {verdict.how} {mutant.file}:{mutant.line}{left}", file=sys.stderr, flush=True
            )
    survivors = {mutant: verdicts[mutant] for mutant in chosen if not verdicts[mutant].killed}
    with (folder / "survivors.csv").open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(DESCRIBED)
        writer.writerows(described(mutant, verdict, explanations.of(mutant)) for mutant, verdict in survivors.items())
    by_package = {name: {m: verdicts[m] for m in chosen if chosen[m] == name} for name in TARGETS}
    print(table(by_package, explanations))
    tally = Tally.of("all", verdicts, explanations)
    return 1 if tally.unexplained or tally.survived > ALLOWED * tally.mutants else 0


if __name__ == "__main__":
    sys.exit(main())
