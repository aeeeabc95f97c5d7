"""Are the parts of a tick-batched layer, one behind the other, its steps as they are made at once?"""

from __future__ import annotations

import dataclasses

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from lifsim.hardware.pipeline.kinds import Kind
from lifsim.model.arch import Arch
from lifsim.model.network import Layer
from lifsim.schedule.chip import Chip
from lifsim.schedule.tensors.moves import Moves
from lifsim.schedule.tensors.storage import Reals
from lifsim.schedule.tick.steps import tick_parts, tick_visit
from lifsim.schedule.tick.tiles import steps_of
from tests.schedule import build
from tests.schedule.on_arch import traffic_on
from tests.schedule.test_tick import archs, layers


@settings(max_examples=120, deadline=None)
@given(layers(), archs(), st.integers(1, 4), st.integers(1, 9), st.integers(0, 5000))
def test_parts_of_any_length_join_to_the_whole_visit(
    layer: Layer, arch: Arch, batch: int, most: int, spilled: int
) -> None:
    """Sums that leave the array are dealt by outputs of all steps, those of other parts among them."""
    network = build.network_of(layer)
    traffic = traffic_on(network, layer, arch, batch)
    dram = dataclasses.replace(traffic.dram, psum_read=spilled, psum_write=spilled // 2)
    asked = (
        layer,
        Reals.of(network, arch.precision.psum_bits),
        Chip.of(arch).tiles,
        batch,
        dataclasses.replace(traffic, dram=dram),
    )
    whole, parts = tick_visit(*asked), list(tick_parts(*asked, most))
    assert whole.moves.total(Kind.SPIKES_IN) == traffic.dram.first_operand
    first = np.cumsum([0, *(part.steps for part in parts)])
    assert whole.steps == steps_of(layer, batch, traffic.tiling) == first[-1]
    assert max(part.steps for part in parts) <= most
    assert {part.regions for part in parts} == {whole.regions}
    assert np.array_equal(np.concatenate([part.outputs for part in parts]), whole.outputs)
    assert np.array_equal(np.concatenate([part.array_shares for part in parts]), whole.array_shares)
    for name in Moves.__dataclass_fields__:
        behind = first if name == "step" else np.zeros_like(first)
        found = [getattr(part.moves, name) + begin for part, begin in zip(parts, behind, strict=False)]
        assert np.array_equal(np.concatenate(found), getattr(whole.moves, name)), name
