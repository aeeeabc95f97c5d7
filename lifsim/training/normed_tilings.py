"""Which tiling of a tick-batched layer with a batch norm moves the fewest bytes in training.

Without a norm it is that of inference: all that a tiling decides comes in once more where the product runs again, and
no other stage asks for it. A norm adds what waits for its statistics (`lifsim.training.norm_sums`): sums of a filter
tile, or of all filters if inputs are outermost, go out and come back, unless the product runs a second time; and where
it runs again in the backward pass it does so twice, but for weights that stay, unless its sums wait.
"""

from __future__ import annotations

import numpy as np

from lifsim.lazy_dataclass import dataclass
from lifsim.model.network import Layer
from lifsim.schedule.plan import alone
from lifsim.schedule.tensors.rows import Ints
from lifsim.schedule.tensors.storage import bytes_of
from lifsim.schedule.tick.nest import Nest
from lifsim.schedule.tick.tilings import Tilings
from lifsim.schedule.traffic import LayerTraffic, Order
from lifsim.schedule.weights.overflow import overflow_by
from lifsim.training.forward_again import again_tick_batched, runs_again
from lifsim.training.norm_sums import norm_sums
from lifsim.training.sizes import TrainingSizes


@dataclass(frozen=True)
class NormedTilings:
    """The judge of the tilings of one layer, which applies its norm itself and has no second operand."""

    sizes: TrainingSizes
    layer: Layer

    def moved(self, traffic: LayerTraffic) -> int:
        """Bytes of all stages that depend on the tiling."""
        group, dram = alone(self.layer.index, self.sizes.batch, traffic), traffic.dram
        norm, comes = norm_sums(self.sizes, self.layer, group), dram.weights + dram.spikes_in + dram.psum
        if norm is None:
            raise ValueError(f"{self.layer.name} must have a norm of the batch")
        found = comes + norm.forward_read + norm.again.total
        if not self._runs_again:
            return found
        again = again_tick_batched(group)
        back = norm.recompute_write + norm.recompute_again.total + norm.second_read
        return found + norm.forward_write + again.weights + again.spikes + dram.psum + back

    def floors(self, search: Tilings) -> Ints:
        """[orders, r, m] what `moved` cannot go below. Exact, but that psums of the tile at work take no room from the
        sums."""
        comes, costs = search.total, search.entering.costs
        waits = np.stack([self._away(search.nest, cost.order) for cost in costs])[:, None]
        if not self._runs_again:
            once: Ints = comes + np.minimum(waits, self._twice(search))
            return once
        stays = np.stack([cost.resident_weights for cost in costs])[:, None]
        back = 2 * self._waiting_back
        found: Ints = 2 * comes + np.minimum(2 * waits, self._twice(search)) + np.minimum(back, comes - stays)
        return found

    @property
    def _runs_again(self) -> bool:
        return runs_again(self.sizes, self.layer)

    @property
    def _bits(self) -> int:
        """Of all sums of the batch."""
        layer, bits = self.layer, self.sizes.chip.precision.psum_bits
        return self.sizes.batch * layer.rounds * layer.pixels * layer.filters * bits

    @property
    def _waiting_back(self) -> int:
        """Bytes of sums that the psum buffer cannot hold between the two passes of the backward pass."""
        chip = self.sizes.chip
        return bytes_of(self._bits) - min(chip.room.psum if chip.dataflow.sums_in_pes else 0, self._bits // 8)

    def _away(self, nest: Nest, order: Order) -> Ints:
        """[m] bytes of sums that an empty psum buffer cannot hold: those of a filter tile wait together, or all of a
        nest."""
        sets, room, width = self.layer.groups // nest.groups, self.sizes.chip.room.psum, nest.filters
        a_filter = self._bits // (sets * nest.all_filters)
        if order == "inputs_outer":
            width = np.full_like(width, nest.all_filters)
        tiles = nest.all_filters // width, nest.all_filters % width
        held = tiles[0] * np.minimum(room, a_filter * width // 8) + np.minimum(room, a_filter * tiles[1] // 8)
        away: Ints = bytes_of(self._bits) - sets * held
        return away

    def _twice(self, search: Tilings) -> Ints:
        """[orders, r, m] bytes that the product fetches when it runs twice at once (`lifsim.training.run_again`)."""
        nest, costs, spikes = search.nest, search.entering.costs, search.entering.spikes
        sets, batch, room = self.layer.groups // nest.groups, self.sizes.batch, self.sizes.chip.room
        streams = overflow_by(np.array(room.weight), nest.filters, 1, nest.all_filters, nest.filter_bytes)
        others = nest.all_filters * nest.filter_bytes - costs[1].resident_weights
        weights = np.stack([streams, np.where(nest.filter_tiles == 1, streams, others)])
        stays = np.stack([cost.resident_spikes for cost in costs])
        if batch > 1:
            stays[1] = 0
        else:
            whole = min(nest.rows.covered * nest.row_bytes, room.spike_in)
            stays[1] = np.where(nest.rows.tiles == 1, whole, stays[1])
        fetched = sets * batch * nest.rows.tiles[:, None] * weights[:, None]
        found: Ints = fetched + spikes - sets * stays[..., None] + 2 * search.spilled
        return found
