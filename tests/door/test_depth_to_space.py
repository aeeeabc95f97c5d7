"""Is a layer whose filters become pixels, so that its output has fewer channels than its window has filters, computed
as plain loops compute it?"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pytest

import lifsim
from lifsim.config.operation import Channels, WeightOperation
from lifsim.config.workload import load_workload
from lifsim.engine.inference import Engine
from lifsim.engine.weights import weight_shapes
from lifsim.errors import InputError
from lifsim.layers import LayerKind
from lifsim.layers.weighted import Weighted
from lifsim.model.fitting import map_of
from lifsim.model.network import Tensor
from lifsim.model.product import Array, Given, Operator, Window
from lifsim.model.sharing import Sharing

BLOCK = 2

NET = """
name: net
timesteps: 3
input: {shape: [5, 4, 4], encoding: rate}
layers:
- {name: up, op: to_space, out: 3, bias: true}
"""


@dataclass(frozen=True)
class ToSpace(Weighted):
    """Filters of one pixel, BLOCK x BLOCK of them an output channel."""

    in_shape: tuple[int, int, int]

    kind = "to_space"

    @property
    def window(self) -> Window:
        channels, height, width = self.output.shape
        return Window(self.in_shape, (channels * BLOCK**2, height // BLOCK, width // BLOCK), (1, 1))

    @property
    def weight_shape(self) -> tuple[int, ...]:
        return self.window.out_shape[0], self.in_shape[0], 1, 1

    def forward(self, given: Given) -> Operator:
        plain = super().forward(given)

        def spread(inputs: Sequence[Array]) -> Array:
            *lead, height, width, filters = (found := plain(inputs)).shape
            apart = found.reshape(*lead, height, width, BLOCK, BLOCK, filters // BLOCK**2)
            return apart.swapaxes(-4, -3).reshape(*lead, height * BLOCK, width * BLOCK, filters // BLOCK**2)

        return spread


class ToSpaceKeys(WeightOperation):
    """out: channels."""

    op: Literal["to_space"]
    out: Channels

    def node(self, inputs: Sequence[Tensor]) -> ToSpace:
        (x,) = inputs
        _, height, width = in_shape = map_of(x, self.name)
        output = Tensor(self.name, (self.out, height * BLOCK, width * BLOCK), x.timesteps, None)
        return ToSpace(self.name, (x.name,), output, in_shape, bias=self.bias, batch_norm=self.batch_norm)


class ToSpaceKind(LayerKind):
    """What a workload says of one."""

    name, title, plural = "to_space", "convolution of one pixel, depth to space", "depths to space"
    keys = ToSpaceKeys


def test_it_is_computed_as_loops_compute_it(registered: Callable[..., None], tmp_path: Path) -> None:
    registered("layer", ToSpaceKind)
    path = tmp_path / "net.yaml"
    path.write_text(NET)
    network = load_workload(str(path))
    draw = np.random.default_rng(0)
    weights: dict[str, Any] = {name: draw.standard_normal(shape) for name, shape in weight_shapes(network).items()}
    assert {name: value.shape for name, value in weights.items()} == {"up.weight": (12, 5, 1, 1), "up.bias": (12,)}
    x = draw.integers(0, 2, (3, 2, 5, 4, 4)).astype(np.uint8)
    found = Engine(network, Sharing(), weights, dtype=np.float64).run(x).outputs
    expected = np.zeros((3, 2, 3, 8, 8))
    for row, column, channel in np.ndindex(8, 8, 3):
        filter_ = (row % BLOCK * BLOCK + column % BLOCK) * 3 + channel
        seen = x[:, :, :, row // BLOCK, column // BLOCK]
        expected[:, :, channel, row, column] = (
            seen @ weights["up.weight"][filter_, :, 0, 0] + weights["up.bias"][filter_]
        )
    np.testing.assert_allclose(found, expected, rtol=1e-12)


def test_a_batch_norm_asks_for_an_output_channel_a_filter(registered: Callable[..., None], tmp_path: Path) -> None:
    registered("layer", ToSpaceKind)
    path = tmp_path / "net.yaml"
    path.write_text(NET.replace("bias: true", "batch_norm: true"))
    with pytest.raises(InputError, match=r"member to_space \(tests\) node: must return a ToSpace with no batch norm"):
        lifsim.load_workload(str(path))
