"""Does the figure that takes longest say which of its works an estimate is of?"""

from __future__ import annotations

import pytest

from lifsim.report.plot.computation import Part, phases


@pytest.mark.parametrize(
    ("part", "simulated", "told"),
    [
        ("all", True, ["part 1 of 3: x", "part 2 of 3: x", "part 3 of 3: x"]),
        ("all", False, ["", "part 1 of 2: x", "part 2 of 2: x"]),
        ("bottom", False, ["", "part 1 of 2: x", "part 2 of 2: x"]),
        ("bottom", True, ["", "part 1 of 2: x", "part 2 of 2: x"]),
        ("top", True, ["x", "", ""]),
    ],
)
def test_its_works_are_numbered(part: Part, simulated: bool, told: list[str]) -> None:
    heard: list[str] = []
    seen = phases(part, lambda work, *_: heard.append(work), simulated=simulated)
    for watch, expected in zip((seen.top, *seen.bottom), told, strict=True):
        if expected:  # else nobody does that work
            watch("x", 0, 1)
            assert heard.pop() == expected


def test_a_figure_that_only_reads_runs_has_no_part() -> None:
    phases("top", lambda *_: None, simulated=False)
