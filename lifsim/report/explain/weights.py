"""A layer's filters, read from DRAM: weights or a tick-batched second operand. They are read once, and again at each
visit except for what stays."""

from __future__ import annotations

import numpy as np

from lifsim.lazy_dataclass import dataclass
from lifsim.model.arch import Arch
from lifsim.model.network import Layer
from lifsim.report.explain.line import Line, minus, plus, product, times
from lifsim.schedule.facts import LayerFacts
from lifsim.schedule.plan import GroupPlan
from lifsim.schedule.tensors.storage import filter_bytes, images_together
from lifsim.schedule.timestep.group import Group
from lifsim.schedule.traffic import LayerTraffic
from lifsim.units import counted, noun_of

SECOND = "second operand"


def weight_line(
    layer: Layer, arch: Arch, plan: GroupPlan, traffic: LayerTraffic, walked: Group | None, batch: int
) -> Line:
    """The line of the filters. walked: the group, if it is timestep-major; the layer must have weights then."""
    tiling, one = traffic.tiling, filter_bytes(layer, arch.precision.weight_bits, layer.rounds)
    together = images_together(layer, batch)
    everything, filters = layer.filters * one, product(layer.filters, one)
    if walked is None or plan.residency is None:
        how, visits, rows = "row tiles and images", together * tiling.row_tiles, together * tiling.row_tiles
        inputs_outer = tiling.order == "inputs_outer"
        sets = tiling.group_sets(layer.groups)
        stays = sets * tiling.resident_weight_bytes if inputs_outer else everything
        streamed = 0 if inputs_outer else _overflow(layer, tiling.filters, one, arch.buffers.weight.usable_bytes)
        stays -= streamed
    else:
        how = "chunks, timesteps and strips"
        visits = _visits(layer, plan, walked)
        rows = batch * layer.rounds * walked.layers[layer.index - plan.first].rows.axis.rows_out
        stays = tiling.resident_weight_bytes
        beyond = _overflow(layer, min(arch.array.cols, layer.group_filters), one, plan.residency.weight_region)
        streamed = beyond - min(beyond, stays)
    again = (visits - 1) * (everything - stays - streamed)
    coming = f"{visits - 1}*({filters} - {stays + streamed})" if again else ""
    streaming = product(rows - 1, streamed) if streamed and rows > 1 else ""
    why = f"filters x ceil({layer.reduction}*{_bits(layer, arch)}/8) bytes"
    if again:
        why += f", for each of {counted(visits, 'visit')} ({how})" + (f" but for {stays} that stay" if stays else "")
    elif stays and visits > 1 and not streaming:
        why += f", stays for all {visits} visits"
    why += f", and {streamed} that overflow the buffer for each of {rows} {noun_of(rows, 'row')}" if streaming else ""
    expression = plus(filters, coming, streaming)
    if layer.operand is None:
        return Line("weights", expression, traffic.dram.weights, "bytes", why)
    why = f"images x ({why})" if batch > 1 else why
    return Line(SECOND, f"{batch}*({expression})", traffic.dram.operand, "bytes", why)


def _bits(layer: Layer, arch: Arch) -> str:
    if layer.operand is None:
        return str(arch.precision.weight_bits)
    return f"{layer.operand.bits(arch.precision.psum_bits)}*{layer.rounds}"


def _visits(layer: Layer, plan: GroupPlan, walked: Group) -> int:
    """The visits of a timestep-major layer: chunks x timesteps x strips in which it has work."""
    strip = next((strip for strip in plan.strips if strip.first <= layer.index <= strip.last), None)
    strips = 1
    if strip is not None:
        relay = next(one for one in walked.in_strips.values() if (one.first, one.last) == (strip.first, strip.last))
        strips = len(relay.starts(layer.index, strip.rows))
    return walked.chunks.count * layer.rounds * strips


def _overflow(layer: Layer, filters: int, filter_size: int, room: int) -> int:
    return layer.groups * overflow(layer.group_filters, filters, filter_size, room)


def overflow(every: int, filters: int, filter_size: int, room: int) -> int:
    """Bytes by which tiles of this many `filters` of a group exceed the room for one tile, all tiles together."""
    whole, last = divmod(every, filters)
    return whole * max(0, filters * filter_size - room) + max(0, last * filter_size - room)


@dataclass(frozen=True)
class VisitedWeights:
    """The weights of a product with this many `filters` in all, which shares the weight buffer with other products
    in the backward pass. In bytes: one filter, the `region` for a tile of this many filters, and what stays for all
    visits. rows: row tiles of all visits."""

    groups: int
    filters: int
    tile_filters: int
    filter_bytes: int
    region: int
    stay: int
    visits: int
    rows: int

    @property
    def expression(self) -> str:
        """The bytes, as a term."""
        every, streamed = product(self.filters, self.filter_bytes), self.streamed
        rest = self.filters * self.filter_bytes - self.stay - streamed
        again = times(str(self.visits - 1), minus(every, self.stay + streamed)) if rest and self.visits > 1 else ""
        more = product(self.rows - 1, streamed) if streamed and self.rows > 1 else ""
        return plus(every, again, more)

    @property
    def why(self) -> str:
        """How often which part is read, in words."""
        stay = (
            f"; {self.stay} stay for all {counted(self.visits, 'visit')}"
            if self.stay
            else f", at each of {counted(self.visits, 'visit')}"
        )
        if not self.streamed or self.rows == 1:
            return stay
        return f"{stay}, and {self.streamed} that overflow for each of {self.rows} {noun_of(self.rows, 'row')}"

    def tile(self, facts: LayerFacts) -> int:
        """1 + the index of its tile size among those of the layer; 0 if tiles overflow, which only the smallest do."""
        place = int(np.flatnonzero(facts.tile_filters == self.tile_filters)[0])
        return 0 if self.streamed else 1 + place

    @property
    def streamed(self) -> int:
        """Bytes of tiles that overflow, which are read again for each row."""
        over = overflow(self.filters // self.groups, self.tile_filters, self.filter_bytes, self.region)
        return max(0, self.groups * over - self.stay)
