"""The cycles of a layer that runs in windows or waves: those of each kind of window, or of timestep, times their
number."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from lifsim.hardware.array import SPARSITIES, Cut, dataflow_of, shape_of
from lifsim.lazy_dataclass import dataclass
from lifsim.model.arch import Arch
from lifsim.model.network import Layer
from lifsim.play.record import LayerRecord
from lifsim.report.explain.cycles import cycle_lines
from lifsim.report.explain.line import Line, plus, times
from lifsim.schedule.plan import GroupPlan, Plan
from lifsim.schedule.tensors.products import laid_out
from lifsim.schedule.window import TIMESTEP, layers_of


@dataclass(frozen=True)
class LayerPart:
    """A layer as it runs in a window, or, if skewed, in a timestep; `times` of them are equal. computes: whether the
    array works; if not, its LIFs fire alone."""

    layer: Layer
    cut: Cut
    tick_batched: bool
    computes: bool = True
    times: int = 1

    def lines(self, arch: Arch, channels: int, batch: int, record: LayerRecord) -> list[Line]:
        """The lines of its cycles, with the waits of the whole `record`."""
        array = arch.array
        laid = laid_out(self.layer, shape_of(array), dataflow_of(array), self.cut, tick_batched=self.tick_batched)
        if self.computes:
            return list(cycle_lines(self.layer, arch, channels, batch, record.counts, laid))
        alone = arch.model_copy(update={"lif": arch.lif.model_copy(update={"overlapped": False})})
        lines = cycle_lines(self.layer, alone, channels, batch, record.counts, laid)
        return [replace(line, expression="0") if line.quantity in ("array", "fill_drain") else line for line in lines]


def layer_parts(layer: Layer, plan: Plan) -> list[LayerPart]:
    """The parts of `layer` in the plan that differ from each other, in order."""
    group = plan.group_of(layer.index)
    found = _parts(layer, group)
    return [replace(one, times=found.count(one)) for number, one in enumerate(found) if one not in found[:number]]


def _parts(layer: Layer, group: GroupPlan) -> list[LayerPart]:
    if group.waves is None or not group.waves.skewed:
        return [LayerPart(one, group.cut_of(layer), tick_batched=True) for one in layers_of(layer, group.window)]
    run = group.as_run(layer)
    each, once = layers_of(run, TIMESTEP), run.rounds < run.timesteps
    return [
        LayerPart(each[step], group.cut_of(layer, step - first), tick_batched=False, computes=not once or step == first)
        for first, end in group.window.spans(run.timesteps)
        for step in range(first, end)
    ]


def added_up(parts: Sequence[tuple[LayerPart, list[Line]]], arch: Arch, each: str) -> list[Line]:
    """The lines of cycles of all parts in one: `2*(...) + ...`. each: what a part stands for. Folds are given for
    one round, and what the spikes determine for all parts."""
    summed = {"array", "fill_drain", "lif"}
    if SPARSITIES[arch.array.sparsity].skips:
        summed -= {"array"} | ({"lif"} if arch.lif.overlapped else set())
    found = []
    for lines in zip(*(lines for _, lines in parts), strict=True):
        terms = [times(str(part.times), line.expression) for (part, _), line in zip(parts, lines, strict=True)]
        whole = replace(lines[0], expression=plus(*terms), why=f"{each} x ({lines[0].why})")
        found.append(whole if lines[0].quantity in summed else lines[0])
    return found
