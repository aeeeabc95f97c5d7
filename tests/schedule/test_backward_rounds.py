"""Does the array load the weights of the transposed product as often as its order comes back to them?"""

from __future__ import annotations

import pytest

from lifsim.hardware.array import DATAFLOWS, ArrayShape
from lifsim.training.nests import BackwardOrder, Tiles
from lifsim.training.products import StageWork, backward_product
from tests.schedule import build


@pytest.mark.parametrize(("dataflow", "loads"), [("ws", {1: 3, 3: 1}), ("os", {1: 3, 3: 3}), ("is", {1: 3, 3: 3})])
def test_a_tile_of_one_round_loads_its_weights_in_each(dataflow: str, loads: dict[int, int]) -> None:
    """2 channels of 4 filters, 1 x 1 on one row of 2 pixels, 3 rounds: 8 weights, by 8 x 2 PEs in one fold. A
    weight-stationary array streams the 2 pixels of so many rounds as a tile takes past one load."""
    layer = build.conv_layer((2, 1, 2), 4, (1, 1), (1, 1), (0, 0), timesteps=3)
    shape, found = ArrayShape(8, 2), {}
    for together in (1, 3):
        order = BackwardOrder(Tiles("weights_outer", 2, 2, 1, 1, together), 0, 0, 0, 0)
        product = backward_product(layer, DATAFLOWS[dataflow], order)
        work = StageWork.of(product, shape, 1, 0, tick_batched=True)
        found[together] = work.weights // 8
        if dataflow == "ws":
            assert work.cycles.total == loads[together] * (2 * 8 + 2 - 2) + 3 * 2
    assert found == loads
