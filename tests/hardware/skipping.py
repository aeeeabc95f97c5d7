"""The sparsity `skip` on one image, as tests ask for it."""

from __future__ import annotations

import numpy as np

from lifsim.hardware.array import DATAFLOWS, SPARSITIES, ArrayCycles, ArrayShape, Gemm, Kept, Laid


def skip_cycles(ones: np.ndarray, gemm: Gemm, shape: ArrayShape, tick_batched: bool = True) -> ArrayCycles:
    """Of all rounds; ones: [rounds, groups, pixels]."""
    laid = Laid(gemm, shape, DATAFLOWS["os"], tick_batched)
    return sum(SPARSITIES["skip"].cycles(Kept(ones[None]), laid), ArrayCycles(0, 0, 0))


def skip_blocks(ones: np.ndarray, gemm: Gemm, shape: ArrayShape, tick_batched: bool = True) -> np.ndarray:
    """[visits, blocks]; ones: [rounds, groups, pixels]."""
    ((blocks, images),) = SPARSITIES["skip"].blocks(Kept(ones[None]), Laid(gemm, shape, DATAFLOWS["os"], tick_batched))
    assert images == 1
    return blocks
