"""Are points that are picked as they go by those that sorting all of them gives, and is no more held than is asked?"""

from __future__ import annotations

import tracemalloc
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from lifsim.report.sweep_table import Selected, Selection, selected
from lifsim.sweeps.outcome import Outcome
from lifsim.sweeps.points import Points
from lifsim.sweeps.store import Store

Row = Mapping[str, Any]

_VALUES = st.one_of(st.none(), st.integers(0, 3), st.sampled_from([0.5, 1.0, "none", "layer", True]))
_NAMES = ("sharing", "array.rows", "cycles.total", "energy_pj.total", "sram_technology_nm", "error")
_ROWS = st.lists(
    st.fixed_dictionaries(
        {
            **dict.fromkeys(_NAMES[:4], _VALUES),
            "sram_technology_nm": st.sampled_from([None, 28, 28, 65]),
            "error": st.sampled_from([None, None, None, "broken"]),
        }
    ).map(lambda row: {name: row[name] for name in _NAMES}),
    max_size=12,
)
_COLUMNS = st.sampled_from(["array.rows", "cycles.total", "energy_pj.total"])
_SELECTIONS = st.builds(
    Selection,
    where=st.sampled_from([(), ("cycles.total >= 1",), ("not sharing = none",)]),
    top=st.one_of(st.none(), st.integers(1, 5)), by=st.one_of(st.none(), _COLUMNS), sort=_COLUMNS,
    descending=st.booleans(), limit=st.one_of(st.none(), st.integers(1, 4)), columns=st.just(["cycles.total"]),
)  # fmt: skip


def _meets(row: Row, where: tuple[str, ...]) -> bool:
    if not where:
        return True
    if "sharing" in where[0]:
        return row["sharing"] is not None and row["sharing"] != "none"
    found = row["cycles.total"]
    return not isinstance(found, str | bool) and found is not None and found >= 1


def _ordered(rows: list[Row], column: str, *, descending: bool) -> list[Row]:
    def place(row: Row) -> tuple[str, Any]:
        value = row[column]
        return ("", value) if isinstance(value, int | float) else ("text", str(value))

    return sorted((row for row in rows if row[column] is not None), key=place, reverse=descending)


def _expected(rows: list[Row], asked: Selection) -> Selected:
    good = [row for row in rows if row["error"] is None and _meets(row, tuple(asked.where))]
    if asked.top is not None:
        good = _ordered(good, asked.by or asked.sort, descending=asked.descending)[: asked.top]
    good = _ordered(good, asked.sort, descending=asked.descending)
    varying = [name for name in ("sharing", "array.rows") if len({repr(row[name]) for row in rows}) > 1]
    columns = dict.fromkeys([*varying, "cycles.total", asked.sort, *([asked.by] if asked.by else [])])
    lines = good[: asked.limit]
    nodes = sorted({row["sram_technology_nm"] for row in good} - {None})
    across = ["note: SRAMs of 28, 65 nm: "] if len(nodes) > 1 else []
    met = f", {len(good):,} meet {asked.where[0]}" if asked.where and asked.top is None else ""
    failed = sum(row["error"] is not None for row in rows)
    said = f"{len(lines)} of {len(rows)} point{'' if len(rows) == 1 else 's'}{met}, {failed} failed"
    return Selected(lines, list(columns), len(varying), [*across, said])


@given(_ROWS, _SELECTIONS)
def test_what_is_picked_is_what_sorting_gives(rows: list[Row], asked: Selection) -> None:
    if not rows:
        return
    found, expected = selected(Points.of(rows), asked), _expected(rows, asked)
    assert [id(row) for row in found.lines] == [id(row) for row in expected.lines]
    assert (found.columns, found.keys) == (expected.columns, expected.keys)
    assert len(found.below) == len(expected.below)
    assert all(one.startswith(other) for one, other in zip(found.below, expected.below, strict=True))


def _peak_bytes(path: Path) -> int:
    """Of Python and NumPy while the best twenty points are found."""
    with Store.read(path) as store:
        tracemalloc.start()
        try:
            assert len(selected(Points.stored(store), Selection(limit=20)).lines) == 20
            return tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()


def test_four_times_the_points_take_no_more_memory(tmp_path: Path) -> None:
    peaks = []
    for points in (5_000, 20_000):
        with Store.create_or_open(tmp_path / str(points), {}) as store:
            for point in range(points):
                figures = {"cycles.total": point * 7919 % 10007, "energy_pj.total": point / 3}
                store.add(Outcome(point, f"{point:064x}", figures), {"array.rows": point, "sharing": "none"})
        peaks.append(_peak_bytes(tmp_path / str(points)))
    assert peaks[1] < 1.3 * peaks[0]
