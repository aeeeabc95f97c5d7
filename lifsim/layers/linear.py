"""Fully connected layer."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from lifsim.config.operation import Channels, WeightOperation
from lifsim.layers.protocol import LAYERS, LayerKind
from lifsim.layers.weighted import Weighted
from lifsim.lazy_dataclass import dataclass
from lifsim.model.fitting import MAX_WEIGHTS, MisfitError
from lifsim.model.network import Tensor
from lifsim.model.product import Window
from lifsim.model.schema import known


@dataclass(frozen=True)
class Linear(Weighted):
    """Fully connected, weights [M, F]; a (C, H, W) input is flattened in that order."""

    in_features: int

    kind = "linear"
    flat = True

    @property
    def window(self) -> Window:
        """The one pixel that it reads."""
        return Window.of_linear(self.in_features, self.output.shape[0])

    @property
    def weight_shape(self) -> tuple[int, ...]:
        """[M, F]"""
        return self.output.shape[0], self.in_features


class LinearKeys(WeightOperation):
    """Fully connected; a (C, H, W) input is flattened."""

    op: Literal["linear"]
    out: Channels

    def node(self, inputs: Sequence[Tensor]) -> Linear:
        """Raises MisfitError if it has too many weights."""
        (x,) = inputs
        if self.out * x.elements > MAX_WEIGHTS:
            raise MisfitError(("out", f"{self.out} filters must come to <= {MAX_WEIGHTS} weights"))
        return Linear(
            self.name,
            (x.name,),
            Tensor(self.name, (self.out,), x.timesteps, None),
            x.elements,
            bias=known(self, "bias", False),
            batch_norm=known(self, "batch_norm", False),
        )


@LAYERS.register
class LinearKind(LayerKind):
    """docs/workloads.md."""

    name = "linear"
    title = "fully connected"
    plural = "linear"
    keys = LinearKeys
