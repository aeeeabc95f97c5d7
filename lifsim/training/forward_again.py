"""The forward product of a layer that runs once more in the backward pass, for the inputs x of its LIF.

It has the array work of the forward pass and fetches the same operands, except that all of its input is in DRAM.
Tick-batched it runs in the forward pass's tiling and loop order, for all images before the backward product begins: an
output tile has all timesteps of its outputs, so that its calls are undone (or made again) and its membrane gradients
computed before the next tile begins. The gradients wait in spike_out and in DRAM for the backward product and the
update. Timestep-major it takes turns with the backward products of its group, visit by visit, and shares the weight
buffer with them: a region for the tile at work, and what is pinned of the weights of both.
"""

from __future__ import annotations

import numpy as np

from lifsim.lazy_dataclass import dataclass
from lifsim.model.network import Layer
from lifsim.schedule.facts import LayerFacts
from lifsim.schedule.plan import GroupPlan
from lifsim.schedule.tensors.input_reads import traversal_reads, whole_reads
from lifsim.schedule.tensors.rows import Ints
from lifsim.schedule.timestep.group import Chunks
from lifsim.training.sizes import TrainingSizes


@dataclass(frozen=True)
class ForwardAgain:
    """Bytes that come in for the whole batch. weights, of which `stay` bytes stay for all visits; spikes. filters: of a
    tile; region: bytes of the weight buffer for the tile at work, in a timestep-major group."""

    weights: int
    spikes: int
    stay: int
    filters: int
    region: int


def runs_again(sizes: TrainingSizes, layer: Layer) -> bool:
    """Whether the layer's product runs a second time."""
    return sizes.keeping.product_again and layer.lif is not None


def again_tick_batched(group: GroupPlan) -> ForwardAgain:
    """The forward product of a layer, run again as in the forward pass."""
    moved, tiling = group.layers[0].dram, group.layers[0].tiling
    return ForwardAgain(moved.weights, moved.first_operand, tiling.resident_weight_bytes, tiling.filters, 0)


def facts_again(sizes: TrainingSizes, group: GroupPlan) -> dict[int, LayerFacts]:
    """Layers (by their place in a timestep-major group) that run again."""
    layers = group.walked.group.layers
    return {place: facts for place, facts in enumerate(layers) if runs_again(sizes, facts.layer)}


def visits_reads(facts: LayerFacts, chunks: Chunks, spike_in: int, spike_out: int = 0) -> Ints:
    """[1 + m] bytes of the streamed operand that come in over all visits, by the tile of filters."""
    moved = (count * visit_reads(facts, images, spike_in, spike_out) for images, count in chunks.sizes)
    reads: Ints = facts.layer.rounds * np.sum(list(moved), axis=0)
    return reads


def visit_reads(facts: LayerFacts, images: int, spike_in: int, spike_out: int = 0) -> Ints:
    """[1 + m] the same for one visit: gradients in spike_out need not be loaded; an input is never there and comes from
    DRAM."""
    held = min(images * facts.input_bytes, spike_out)
    if images * facts.input_bytes - held <= spike_in:
        return whole_reads(facts, images, held)
    return traversal_reads(facts, images, held, spike_in)
