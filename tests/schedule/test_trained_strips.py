"""Do layers in strips move the fewest bytes of a whole training run, of all sets of strips and all chunks?"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from itertools import product
from math import inf

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lifsim.model.network import Network
from lifsim.model.sharing import Sharing
from lifsim.schedule.choices import Choices
from lifsim.schedule.plan import GroupPlan
from lifsim.schedule.timestep.group import Chunks, Group, Heights
from lifsim.schedule.timestep.plan import planned
from lifsim.schedule.timestep.spike_store import SpikeBuffers, Timestep, walk_timestep
from lifsim.schedule.window import TIMESTEP
from tests.schedule import build
from tests.schedule.networks import ladder, relay_networks
from tests.schedule.test_timestep import QUIET
from tests.schedule.test_trained_chunks import choices, spans

LAYER = Sharing.parse("layer-where-possible")


def heights_of(group: Group) -> Iterator[Heights]:
    """Every set of relays in strips of every height that has room."""
    room, images = group.buffers, group.chunks.images
    relays = list(group.in_strips.values())
    high = [
        [
            rows for rows in relay.heights()
            if images * relay.state_window_bytes(rows) <= room.membrane
            and images * relay.spike_window_bytes(rows) <= room.spike_out
        ]
        for relay in relays
    ]  # fmt: skip
    for chosen in product(*([None, *each] for each in high)):
        yield {relay.state: rows for relay, rows in zip(relays, chosen, strict=True) if rows is not None}


def every_group(of: Choices, first: int, end: int) -> Iterator[GroupPlan]:
    """Layers first..end-1, timestep by timestep, in all chunks and all strips."""
    inputs = sum(of.facts.tensors[one.layer.input.name].bytes for one in of.facts.layers[first:end])
    room = of.chip.room.for_inputs(of.batch * inputs)
    for images in range(1, of.batch + 1):
        group = Group(of.facts, first, end - 1, room, Chunks(of.batch, images))
        for heights in heights_of(group):
            cost = group.cost_below(inf, heights)
            if cost is not None:
                yield planned(group, cost)


@pytest.mark.slow
@settings(QUIET, max_examples=60)
@given(
    relay_networks(st.integers(2, 3)),
    st.sampled_from(["os", "ws", "is"]),
    st.integers(1, 2),
    st.sampled_from(["stored", "reversed", "recomputed"]),
    st.data(),
)
def test_no_strips_move_fewer_bytes_in_all_stages(
    net: Network, dataflow: str, batch: int, bptt: str, data: st.DataObject
) -> None:
    arch = build.arch(
        2,
        2,
        dataflow,
        weight=data.draw(st.sampled_from([20, 60, 150, 400, build.ENDLESS]), "weight"),
        spike_in=data.draw(st.sampled_from([4, 40, build.ENDLESS]), "spike_in"),
        spike_out=data.draw(st.integers(1, 60), "spike_out"),
        membrane=4 * batch * data.draw(st.integers(2, 14), "rows of membranes"),
    )
    of = choices(net, LAYER, arch, batch, None, bptt)
    assert of.training is not None
    for first, end in spans(net, of):
        fewest = min(map(of.training.moved, every_group(of, first, end)))
        assert of.planned(first, end, TIMESTEP).dram_bytes == fewest


@pytest.mark.parametrize(("trained", "first"), [(True, 512), (False, 0)])
def test_what_stays_on_chip_is_written_where_it_is_trained(trained: bool, first: int) -> None:
    """Of two layers with 64 channels on maps of 16 x 4 the first one hands its spikes over on chip."""
    of = choices(ladder(2), Sharing(), build.arch(), 1, None, "stored")
    facts = replace(of.facts, writes_all=trained)
    spans_of = Group(facts, 0, 1, of.chip.room, Chunks(1, 1)).spans({})
    found = walk_timestep(facts, spans_of, SpikeBuffers(1 << 20, 1 << 20, 1), Timestep(first=True, last=False))
    assert found.writes == {"lif0": first, "lif1": 512}
