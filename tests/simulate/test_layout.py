"""Does every tensor have its own place in DRAM, and every move stay in it?"""

from __future__ import annotations

import numpy as np
import pytest

import lifsim
from lifsim.hardware.pipeline.kinds import Kind
from lifsim.play.dram import PAGE_BYTES, addresses, layout_of
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
