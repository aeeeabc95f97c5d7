"""The explanation of one layer of a run."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from lifsim.errors import Fault, InputError, did_you_mean
from lifsim.graph.states import most_channels, states_of
from lifsim.hardware.array import Laid, dataflow_of, shape_of
from lifsim.hardware.stores import Stores
from lifsim.lazy_dataclass import dataclass
from lifsim.model.arch import Arch
from lifsim.model.network import Layer, Network
from lifsim.note import ScheduleNote
from lifsim.play.bound import port_use
from lifsim.play.record import LayerRecord
from lifsim.report.explain.beside import Beside, beside_lines
from lifsim.report.explain.commands import command_lines
from lifsim.report.explain.cycles import cycle_lines
from lifsim.report.explain.dram import LayerBytes
from lifsim.report.explain.exits import ExitBytes, exit_parts
from lifsim.report.explain.line import Line, plus
from lifsim.report.explain.ports import port_lines
from lifsim.report.explain.stages import StageExplanation, explained_stages
from lifsim.report.explain.waves import WaveBytes
from lifsim.report.explain.window_cycles import added_up, layer_parts
from lifsim.report.explain.windows import WindowBytes
from lifsim.schedule.plan import Plan
from lifsim.schedule.tensors.products import laid_out
from lifsim.schedule.window import TIMESTEP
from lifsim.simulate.result import Result
from lifsim.sweeps.beside import Comparison
from lifsim.training.optimizer import optimizer_words
from lifsim.units import counted, noun_of


@dataclass(frozen=True)
class Explanation:
    """One layer: what it is and how it is scheduled, then its arithmetic. beside: which part of each figure is due
    to sharing. stages: in training, the arithmetic of each stage; together they add up to `lines`."""

    head: tuple[str, ...]
    lines: tuple[Line, ...]
    beside: tuple[Beside, ...] = ()
    stages: tuple[StageExplanation, ...] = ()


def explain(result: Result, name: str, comparison: Comparison | None = None) -> Explanation:
    """Explain where the cycles and bytes of the layer `name` in `result` come from. comparison: of `result` with runs
    without sharing.

    Raises InputError if there is no such layer, or nothing to explain.
    """
    names = [layer.name for layer in result.network.layers]
    require_layer(result.network, name)
    if result.plan is None:
        default = Arch.model_fields["accounting"].default
        message = f"{result.arch.accounting!r} must be {default}: without a schedule there is nothing to take apart"
        raise InputError(Fault(message, path="accounting"))
    layer, record = result.network.layers[names.index(name)], result.records[names.index(name)]
    beside = () if comparison is None else tuple(beside_lines(comparison, layer.index))
    group = result.plan.group_of(layer.index)
    layer = group.as_run(layer)
    head = (*_head(result, layer, record), *(note.brief for note in result.notes if isinstance(note, ScheduleNote)))
    if record.stages:
        laid = _laid(result, result.plan, layer)
        stages = tuple(explained_stages(result, result.plan, layer, record, laid))
        return Explanation(head, tuple(_sums(result, record, stages)), beside, stages)
    return Explanation(head, tuple(_lines(result, result.plan, layer, record)), beside)


def require_layer(network: Network, name: str) -> None:
    """Raises InputError unless `network` has the layer `name`."""
    names = [layer.name for layer in network.layers]
    if name not in names:
        raise InputError(Fault(f"{network.name} has no layer {name!r}{did_you_mean(name, names)}", path="layer"))


def _head(result: Result, layer: Layer, record: LayerRecord) -> Iterator[str]:
    network, batch = result.network, result.options.batch
    shape = " x ".join(map(str, (layer.filters, layer.in_shape[0] // layer.groups, *layer.kernel)))
    kept = " x ".join(map(str, layer.in_shape))
    filters = "weights" if layer.operand is None else f"filters of {layer.operand.name}"
    named = f"{layer.name} of {network.name} on {result.arch.name}"
    yield f"{named}, sharing {result.sharing}: {filters} {shape}, input {kept}"
    gemm = f"Sr = {layer.out_shape[1]}*{layer.out_shape[2]} = {layer.pixels} {noun_of(layer.pixels, 'pixel')}"
    gemm += f", K = {layer.reduction} {noun_of(layer.reduction, 'product')}"
    gemm += f", Sc = {layer.group_filters} {noun_of(layer.group_filters, 'filter')}"
    yield f"{gemm}; {counted(layer.rounds, 'round')} of {counted(network.timesteps, 'timestep')}, batch {batch}"
    if not record.stages:
        yield f"schedule {result.options.schedule}: {record.counts.tiling}"
        if result.plan is not None and result.plan.group_of(layer.index).waves is not None:
            yield WaveBytes(layer, result.arch, result.plan, batch or 1).order
        if result.plan is not None and result.plan.exits is not None:
            yield f"early exit: {result.plan.exits.words}"
        return
    trained = f"trained with membranes {result.options.bptt}, by {optimizer_words(result.arch.optimizer)}"
    yield f"schedule {result.options.schedule}; {trained}; {record.counts.tiling}"


def _laid(result: Result, plan: Plan, layer: Layer) -> Laid:
    group, array = plan.group_of(layer.index), result.arch.array
    cut = group.layers[layer.index - group.first].tiling.cut
    return laid_out(layer, shape_of(array), dataflow_of(array), cut, tick_batched=group.tiled)


def _sums(result: Result, record: LayerRecord, stages: Sequence[StageExplanation]) -> Iterator[Line]:
    """The sums over the stages."""
    for quantity, value, unit in (
        ("cycles", record.counts.cycles.total, "cycles"),
        ("DRAM", record.counts.dram_bytes.total, "bytes"),
    ):
        lines = [(stage.stage.replace("_", " "), line) for stage in stages for line in stage.lines]
        parts = {stage: line.value for stage, line in lines if line.quantity == quantity and line.value}
        yield Line(quantity, plus(*map(str, parts.values())), value, unit, f"of {', '.join(parts) or 'no stage'}")
    if record.counts.dram is not None:
        yield from command_lines(record.counts.dram, result.arch.dram.simulated.organisation.burst_bytes)


def _lines(result: Result, plan: Plan, layer: Layer, record: LayerRecord) -> Iterator[Line]:
    arch, batch = result.arch, result.options.batch or 1
    states = states_of(result.network, result.sharing)
    channels, group = most_channels(states), plan.group_of(layer.index)
    in_windows = group.window != TIMESTEP and not group.tick_batched
    own = plan.facts.layers[layer.index].layer if in_windows else layer
    if plan.exits is not None:
        exiting = exit_parts(own, plan, plan.exits)
        lines = [(one, one.lines(arch, channels, images, record)) for one, images in exiting]
        yield from added_up(lines, arch, "images by when they exit")
    elif in_windows:
        lines = [(one, one.lines(arch, channels, batch, record)) for one in layer_parts(own, plan)]
        yield from added_up(lines, arch, "timesteps" if group.waves is not None and group.waves.skewed else "windows")
    else:
        yield from cycle_lines(own, arch, channels, batch, record.counts, _laid(result, plan, own))
    if result.buffers:
        yield from port_lines(port_use([record.counts], Stores.of(arch.buffers)), arch, record.counts.cycles)
    yield from _bytes_of(own, arch, plan, batch).lines()
    if record.counts.dram is not None:
        yield from command_lines(record.counts.dram, arch.dram.simulated.organisation.burst_bytes)


def _bytes_of(layer: Layer, arch: Arch, plan: Plan, batch: int) -> LayerBytes | WindowBytes | WaveBytes:
    group = plan.group_of(layer.index)
    if plan.exits is not None:
        return ExitBytes(layer, arch, plan, batch)
    if group.waves is not None:
        return WaveBytes(group.as_run(layer), arch, plan, batch)
    in_windows = group.tiled and not group.tick_batched
    return WindowBytes(layer, arch, plan, batch) if in_windows else LayerBytes(layer, arch, plan, batch)
