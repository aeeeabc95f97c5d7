"""Do tilings wait for LIF units as the block-by-block count says, where all blocks are alike?"""

from __future__ import annotations

import numpy as np
from hypothesis import assume, given
from hypothesis import strategies as st

from lifsim.hardware.array import DATAFLOWS, ArrayShape, Cut, Gemm, dense_cycles, output_blocks
from lifsim.hardware.lif_unit import lif_cycles
from lifsim.schedule.tensors.psums import PsumStore
from lifsim.schedule.tick.lif_turns import LifTurns
from lifsim.schedule.tick.tile_price import TilePrices
from lifsim.schedule.tick.ways import UNCHAINED

FEW = st.integers(1, 3)


@given(
    dataflow=st.sampled_from(["os", "ws", "is"]),
    shape=st.builds(ArrayShape, FEW, FEW),
    tile=st.tuples(FEW, FEW),
    tiles=st.tuples(FEW, FEW),
    reduction=st.integers(1, 9),
    groups=st.integers(1, 2),
    timesteps=st.integers(1, 4),
    replays=st.booleans(),
    pass_cycles=st.integers(1, 60),
)
def test_tilings_wait_as_the_block_by_block_count_says(
    dataflow: str,
    shape: ArrayShape,
    tile: tuple[int, int],
    tiles: tuple[int, int],
    reduction: int,
    groups: int,
    timesteps: int,
    replays: bool,
    pass_cycles: int,
) -> None:
    """Tiles of whole folds of H pixels and of W of them, and of W filters; every block finishes as many passes."""
    unit = shape.rows * shape.cols
    high, wide = tile[0] * unit, tile[1] * shape.cols
    gemm = Gemm(high * tiles[0], reduction, wide * tiles[1], groups)
    rounds = 1 if replays else timesteps
    store = PsumStore(DATAFLOWS[dataflow], shape, 16, 0)
    prices = TilePrices(gemm, store, np.array([high]), np.array([wide]), UNCHAINED)
    grid = prices.grid(np.array([0]), np.array([0]))

    every = Cut(tuple(range(0, gemm.pixels, high)), wide).tiles(gemm)
    blocks = [
        output_blocks(store.dataflow, one, shape, rounds, tick_batched=True) for one, n in every for _ in range(n)
    ]
    work = sum(dense_cycles(store.dataflow, one, shape, rounds, tick_batched=True).total * n for one, n in every)
    passes = groups * tiles[0] * tiles[1] * (high // shape.rows) * (wide // shape.cols)
    served = np.concatenate(blocks, axis=1)
    assume(timesteps * passes % served.size == 0)
    waited = lif_cycles(pass_cycles, passes, timesteps, served, tick_batched=True, overlapped=True)

    turns = LifTurns(pass_cycles, gemm.pixels, timesteps, rounds)
    assert turns.waits(gemm, prices.array, grid, np.array([[work]])).tolist() == [[waited]]
