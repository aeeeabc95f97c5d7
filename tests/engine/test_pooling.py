"""Do pools see the padding as what cannot win, or as nothing?"""

from __future__ import annotations

import numpy as np
import pytest

from lifsim.engine.pooling import pool
from lifsim.model.network import Pool, Tensor


@pytest.mark.parametrize(
    ("kind", "pooled"), [("max", [[-4.0, -3.0], [-2.0, -1.0]]), ("avg", [[-1.0, -0.75], [-0.5, -0.25]])]
)
def test_padding_never_is_the_maximum_and_adds_nothing_to_a_mean(kind: str, pooled: list[list[float]]) -> None:
    """Windows of 2 x 2 on a map of 2 x 2 with a border of 1: each sees one pixel and three of the border."""
    node = Pool("pool", ("x",), Tensor("pool", (1, 2, 2), 1, None), kind, (2, 2), (2, 2), (1, 1))
    x = np.array([[-4.0, -3.0], [-2.0, -1.0]], np.float32)
    assert pool(x[..., None], node, np.float32)[..., 0].tolist() == pooled
