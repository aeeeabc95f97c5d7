"""A layer's cycles in the stages of its training: folds of its products, passes of units, waiting."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from lifsim.accounting.books import Cycles
from lifsim.accounting.counts import LayerCounts
from lifsim.accounting.own.array_work import lif_calls
from lifsim.accounting.own.gradient_units import norm_calls
from lifsim.hardware.array import SPARSITIES, Laid, dense_cycles
from lifsim.hardware.lif_unit import lif_bank
from lifsim.hardware.sram_ports import PortStalls
from lifsim.lazy_dataclass import dataclass
from lifsim.model.arch import Arch
from lifsim.model.network import Layer
from lifsim.optimizers import OPTIMIZERS
from lifsim.report.explain.cycles import cycle_lines, passes_line, waiting_lines
from lifsim.report.explain.line import Line, alike, plus, product, times
from lifsim.training.products import Product, backward_product, update_product
from lifsim.training.stages import Stage
from lifsim.training.traffic import LayerTraining

UNIT = "cycles"


@dataclass(frozen=True)
class StageCycles:
    """One layer of a training run, `laid` out on `arch`. channels: the channel groups that share its LIF units.
    counts: the counts of all stages together."""

    layer: Layer
    arch: Arch
    channels: int
    batch: int
    counts: LayerCounts
    laid: Laid
    traffic: LayerTraining

    def lines(self, stage: Stage, cycles: Cycles) -> Iterator[Line]:
        """The lines of `stage`, which add up to its `cycles`."""
        orders = self.traffic.orders
        if stage in (Stage.FORWARD, Stage.RECOMPUTE):
            yield from self._forward(stage, cycles)
            return
        if stage is Stage.BACKWARD:
            yield from self._product(backward_product(self.layer, self.laid.dataflow, orders.backward), cycles)
        if stage is Stage.WEIGHT_UPDATE:
            yield from self._product(update_product(self.layer, self.laid.dataflow, orders.update), cycles)
            yield self._optimizer(cycles.lif)
        elif cycles.lif:
            norm_alone = self.layer.lif is None or (stage is Stage.BACKWARD and self.traffic.norm is not None)
            yield self._passes(cycles.lif, norm_alone=norm_alone)
        yield from waiting_lines(cycles)

    def _forward(self, stage: Stage, cycles: Cycles) -> Iterator[Line]:
        """As in inference, except that a product that runs twice has its cycles twice, and that nothing hides the
        LIF passes after sums that wait."""
        norm, forward = self.traffic.norm, stage is Stage.FORWARD
        twice = norm is not None and (norm.way == "twice" if forward else norm.recomputed_twice)
        waits = forward and norm is not None and norm.way == "round trip"
        counts = replace(self.counts, cycles=cycles, port_stalls=PortStalls(), fill_stalls=PortStalls())
        told = False
        for line in cycle_lines(self.layer, self.arch, self.channels, self.batch, counts, self.laid):
            if line.quantity in ("stalls", "cycles") and waits and not told:
                told = True
                yield self._passes(cycles.lif, norm_alone=self.layer.lif is None)
            if line.quantity == "array" and SPARSITIES[self.arch.array.sparsity].skips:
                yield self._skipped(line, again=not forward, twice=twice)
            elif line.quantity in ("array", "fill_drain") and twice:
                yield replace(line, expression=times("2", line.expression), why=f"{line.why}; the product runs twice")
            elif line.quantity != "lif" or not waits:
                yield line

    def _skipped(self, line: Line, *, again: bool, twice: bool) -> Line:
        """The cycles of an array that skips zeros, from the timesteps of the forward stage."""
        norm = self.traffic.norm
        doubled = norm is not None and norm.way == "twice"
        once = [step.array_cycles // (2 if doubled else 1) for step in self.counts.timesteps]
        why = f"{line.why}; the product runs twice" if twice else line.why
        why += "; as in the forward stage" if again else ""
        return replace(line, expression=times("2" if twice else "1", alike(once)), why=why)

    def _product(self, made: Product, cycles: Cycles) -> Iterator[Line]:
        """The folds of a product, tile by tile."""
        array, fills = list[str](), list[str]()
        dataflow, shape = made.dataflow, self.laid.shape
        for tile, often in made.tiles:
            folds = dataflow.folds(tile, shape)
            done = dense_cycles(dataflow, tile, shape, made.rounds, tick_batched=self.laid.tick_batched)
            array.append(product(often, tile.groups, folds.count, folds.stream_cycles))
            fills.append(product(often, done.folds, folds.fill_drain_cycles))
        if array:
            why = f"{dataflow.name}: images x rounds x tiles x folds x {dataflow.streamed} of a fold"
            yield Line("array", times(product(self.batch, made.rounds), plus(*array)), cycles.array, UNIT, why)
            why = "images x tiles x folds x cycles to fill and drain the array"
            yield Line("fill_drain", times(product(self.batch), plus(*fills)), cycles.fill_drain, UNIT, why)

    def _passes(self, value: int, *, norm_alone: bool) -> Line:
        """The passes of the gradient units, one for each LIF unit."""
        bank = lif_bank(self.arch.lif, self.arch.array.pes, self.channels)
        calls = None if norm_alone else lif_calls(self.layer, bank.pass_cycles, overlapped=False)
        line = passes_line(calls or norm_calls(self.layer), self.arch, self.laid, self.batch, value, bank.chain)
        what = "of the batch norm over its sums" if norm_alone else "of LIF or gradient units, not hidden"
        return replace(line, why=f"passes {what}: {line.why}")

    def _optimizer(self, value: int) -> Line:
        part = self.arch.optimizer
        chosen = OPTIMIZERS[part.name]
        most = max(chosen.multiply_adds, chosen.divisions)
        why = f"weights x operations of {part.name} over lanes of the optimizer unit"
        return Line("lif", f"ceil({self.layer.weights}*{most}/{part.lanes})", value, UNIT, why)
