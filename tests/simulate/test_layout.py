"""Does every tensor have its own place in DRAM, and every move stay in it?"""

from __future__ import annotations

import cProfile
from itertools import accumulate

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import lifsim
from lifsim.hardware.pipeline.kinds import Kind
from lifsim.play.dram import PAGE_BYTES, addresses, layout_of
from lifsim.play.first_fit import first_fit
from lifsim.play.stretches import Stretch, stretches
from lifsim.play.timing import Timeline


@pytest.fixture(scope="module", params=["resnet19_cifar10", "mobilenet_cifar10", "lenet5_mnist"])
def timeline(request: pytest.FixtureRequest) -> Timeline:
    overrides = ["dram.model=bandwidth", "dram.bandwidth_bytes_per_s=4GB"]
    found = lifsim.run(workload=request.param, batch=2, overrides=overrides).timeline
    assert found is not None
    return found


def test_tensors_begin_on_pages_and_do_not_overlap(timeline: Timeline) -> None:
    layout = layout_of(stretches(timeline.steps.visits))
    assert (layout.base % PAGE_BYTES == 0).all()
    assert (layout.base[1:] >= layout.base[:-1] + layout.size[:-1]).all()
    assert len(set(layout.names)) == len(layout.names)


def test_every_move_lies_in_its_tensor(timeline: Timeline) -> None:
    visits, moves = timeline.steps.visits, timeline.steps.moves
    layout = layout_of(stretches(visits))
    first = addresses(Stretch.of(visits), layout)
    last = first + (moves.extents - 1) * moves.pitch + moves.extent_bytes
    names = [visit.regions[region] for visit in visits for region in visit.moves.region]
    base = layout.base_of(names)
    size = layout.size[[layout.names.index(name) for name in names]]
    assert ((first >= base) & (last <= base + size)).all()


def test_an_image_is_read_where_it_was_written(timeline: Timeline) -> None:
    """What one layer stores is no less than what the next one asks for, byte for byte of its rows."""
    stored, read = {}, {}
    for visit in timeline.steps.visits:
        for kind, ends in ((Kind.SPIKES_OUT, stored), (Kind.SPIKES_IN, read)):
            mine = np.flatnonzero(visit.moves.kind == kind)
            for move in mine:
                name = visit.regions[visit.moves.region[move]]
                end = visit.moves.offset[move] + (visit.moves.extents[move] - 1) * visit.moves.pitch[move]
                ends[name] = max(ends.get(name, 0), int(end + visit.moves.extent_bytes[move]))
    for name, end in read.items():
        if name in stored:
            assert end <= stored[name]


def low_as_it_can(sizes: list[int], uses: list[tuple[int, int]]) -> list[int]:
    """Byte by byte: the first place where nothing lies that is there at the same time."""
    begins: list[int] = []
    for size, (first, _) in zip(sizes, uses, strict=True):
        taken = {
            byte
            for begin, other, (_, last) in zip(begins, sizes, uses, strict=False)
            if last >= first
            for byte in range(begin, begin + other)
        }
        begins.append(next(at for at in range(1000) if taken.isdisjoint(range(at, at + size))))
    return begins


@given(st.lists(st.tuples(st.integers(0, 9), st.integers(0, 3), st.integers(0, 12)), max_size=25))
def test_what_passes_takes_the_lowest_place_that_is_free(drawn: list[tuple[int, int, int]]) -> None:
    sizes, steps, lengths = map(list, zip(*drawn, strict=True)) if drawn else ([], [], [])
    firsts = list(accumulate(steps))
    uses = [(first, first + length) for first, length in zip(firsts, lengths, strict=True)]
    assert first_fit(sizes, uses) == low_as_it_can(sizes, uses)


def test_the_work_for_places_is_linear_in_what_passes() -> None:
    """All of it there at once, and one by one."""
    for length in (10_000, 0):

        def calls(count: int, length: int = length) -> int:
            profile = cProfile.Profile()
            profile.runcall(first_fit, [1] * count, [(at, at + length) for at in range(count)])
            return sum(entry.callcount for entry in profile.getstats())

        assert calls(400) < 4.4 * calls(100)
