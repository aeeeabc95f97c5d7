"""`python -m tests.mutants [WORD ...]`: plant every fault, or those with a word in their name, and run its tests.

Exit 1 if one survives, if its text is no longer found, or if its tests fail without it.
"""

from __future__ import annotations

import sys
from collections import Counter

from tests.mutants.faults import FAULTS
from tests.mutants.trial import Verdict, exit_code, verdict_of


def main(words: list[str]) -> int:
    """Says each verdict as it comes, and the tally."""
    chosen = [fault for fault in FAULTS if not words or any(word in fault.name for word in words)]
    sound = True
    for tests in dict.fromkeys(fault.tests for fault in chosen):
        if exit_code(tests) != 0:
            sound = False
            print(f"fails without a fault  {' '.join(tests)}", flush=True)
    tally: Counter[Verdict] = Counter()
    for fault in chosen:
        verdict = verdict_of(fault)
        tally[verdict] += 1
        print(f"{verdict.value:9} {fault.name}  ({fault.file})", flush=True)
    print(", ".join(f"{tally[verdict]} {verdict.value}" for verdict in Verdict), f"of {len(chosen)}")
    return 0 if sound and tally[Verdict.KILLED] == len(chosen) else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
