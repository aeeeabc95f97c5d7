"""DRAM bytes of a layer's forward product when it runs again in the backward pass: weights, input, partial sums."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from lifsim.lazy_dataclass import dataclass
from lifsim.report.explain.line import Line, minus, plus, product, times
from lifsim.report.explain.weights import VisitedWeights
from lifsim.schedule.facts import LayerFacts
from lifsim.schedule.plan import GroupPlan
from lifsim.schedule.timestep.group import Chunks
from lifsim.training.forward_again import ForwardAgain, visit_reads
from lifsim.training.norm_sums import NormSums
from lifsim.units import counted

UNIT = "bytes"


@dataclass(frozen=True)
class AgainLines:
    """The lines of one layer in `group` for `batch` images. inference: its lines in the forward pass; spike_in:
    bytes of that buffer."""

    again: ForwardAgain
    group: GroupPlan
    facts: LayerFacts
    batch: int
    spike_in: int
    inference: Sequence[Line]

    def lines(self) -> Iterator[Line]:
        """Under tick batching, the lines of the forward pass. In a timestep-major group the layer shares the weight
        buffer with the group's backward products, and none of its input is on chip."""
        yield self._weights
        yield self._spikes
        yield from self._psums

    def once_more(self, norm: NormSums) -> Iterator[Line]:
        """The bytes of running the product again for the second pass of a norm's gradient."""
        moved, why = norm.recompute_again, "the product runs once more for the second pass of the norm's gradient"
        weights = minus(self._weights.expression, self.again.stay)
        if moved.weights:
            yield Line("weights again", weights, moved.weights, UNIT, why)
        yield Line("spikes in again", self._spikes.expression, moved.spikes_in, UNIT, why)
        for line in self._psums:
            if moved.psum:
                replayed = self.facts.layer.timesteps * norm.replayed
                yield Line(
                    "psums again", minus(line.expression, replayed), moved.psum, UNIT, f"{why}: they spill again"
                )

    @property
    def _weights(self) -> Line:
        if self.group.tick_batched:
            return self.inference[0]
        expression, how = self._visited.expression, self._visited.why
        why = f"filters x bytes of one{how}"
        return Line("weights", expression, self.again.weights, UNIT, why)

    @property
    def _spikes(self) -> Line:
        if self.group.tick_batched:
            return self.inference[1]
        facts, tile = self.facts, self._visited.tile(self.facts)
        visits = (
            product(count, int(visit_reads(facts, images, self.spike_in)[tile])) for images, count in self._chunks.sizes
        )
        tiles = counted(-(-facts.layer.group_filters // self.again.filters), "filter tile")
        why = f"rounds x chunks x a visit's input from DRAM, again for halos and for {tiles}"
        return Line("spikes in", times(product(facts.layer.rounds), plus(*visits)), self.again.spikes, UNIT, why)

    @property
    def _psums(self) -> Iterator[Line]:
        return (line for line in self.inference if line.quantity == "psums")

    @property
    def _chunks(self) -> Chunks:
        return Chunks(self.batch, self.group.images)

    @property
    def _visited(self) -> VisitedWeights:
        layer, facts = self.facts.layer, self.facts
        return VisitedWeights(
            groups=layer.groups,
            filters=layer.filters,
            tile_filters=self.again.filters,
            filter_bytes=facts.filter_bytes,
            region=self.again.region,
            stay=self.again.stay,
            visits=self._chunks.count * layer.rounds,
            rows=self.batch * layer.rounds * facts.rows.axis.rows_out,
        )
