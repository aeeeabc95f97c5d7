"""What layers in waves read from outside, and what stays of their membranes, by hand."""

from __future__ import annotations

import numpy as np

from lifsim.model.sharing import Sharing
from lifsim.schedule.waves.fused_rows import GroupRows
from lifsim.schedule.waves.reads import OutsideReads
from lifsim.schedule.waves.turns import Turns
from lifsim.schedule.waves.waves import Skewed
from lifsim.schedule.window import Window
from tests.schedule import build
from tests.schedule.networks import network
from tests.schedule.on_arch import facts_on
from tests.schedule.test_waves_moved import asked, stack


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
