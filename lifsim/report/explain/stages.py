"""The stages of a layer's training, each explained: how it runs, its cycles, its DRAM bytes."""

from __future__ import annotations

from collections.abc import Iterator

from lifsim.graph.states import most_channels, states_of
from lifsim.hardware.array import Laid
from lifsim.keeping import KEEPINGS
from lifsim.lazy_dataclass import dataclass
from lifsim.model.network import Layer
from lifsim.play.record import LayerRecord
from lifsim.report.explain.line import Line
from lifsim.report.explain.stage_bytes import StageLines
from lifsim.report.explain.stage_cycles import StageCycles
from lifsim.schedule.plan import Plan
from lifsim.simulate.result import Result
from lifsim.training.stages import Stage
from lifsim.training.traffic import LayerTraining
from lifsim.units import counted, noun_of


@dataclass(frozen=True)
class StageExplanation:
    """One stage. head: how it runs, in words."""

    stage: str
    head: tuple[str, ...]
    lines: tuple[Line, ...]


def explained_stages(
    result: Result, plan: Plan, layer: Layer, record: LayerRecord, laid: Laid
) -> Iterator[StageExplanation]:
    """The stages of `layer`, which is `laid` out on the array, in the order in which they run."""
    arch, batch, keeping = result.arch, result.options.batch or 1, KEEPINGS[result.options.bptt]
    channels = most_channels(states_of(result.network, result.sharing))
    moved = StageLines(layer, arch, plan, batch, keeping)
    cycles = StageCycles(layer, arch, channels, batch, record.counts, laid, moved.traffic)
    for stage in Stage:
        if stage.value in record.stages:
            spent = cycles.lines(stage, record.stages[stage.value].cycles)
            head = tuple(_head(stage, moved, batch))
            yield StageExplanation(stage.value, head, (*spent, *moved.lines(stage)))


def _head(stage: Stage, moved: StageLines, batch: int) -> Iterator[str]:
    """The loop order of the stage, and how often the layer has its turn in it."""
    traffic, group, layer = moved.traffic, moved.group, moved.layer
    norm = traffic.norm
    if stage is Stage.FORWARD:
        yield f"as in inference, and what the way back reads is kept{f'; {norm.in_words}' if norm else ''}"
    elif stage is Stage.RECOMPUTE:
        why = "sums for the LIF's calls, which are undone" if moved.keeping.reads_spikes else "u' runs forward again"
        twice = "; it runs twice, once for each pass of the norm" if norm and norm.recomputed_twice else ""
        yield f"the product once more from kept spikes: {why}{twice}"
    elif stage is Stage.GRADIENT_SUMS:
        yield "a pass over the batch for the sums that the gradient of the batch norm needs; the array waits"
    elif stage is Stage.BACKWARD:
        words = traffic.orders.backward_in_words.removeprefix("backward: ")
        words = words or "the gradient of the image is not needed"
        yield f"{words}{'; the second pass of the batch norm' if norm else ''}"
        yield f"{_gradients_wait(traffic)}"
    else:
        yield traffic.orders.update_in_words.removeprefix("update ")
    yield _turns(stage, moved, layer, tick_batched=group.tick_batched, batch=batch)


def _gradients_wait(traffic: LayerTraining) -> str:
    if not traffic.orders.own:
        return "no LIF and no norm: gradients of its sums are those of its output, which DRAM has"
    if not traffic.orders.waiting:
        return "gradients of membranes wait in spike_out for both products"
    waiting = traffic.orders.waiting
    return f"{waiting} {noun_of(waiting, 'byte')} of gradients of membranes wait in DRAM for the update"


def _turns(stage: Stage, moved: StageLines, layer: Layer, *, tick_batched: bool, batch: int) -> str:
    afterwards = stage is Stage.WEIGHT_UPDATE and moved.traffic.orders.when == "afterwards"
    if tick_batched or afterwards:
        return f"{counted(batch, 'visit')}: image by image, all timesteps of one together"
    fires = stage in (Stage.FORWARD, Stage.GRADIENT_SUMS) and layer.lif is not None
    steps = layer.timesteps if fires else layer.rounds
    chunks = -(-batch // moved.group.images)
    cut = f"{counted(chunks, 'chunk')} of {moved.group.images} at most, {counted(steps, 'timestep')}"
    return f"{counted(chunks * steps, 'visit')}: {cut}"
