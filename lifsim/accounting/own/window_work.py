"""A layer in parts: either window after window, each a layer of that many timesteps on its part of the spikes; or, in
skewed waves, timestep by timestep, each cut into strips of its own."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from lifsim.accounting.machine import Machine
from lifsim.accounting.own.array_work import ArrayWork, LifCalls, array_work, lif_calls, lif_waits
from lifsim.accounting.protocol import Setup
from lifsim.hardware.array import Cut, Kept, Laid, dataflow_of, shape_of, sparsity_of
from lifsim.lazy_dataclass import dataclass
from lifsim.model.network import Layer
from lifsim.schedule.plan import GroupPlan
from lifsim.schedule.tensors.products import laid_out
from lifsim.schedule.tensors.storage import row_pixels
from lifsim.schedule.window import TIMESTEP, layers_of


@dataclass(frozen=True)
class WindowWork:
    """A layer in one window or timestep, what is kept of its spikes there, and the tiles of the array. tick_batched:
    whether all timesteps of a tile run back to back. opens, closes: whether an earlier window has left states to it,
    and whether it leaves states to a later one. computes: whether the array works; if not, the LIFs fire on currents
    that were computed before."""

    layer: Layer
    kept: Kept
    cut: Cut
    tick_batched: bool
    opens: bool = False
    closes: bool = False
    computes: bool = True

    def laid(self, machine: Machine) -> Laid:
        """The product on the array."""
        shape, dataflow = shape_of(machine.array), dataflow_of(machine.array)
        return laid_out(self.layer, shape, dataflow, self.cut, tick_batched=self.tick_batched)

    def calls(self, setup: Setup) -> LifCalls | None:
        """The calls of its LIFs, which cannot be overlapped if the array does not work."""
        overlapped = setup.machine.lif.overlapped and self.computes
        return lif_calls(self.layer, setup.bank.pass_cycles, overlapped=overlapped)

    def lif_cycles(self, setup: Setup) -> int:
        """Cycles in which the array waits for the LIFs."""
        laid, sparsity, lifs = self.laid(setup.machine), sparsity_of(setup.machine.array), self.calls(setup)
        if self.computes:
            return setup.memo.of(array_work, laid, sparsity, self.kept, lifs).lif_cycles
        return lif_waits(lifs, lifs.pass_cycles, laid, sparsity, self.kept) if lifs else 0


def window_works(setup: Setup, layer: Layer, group: GroupPlan) -> list[WindowWork]:
    """The windows of `layer`, one of `group`; a single one of all timesteps unless it runs in windows or waves."""
    if group.waves is not None and group.waves.skewed:
        return list(_timesteps(setup, layer, group))
    cut = group.cut_of(layer)
    if group.waves is None and (not group.tiled or group.tick_batched):
        run = group.as_run(layer)
        return [WindowWork(run, setup.kept_of(run), cut, group.tiled)]
    found, first = list[WindowWork](), 0
    layers, every = layers_of(layer, group.window), setup.kept_of(layer)
    for number, one in enumerate(layers):
        end = first + one.timesteps
        kept = every if layer.rounds < layer.timesteps else setup.memo.of(_rounds, every, first, end)
        found.append(WindowWork(one, kept, cut, tick_batched=True, opens=number > 0, closes=number < len(layers) - 1))
        first = end
    return found


def _timesteps(setup: Setup, layer: Layer, group: GroupPlan) -> Iterator[WindowWork]:
    """The timesteps of `layer`, each with strips of its own. What is computed once per window is computed at its first
    timestep."""
    run, skips = group.as_run(layer), sparsity_of(setup.machine.array).skips
    every, once, layers = setup.kept_of(run), run.rounds < run.timesteps, layers_of(run, TIMESTEP)
    for number, (first, end) in enumerate(group.window.spans(run.timesteps)):
        for timestep in range(first, end):
            begin = number if once else timestep
            kept = setup.memo.of(_rounds, every, begin, begin + 1)
            cut = group.cut_of(layer, timestep - first)
            if skips and cut.pieces:
                kept = setup.memo.of(_as_worked_off, kept, cut, row_pixels(layer))
            computes = not once or timestep == first
            yield WindowWork(layers[timestep], kept, cut, tick_batched=False, computes=computes)


def _rounds(kept: Kept, first: int, end: int) -> Kept:
    return kept.window(first, end)


def _as_worked_off(kept: Kept, cut: Cut, row_pixels: int) -> Kept:
    order = cut.pixel_order(row_pixels)
    return kept if order is None else kept.in_order(order)


def joined(works: Sequence[ArrayWork]) -> ArrayWork:
    """The works in sequence, as one."""
    return ArrayWork(
        cycles=tuple(cycles for work in works for cycles in work.cycles),
        accesses=tuple(accesses for work in works for accesses in work.accesses),
        macs_effective=tuple(macs for work in works for macs in work.macs_effective),
        lif_cycles=sum(work.lif_cycles for work in works),
    )
