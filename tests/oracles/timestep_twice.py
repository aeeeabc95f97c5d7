"""Products of a timestep-major group that run twice at every visit, filter tile by filter tile, walked."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from lifsim.model.arch import Arch
from lifsim.model.network import Layer, Network
from lifsim.model.sharing import Sharing
from lifsim.schedule.plan import GroupPlan
from tests.oracles import timestep_major


class Twice(timestep_major._Walker):
    """again: by layer and "weights" or "spikes", what the second runs move. Of a tile the region keeps what it holds,
    pinned bytes are there, and so is an input that spike_in has whole."""

    def __init__(self, network: Network, sharing: Sharing, arch: Arch, plan: GroupPlan, batch: int) -> None:
        super().__init__(network, sharing, arch, plan, [network.timesteps] * batch)
        self.again: Counter[tuple[str, str]] = Counter()
        for chunk, first in enumerate(range(0, batch, plan.images)):
            self.chunk(chunk, range(first, min(first + plan.images, batch)))

    def fetch_weights(self, layer: Layer, images: Sequence[int], rows: range) -> None:
        super().fetch_weights(layer, images, rows)
        region = self.plan.residency.weight_region  # type: ignore[union-attr]
        for tile in self.weight_tiles(layer):
            streams = [byte for byte in tile[region:] if byte not in self.pinned[layer.index]]
            self.again[layer.name, "weights"] += len(streams) * len(images) * len(rows)

    def read_input(self, layer: Layer, images: Sequence[int], here: set[timestep_major.Byte], runs: int = 1) -> int:
        once = super().read_input(layer, images, here, runs)
        self.again[layer.name, "spikes"] += super().read_input(layer, images, here, 2) - once
        return once
