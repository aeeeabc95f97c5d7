"""DRAM bytes of the sums of a layer's batch norm and of their gradients, stage by stage."""

from __future__ import annotations

from collections.abc import Iterator

from lifsim.lazy_dataclass import dataclass
from lifsim.model.network import Layer
from lifsim.report.explain.forward_again import AgainLines
from lifsim.report.explain.line import Line, minus, plus, product, times
from lifsim.schedule.plan import GroupPlan
from lifsim.training.norm_sums import NormSums, Waiting
from lifsim.training.run_again import fetched_again
from lifsim.training.sizes import TrainingSizes

UNIT = "bytes"


@dataclass(frozen=True)
class NormLines:
    """The lines of one layer whose norm takes statistics of the batch."""

    sizes: TrainingSizes
    layer: Layer
    group: GroupPlan
    norm: NormSums

    def forward(self) -> Iterator[Line]:
        """Sums that wait for the statistics, or the product computed again; and those that are kept for the backward
        pass."""
        norm = self.norm
        if norm.forward_write:
            kept = norm.forward_write + norm.replayed == norm.all
            why = "images x rounds x outputs x bits of a sum"
            why += ": all are kept for the norm's gradient" if kept else " that the psum buffer cannot hold"
            expression = minus(self._all if kept else self._away, norm.replayed)
            why += "; those that wait to be replayed are there already" if norm.replayed else ""
            yield Line("sums out", expression, norm.forward_write, UNIT, why)
        if norm.forward_read:
            why = "what the psum buffer cannot hold until the statistics are known"
            yield Line("sums in", self._away, norm.forward_read, UNIT, why)
        if norm.way == "twice":
            again, moved = fetched_again(self.sizes, self.layer, self.group), norm.again
            why = "the product runs once more when the statistics are known"
            if moved.weights:
                visits = product(again.visits, again.weights)
                yield Line("weights again", visits, moved.weights, UNIT, f"{why}: visits x what does not stay")
            if moved.spikes_in:
                spikes = minus(str(again.spikes), again.stay)
                yield Line("spikes in again", spikes, moved.spikes_in, UNIT, f"{why}: all but what stays")
            if moved.psum:
                yield Line("psums again", str(moved.psum), moved.psum, UNIT, f"{why}: they spill again")

    def recompute(self, product: AgainLines) -> Iterator[Line]:
        """Recomputed sums that wait for the second pass, or the `product` computed again."""
        norm = self.norm
        if norm.recompute_write:
            why = "sums that the psum buffer cannot hold until the second pass of the norm's gradient"
            why += "; those that wait to be replayed are there already" if norm.replayed else ""
            yield Line("sums out", minus(self._away_back, norm.replayed), norm.recompute_write, UNIT, why)
        if norm.recomputed_twice:
            yield from product.once_more(norm)

    def first_pass(self) -> Iterator[Line]:
        """The first pass: the sums of dy and of dy x^ over the batch."""
        if self.norm.first_read:
            yield Line("sums in", self._all, self.norm.first_read, UNIT, "images x rounds x outputs x bits of a sum")
        if self.norm.gradient_write:
            why = "dy that spike_out cannot hold until the second pass"
            yield Line("dy out", self._gradients_away, self.norm.gradient_write, UNIT, why)

    def second_pass(self) -> Iterator[Line]:
        """The second pass: the gradients of the sums."""
        if self.norm.second_read:
            why = "sums that the psum buffer has not held since the first pass"
            yield Line("sums in", self._away_back, self.norm.second_read, UNIT, why)
        if self.norm.gradient_read:
            count = self._waiting.gradients
            why = "dy that spike_out has not held since the first pass" + (", of all readers" if count > 1 else "")
            expression = times(product(count), self._gradients_away)
            yield Line("dy in", expression, self.norm.gradient_read, UNIT, why)

    @property
    def _waiting(self) -> Waiting:
        return Waiting(self.sizes, self.layer, self.group)

    @property
    def _values(self) -> str:
        layer = self.layer
        return product(self.sizes.batch, layer.rounds, layer.pixels, layer.filters)

    @property
    def _all(self) -> str:
        return f"ceil({self._values}*{self._waiting.bits}/8)"

    @property
    def _away(self) -> str:
        waiting = self._waiting
        if waiting.replayed and self.layer.lif is not None:
            return str(waiting.away)
        room, bits = waiting.room, waiting.bits
        held = plus(*(product(count, min(room, values * bits // 8)) for values, count in waiting.sets if values))
        return self._all if held == "0" else f"{self._all} - ({held})"

    @property
    def _away_back(self) -> str:
        waiting = self._waiting
        values, often = waiting.at_a_time
        room = self.sizes.chip.room.psum if self.sizes.chip.dataflow.sums_in_pes else 0
        return minus(self._all, often * min(room, values * waiting.bits // 8))

    @property
    def _gradients_away(self) -> str:
        values, often = self._waiting.at_a_time
        bits, room = self.sizes.chip.precision.of_gradients, self.sizes.chip.room.spike_out
        return minus(f"ceil({self._values}*{bits}/8)", often * min(room, values * bits // 8))
