"""What batch norms of a training run wait for while the legality oracle walks a plan: their statistics.

They are known when all rows of all images are summed up, of the timestep or of all timesteps. A layer applies its norm
itself, before its neurons are called, or hands its sums on: then whoever reads them does.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from tests.oracles.legality_chip import require
from tests.oracles.legality_events import Event, Layer, Load, Net, Thing


class Norms:
    """summed: by layer, image and timestep, [filters, pixels] parts of its sums that have been added."""

    def __init__(self, net: Net, summed: Mapping[Thing, NDArray[np.int32]]) -> None:
        self.net, self.summed = net, summed

    def require_applied(
        self, layer: Layer, timestep: int, event: Event, filters: tuple[int, int] | None = None
    ) -> None:
        """Raise unless a layer that applies its norm itself can do so, to all its filters or to these."""
        if not layer.hands_on:
            self._require_statistics(layer, timestep, event, filters)

    def require_read(self, name: str, timestep: int, event: Event) -> None:
        """Raise unless who reads a node can apply the norm of sums that were handed on with it."""
        owner = self.net.node(name).layer
        if owner is not None and self.net.layer(owner).hands_on:
            self._require_statistics(self.net.layer(owner), timestep, event)

    def require_packed(self, event: Load) -> None:
        """The same of a packed input, which is read at all timesteps."""
        if event.thing[0] == "/packed":
            source = self.net.node(self.net.layer(event.thing[1]).product).sources[0]
            for timestep in range(self.net.timesteps):
                self.require_read(source.node, timestep, event)

    def _require_statistics(
        self, layer: Layer, timestep: int, event: Event, filters: tuple[int, int] | None = None
    ) -> None:
        if layer.norm is None:
            return
        product = self.net.node(layer.product)
        timesteps = range(self.net.timesteps) if layer.norm == "all_timesteps" else [timestep]
        for image in range(self.net.images):
            for one in timesteps if product.steps == "every" else [0]:
                done = self.summed.get((layer.name, image, one))
                complete = done is not None and bool((done[slice(*(filters or (None,)))] == layer.parts).all())
                lacks = f"the batch norm of {layer.name} lacks sums of image {image}, timestep {one}"
                require(complete, event, lacks)
