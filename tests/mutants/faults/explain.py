"""`lifsim explain`: terms that do not add up, or that are what the others leave over."""

from __future__ import annotations

from tests.mutants.fault import Fault

EXPLAIN = ("tests/report/test_explain.py", "-k", "terms_of_any_run or left_over")
EXPLAINED = "lifsim/report/explain"

FAULTS = (
    Fault(
        "explain: weights come once too often",
        f"{EXPLAINED}/weights.py",
        'again = (visits - 1) * (everything - stays - streamed)\n    coming = f"{visits - 1}*',
        'again = visits * (everything - stays - streamed)\n    coming = f"{visits}*',
        EXPLAIN,
    ),
    Fault(
        "explain: weights that stream are what is left over",
        f"{EXPLAINED}/weights.py",
        'streaming = product(rows - 1, streamed) if streamed and rows > 1 else ""',
        "streaming = str(traffic.dram.weights - everything - again)",
        EXPLAIN,
    ),
    Fault(
        "explain: rows that stay are not spared",
        f"{EXPLAINED}/inputs.py",
        "spared, room = spared + uses * size, room - size",
        "spared, room = spared + size, room - size",
        EXPLAIN,
    ),
    Fault(
        "explain: the zero state is read",
        f"{EXPLAINED}/membranes.py",
        "reads, writes = layer.timesteps - call.first,",
        "reads, writes = layer.timesteps,",
        EXPLAIN,
    ),
    Fault(
        "explain: psums go out and do not come back",
        f"{EXPLAINED}/psums.py",
        'terms.append(f"2*{product',
        'terms.append(f"1*{product',
        EXPLAIN,
    ),
    Fault(
        "explain: what a hidden pass takes counts",
        f"{EXPLAINED}/cycles.py",
        "({passed}*{pass_cycles} - {hidden})",
        "({passed}*{pass_cycles} - 0)",
        EXPLAIN,
    ),
)
