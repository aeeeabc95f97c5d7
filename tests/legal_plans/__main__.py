"""`python -m tests.legal_plans [NAME...]`: of the cases only those that have every NAME."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import astuple

from tests.legal_plans.cases import cases


def main(names: Sequence[str]) -> int:
    """Exit 1 where a plan is not legal."""
    chosen = [case for case in cases() if {*names}.issubset(astuple(case))]
    broken = 0
    for case in chosen:
        try:
            case.obey()
        except AssertionError as error:
            broken += 1
            print(*astuple(case), "is not legal:", error, flush=True)
        else:
            print(*astuple(case), "is legal", flush=True)
    print(f"{len(chosen)} plans walked, {broken} not legal")
    return int(broken > 0 or not chosen)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
