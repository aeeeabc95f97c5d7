"""What the batch norm of a layer adds to the work of its training stages: sums that wait, products that run twice.

The gradient units, one per LIF unit, do its multiply-adds. A value x in front of the norm takes three in the forward
pass (the sums of x and of x^2, and scale * x + shift), one where it is recomputed, three in the first pass of the
backward pass (x^, the sums of dy and of dy * x^) and two in the second (a * dy + b * x + c).
"""

from __future__ import annotations

from dataclasses import replace

from lifsim.accounting.books import Accesses
from lifsim.accounting.counts import LayerCounts
from lifsim.accounting.records import added
from lifsim.lazy_dataclass import dataclass
from lifsim.model.network import Layer
from lifsim.schedule.traffic import DramBytes
from lifsim.training.norm_sums import NormSums

FORWARD, AGAIN, FIRST_PASS, SECOND_PASS = 3, 1, 3, 2
"""Multiply-adds per value."""


@dataclass(frozen=True)
class NormWork:
    """The norm of `layer` for a batch of images. psum_bits: bits of a sum."""

    layer: Layer
    norm: NormSums
    batch: int
    psum_bits: int

    @property
    def values(self) -> int:
        """Number of sums in the batch."""
        return self.batch * self.layer.rounds * self.layer.pixels * self.layer.filters

    def forward(self, counts: LayerCounts, waited: int) -> LayerCounts:
        """`counts` of a forward stage with the norm, whose sums make a round trip; the neurons then take `waited`
        cycles that nothing overlaps."""
        found = self._worked(counts, FORWARD)
        if self.norm.way == "handed on":
            return found
        written, read = (self._elements(size) for size in (self.norm.forward_write, self.norm.forward_read))
        if self.norm.way == "twice":
            return _with_psums(_twice(found, self.norm.again), Accesses(written, written))
        through = Accesses(self.values + written, self.values + read)
        cycles = found.cycles
        cycles = replace(cycles, total=cycles.total - cycles.lif + waited, lif=waited)
        return _with_psums(replace(found, cycles=cycles), through)

    def recompute(self, counts: LayerCounts) -> LayerCounts:
        """`counts` of a recomputation with the norm: the sums wait for the second pass or come again."""
        found, written = self._worked(counts, AGAIN), self._elements(self.norm.recompute_write)
        if self.norm.recomputed_twice:
            return _twice(found, self.norm.recompute_again)
        return _with_psums(found, Accesses(written, self.values))

    def first_pass(self, counts: LayerCounts) -> LayerCounts:
        """`counts` of the pass of the gradient units: sums come from DRAM, dy goes to spike_out."""
        found = _with_psums(self._worked(counts, FIRST_PASS), self._read(self.norm.first_read))
        return _with_gradients(found, Accesses(0, self.values))

    def second_pass(self, counts: LayerCounts) -> LayerCounts:
        """`counts` of the pass of the product: sums come once more, dy comes from spike_out."""
        found = _with_psums(self._worked(counts, SECOND_PASS), self._read(self.norm.second_read))
        return _with_gradients(found, Accesses(self.values, 0))

    def _read(self, size: int) -> Accesses:
        return Accesses(self.values, self._elements(size))

    def _worked(self, counts: LayerCounts, each: int) -> LayerCounts:
        return replace(counts, ops=replace(counts.ops, norm_multiply_adds=each * self.values))

    def _elements(self, size: int) -> int:
        return size * 8 // self.psum_bits


def _twice(counts: LayerCounts, again: DramBytes) -> LayerCounts:
    """`counts` with the array's work done twice; `again`: bytes that the second time fetches."""
    cycles, ops, sram, bits = counts.cycles, counts.ops, counts.sram_accesses, counts.bits
    macs = ("macs_dense", "macs_effective", "macs_executed", "macs_multibit")
    return replace(
        counts,
        cycles=replace(
            cycles,
            total=cycles.total + cycles.array + cycles.fill_drain,
            array=2 * cycles.array,
            fill_drain=2 * cycles.fill_drain,
        ),
        ops=replace(ops, **{name: 2 * getattr(ops, name) for name in macs}),
        sram_accesses=replace(
            sram,
            weight=added([sram.weight, Accesses(sram.weight.reads, again.weights * 8 // bits.weight)]),
            spike_in=added([sram.spike_in, Accesses(sram.spike_in.reads, again.spikes_in * 8 // bits.spike_in)]),
            psum=added([sram.psum, sram.psum]),
        ),
        timesteps=tuple(
            replace(
                step,
                array_cycles=2 * step.array_cycles,
                fill_drain_cycles=2 * step.fill_drain_cycles,
                macs_effective=2 * step.macs_effective,
                input_reads=2 * step.input_reads,
                weight_reads=2 * step.weight_reads,
            )
            for step in counts.timesteps
        ),
        input_words=2 * counts.input_words,
    )


def _with_psums(counts: LayerCounts, more: Accesses) -> LayerCounts:
    sram = counts.sram_accesses
    return replace(counts, sram_accesses=replace(sram, psum=added([sram.psum, more])))


def _with_gradients(counts: LayerCounts, more: Accesses) -> LayerCounts:
    sram = counts.sram_accesses
    return replace(counts, sram_accesses=replace(sram, spike_out=added([sram.spike_out, more])))
