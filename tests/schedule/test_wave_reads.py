"""What layers in waves read from outside, and what stays of their membranes, by hand."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lifsim.errors import Fault
from lifsim.model.network import Network
from lifsim.model.sharing import Sharing
from lifsim.schedule.chip import Chip
from lifsim.schedule.waves.fused_rows import GroupRows
from lifsim.schedule.waves.group import WaveGroup
from lifsim.schedule.waves.plan import WavesAsked, wave_groups
from lifsim.schedule.waves.reads import OutsideReads
from lifsim.schedule.waves.turns import Turns
from lifsim.schedule.waves.waves import Skewed
from lifsim.schedule.window import Window
from tests.schedule import build
from tests.schedule.networks import network
from tests.schedule.on_arch import facts_on
from tests.schedule.test_waves_moved import asked, stack
from tests.schedule.wave_networks import wave_networks


def test_rows_of_an_image_that_two_timesteps_need_are_there_once() -> None:
    """8 rows, strips of 2, kernels of 3: at its second timestep the first layer lies 2 + 1 rows behind and needs one
    row that the strip of the first one has brought, where both have work."""
    net = network(stack(2, 2, 8), (2, 1, 8), 2, "direct")
    facts = facts_on(net, Sharing.parse("layer"), build.arch()).computing_again({0})
    turns = Turns(GroupRows(facts, 0, 1), Skewed(0, 2, 8, (0, 1)), 2)
    windows, shared = OutsideReads(turns, 0, 1).windows(0)
    assert windows.tolist() == [[3, 4, 4, 3, 0, 0], [0, 2, 4, 4, 4, 2]]
    assert shared.tolist() == [[0, 0, 0, 0, 0, 0], [0, 1, 1, 1, 0, 0]]


def test_weights_that_stream_under_each_row_read_its_window() -> None:
    """8 rows in waves of 4, kernels of 3: two windows of 5 rows for each of 2 filter tiles, or 3*8 - 2 rows; bytes of a
    row of 2 channels and 4 timesteps."""
    net = network(stack(1, 4, 8), (2, 1, 8), 4)
    rows = GroupRows(facts_on(net, Sharing(), build.arch()), 0, 0)
    reads = OutsideReads(Turns(rows, rows.waves(4), 4), 0, 1).inputs(0, np.array([2, 2, 1]))
    assert reads.tolist() == [2 * 22, 2 * 10, 10]


def test_of_what_waits_between_windows_a_row_at_work_has_room() -> None:
    """Two layers of 2 x 8 membranes of a byte: of a buffer of 20 bytes 2, a row of 2 filters, are kept free."""
    net = network(stack(2, 4, 8), (2, 1, 8), 4)
    group = asked(net, "none", build.arch(cols=2, membrane=20, membrane_bits=8), Window(2, "fused"))
    assert group.residency is not None
    assert group.residency.reserved == 2
    assert sum(group.residency.permanent.values()) == 20 - 2
    assert group.dram.membrane_read == group.dram.membrane_write == 2 * 16 - 18


@pytest.mark.parametrize("spike_in", [60, 10_000])
@settings(deadline=None, max_examples=25)
@given(wave_networks(st.integers(2, 4)), st.integers(1, 5))
def test_what_chunks_read_is_what_each_of_their_images_does(spike_in: int, net: Network, batch: int) -> None:
    """Whether spike_in takes all inputs whole, or not, and in chunks of whichever size."""
    facts, chip = facts_on(net, Sharing(), build.arch()), Chip.of(build.arch(spike_in=spike_in))
    channels, groups = (1,) * len(net.layers), list[WaveGroup]()
    for first in range(len(net.layers) - 1):
        wanted = WavesAsked(facts, chip, first, len(net.layers) - 1, batch, None, channels)
        found = wave_groups(wanted, Window(None, "fused"))
        groups += [] if isinstance(found, Fault) else found
    for group in groups:
        for waves in group.candidates:
            reads, residual = group.outside(waves)
            for index, layer in enumerate(group.layers):
                inputs, operands = np.zeros_like(reads[index]), 0
                counts = np.append(layer.tile_counts[:1], layer.tile_counts)
                for images, chunks in group.chunks.sizes:
                    outside = OutsideReads(Turns(group.rows, waves, net.timesteps), spike_in, images)
                    inputs += chunks * images * outside.inputs(group.rows.first + index, counts)
                    operands += chunks * images * outside.residual(group.rows.first + index)
                assert (reads[index].tolist(), residual[index]) == (inputs.tolist(), operands)
