"""Thousands of random small groups in waves against the literal interpreter: `python -m tests.loop_orders N SEED`, or
of one kind alone, `N SEED skewed`.

Prints how many groups of each kind moved the same bytes, by tensor and layer; fails at the first that does not.
"""

from __future__ import annotations

import sys
from collections import Counter

from hypothesis import HealthCheck, Phase, given, seed, settings

from tests.schedule.loop_order import is_plain
from tests.schedule.wave_cases import Case, cases

QUIET = settings(deadline=None, database=None, phases=[Phase.generate], suppress_health_check=list(HealthCheck))


def compared(kind: str, number: int, start: int) -> Counter[str]:
    """Groups of a kind of so many random ones, by what they are."""
    found = Counter[str]()

    @seed(start)
    @settings(QUIET, max_examples=number)
    @given(cases(kind))
    def compare(case: Case | None) -> None:
        if case is None or not is_plain(case.network, case.group):
            found["not comparable"] += 1
            return
        differences = list(case.differences())
        assert not differences, (differences, case)
        waves = case.group.waves.count(case.group.window.timesteps or case.network.timesteps)
        found[f"{len(case.group.indices)} layers, {'one wave' if waves == 1 else 'several waves'}"] += 1

    compare()
    return found


if __name__ == "__main__":
    for kind in sys.argv[3:] or ("fused", "skewed"):
        for words, often in sorted(compared(kind, int(sys.argv[1]), int(sys.argv[2])).items()):
            print(f"{kind}: {often} {words}")
