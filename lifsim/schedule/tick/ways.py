"""The ways in which a tick-batched layer may run its chains; its tilings are tried in each of them.

All timesteps of a tile run back to back, and a chain of `channelN` calls filter after filter in each of them before the
next one: u(t + 1, group 0) continues u(t, group N - 1). So either *whole chains* are finished together, N filters of a
fold (`Gemm.chain`), or folds *alternate*: those that have chains in common take turns at every timestep. Then the tile
holds the weights of all these folds, which no PE keeps from one timestep to the next, and each of their chains has a
membrane of its own. The groups of a convolution are separate products, whose folds can only alternate.
"""

from __future__ import annotations

from math import lcm

from lifsim.hardware.array import ArrayShape, Chains, Dataflow, Gemm
from lifsim.lazy_dataclass import dataclass
from lifsim.model.network import Layer
from lifsim.schedule.tensors.chains import linked_groups
from lifsim.schedule.tensors.products import gemm_of
from lifsim.schedule.tick.held import MembraneRoom


@dataclass(frozen=True)
class Way:
    """chains: how the chains of a layer run; None: it has none. membranes: where its membranes live; None: in the
    array's registers, whatever the tile."""

    chains: Chains | None = None
    membranes: MembraneRoom | None = None

    def smallest_tile(self, layer: Layer, cols: int) -> int:
        """The smallest filter tile of a group of `layer`: the filters of `cols` columns; with chains, those that fill
        whole folds, or those whose folds have chains in common."""
        if self.chains is None:
            return min(cols, layer.group_filters)
        length, groups = self.chains.length, self.chains.groups
        if groups == 1:
            fits = lcm(cols, length) if self.chains.alternating else cols // length * length
            return min(fits if cols >= length else length, layer.group_filters)
        return min(cols, layer.group_filters) if groups == length else layer.group_filters

    def keeps_chains(self, tile: Gemm, dataflow: Dataflow, shape: ArrayShape) -> bool:
        """Whether a tile finishes whole chains, if they must be whole."""
        if self.chains is None or self.chains.alternating:
            return True
        together = dataflow.finishes(tile, shape).filters
        return together is None or together >= tile.filters or together % self.chains.length == 0


UNCHAINED = Way()
"""The way of a layer whose neurons do not share membranes, which the registers hold."""


def chains_of(layer: Layer, channels: int, dataflow: Dataflow, shape: ArrayShape) -> tuple[Chains | None, ...]:
    """The ways of a layer of which `channels` groups of channels use a state in turn.

    A layer that is computed once and replayed at all timesteps cannot alternate, since the PEs hold the currents of one
    fold only. If every fold has whole chains anyway, alternating is not needed.
    """
    if layer.lif is None or channels == 1:
        return (None,)
    if layer.lif.output.shape[0] != layer.filters:
        return ()
    linked = linked_groups(layer, channels)
    found = [Chains(channels)] if layer.groups == 1 else []
    together = dataflow.finishes(gemm_of(layer), shape).filters
    as_it_is = layer.groups == 1 and (together is None or together % channels == 0)
    if layer.rounds == layer.timesteps and not as_it_is:
        found.append(Chains(channels, alternating=True, groups=linked))
    return tuple(found)
