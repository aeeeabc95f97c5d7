"""A convolution of one pixel: filters over the channels of each pixel by itself."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from lifsim.config.operation import Channels, WeightOperation
from lifsim.layers import LayerKind
from lifsim.layers.weighted import Weighted
from lifsim.model.fitting import map_of
from lifsim.model.network import Tensor
from lifsim.model.product import Window


@dataclass(frozen=True)
class Pointwise(Weighted):
    """Weights [M, C, 1, 1]."""

    in_shape: tuple[int, int, int]

    kind = "pointwise"

    @property
    def window(self) -> Window:
        filters, height, width = self.output.shape
        return Window(self.in_shape, (filters, height, width), (1, 1))

    @property
    def weight_shape(self) -> tuple[int, ...]:
        return self.output.shape[0], self.in_shape[0], 1, 1


class PointwiseKeys(WeightOperation):
    """filters: how many."""

    op: Literal["pointwise"]
    filters: Channels

    def node(self, inputs: Sequence[Tensor]) -> Pointwise:
        (x,) = inputs
        in_shape = map_of(x, self.name)
        output = Tensor(self.name, (self.filters, *in_shape[1:]), x.timesteps, None)
        return Pointwise(self.name, (x.name,), output, in_shape, bias=self.bias, batch_norm=self.batch_norm)


class PointwiseKind(LayerKind):
    """What a workload says of one."""

    name = "pointwise"
    title = "convolution of one pixel"
    plural = "pointwise"
    keys = PointwiseKeys
