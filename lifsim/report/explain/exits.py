"""A layer whose images exit early: its cycles by the timesteps after which they do, its bytes timestep by timestep."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from lifsim.graph.states import most_channels, states_of
from lifsim.hardware.array import SPARSITIES, dataflow_of, shape_of
from lifsim.hardware.stores import Stores
from lifsim.model.network import Layer
from lifsim.play.bound import port_use
from lifsim.play.record import LayerRecord
from lifsim.report.explain.commands import command_lines
from lifsim.report.explain.cycles import cycle_lines
from lifsim.report.explain.dram import UNIT, LayerBytes
from lifsim.report.explain.line import Line, alike, plus, total
from lifsim.report.explain.ports import port_lines
from lifsim.report.explain.weights import SECOND
from lifsim.schedule.plan import Plan
from lifsim.schedule.products import laid_out
from lifsim.schedule.window import within
from lifsim.simulate.result import Result


def exit_lines(result: Result, plan: Plan, layer: Layer, record: LayerRecord) -> Iterator[Line]:
    """Its cycles, its waits for ports, its bytes and commands."""
    arch, batch = result.arch, result.options.batch or 1
    yield from _cycles(result, plan, layer, record)
    if result.buffers:
        yield from port_lines(port_use([record.counts], Stores.of(arch.buffers)), arch, record.counts.cycles)
    yield from ExitBytes(layer, arch, plan, batch).lines()
    if record.counts.dram is not None:
        yield from command_lines(record.counts.dram, arch.dram.simulated.organisation.burst_bytes)


def _cycles(result: Result, plan: Plan, layer: Layer, record: LayerRecord) -> Iterator[Line]:
    """Those of images that exit together, one after the other. Folds are told of one round, and what the spikes say, of
    all images."""
    group, arch = plan.group_of(layer.index), result.arch
    channels, parts = most_channels(states_of(result.network, result.sharing)), list[list[Line]]()
    for step, images in (plan.exits.images if plan.exits else {}).items():
        one, cut = within(layer, step, last=True), group.layers[layer.index - group.first].tiling.cut
        laid = laid_out(one, shape_of(arch.array), dataflow_of(arch.array), cut, tick_batched=False)
        parts.append(list(cycle_lines(one, arch, channels, images, record.counts, laid)))
    summed = {"array", "fill_drain", "lif"}
    if SPARSITIES[arch.array.sparsity].skips:
        summed -= {"array"} | ({"lif"} if arch.lif.overlapped else set())
    for lines in zip(*parts, strict=True):
        whole = plus(*(line.expression for line in lines))
        told = replace(lines[0], expression=whole, why=f"images by when they exit x ({lines[0].why})")
        yield told if lines[0].quantity in summed else lines[0]


@dataclass(frozen=True)
class ExitBytes(LayerBytes):
    """Its DRAM bytes, tensor by tensor, of the images that still run in each timestep."""

    def lines(self) -> list[Line]:
        """One a tensor, and the sum."""
        layer, moved, lines = self.layer, self.traffic.dram, list[Line]()
        if layer.operand is None:
            why = "until the last image of a chunk has exited, but for what stays"
            lines.append(self._in_all("weights", [step.dram.weights for step in self.steps], moved.weights, why))
        else:
            read = [step.dram.operand for step in self.steps]
            lines.append(self._by_timestep(SECOND, [layer.operand], read, moved.operand))
        lines.append(self._spikes_in())
        if layer.residuals:
            lines.append(self._once("residual", layer.residuals, moved.residual))
        if layer.outputs:
            lines.append(self._once("spikes out", layer.outputs, moved.spikes_out))
        lines += [*self._membranes(), self._psums()]
        return [*lines, total("DRAM", [line.value for line in lines], UNIT, "all of the above")]

    def _membranes(self) -> Iterator[Line]:
        if self.layer.lif is None:
            return
        moved = self.traffic.dram
        read, written = ([getattr(step.dram, f"membrane_{way}") for step in self.steps] for way in ("read", "write"))
        yield self._in_all("membranes in", read, moved.membrane_read, "of images that run, but for what stays")
        why = "of images that run in the next one, too, but for what stays"
        yield self._in_all("membranes out", written, moved.membrane_write, why)

    def _psums(self) -> Line:
        both = [step.dram.psum_read + step.dram.psum_write for step in self.steps]
        return self._in_all(
            "psums", both, self.traffic.dram.psum, "of images that run, what the psum buffer cannot take"
        )

    def _in_all(self, quantity: str, moved: list[int], value: int, why: str) -> Line:
        return Line(quantity, alike(moved), value, UNIT, f"timesteps of chunks, {why}")
