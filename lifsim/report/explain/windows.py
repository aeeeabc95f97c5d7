"""A layer that runs in time windows: the arithmetic of a tick-batched layer for each kind of window, times their
number."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from lifsim.lazy_dataclass import dataclass
from lifsim.model.arch import Arch
from lifsim.model.network import Layer, Tensor
from lifsim.report.explain.inputs import InputRows
from lifsim.report.explain.line import Line, plus, product, times, total
from lifsim.report.explain.psums import psum_lines
from lifsim.report.explain.weights import SECOND, weight_line
from lifsim.schedule.plan import GroupPlan, Plan
from lifsim.schedule.tensors.storage import rows_of, tensor_bytes
from lifsim.schedule.tick.window_steps import tiling_within
from lifsim.schedule.timestep.group import Chunks
from lifsim.schedule.traffic import LayerTraffic
from lifsim.schedule.window import StateRoom, Visits
from lifsim.units import counted, noun_of

UNIT = "bytes"


@dataclass(frozen=True)
class WindowBytes:
    """The layer's DRAM bytes, tensor by tensor."""

    layer: Layer
    arch: Arch
    plan: Plan
    batch: int

    @property
    def group(self) -> GroupPlan:
        return self.plan.group_of(self.layer.index)

    @property
    def traffic(self) -> LayerTraffic:
        return self.group.layers[0]

    @property
    def visits(self) -> Visits:
        """Its visits, with its membranes between them."""
        between = StateRoom.of(self.plan.facts.state_of(self.layer.index), self.plan.chip.room.membrane)
        return Visits.of(self.layer, self.group.window, Chunks(self.batch, self.group.images).sizes, between)

    def lines(self) -> list[Line]:
        """One line for each tensor, and their sum."""
        moved = self.traffic.dram
        lines = [self._filters(), self._spikes_in()]
        if self.layer.residuals:
            lines.append(self._once("residual", [part.layer.residuals for part in self.visits.parts], moved.residual))
        if self.layer.outputs:
            lines.append(self._once("spikes out", [part.layer.outputs for part in self.visits.parts], moved.spikes_out))
        lines += self._membranes()
        lines += self._psums()
        return [*lines, total("DRAM", [line.value for line in lines], UNIT, "all of the above")]

    def _filters(self) -> Line:
        """The filters of every visit, except for what stays from one to the next."""
        terms, lasts, visits = list[str](), self.traffic.tiling.lasting_weight_bytes, self.visits
        for part in visits.parts:
            line = weight_line(part.layer, self.arch, self.group, self.traffic, None, part.images)
            terms.append(times(str(part.times), line.expression))
        why = f"{counted(visits.count, 'visit')} (windows of chunks) x ({line.why})"
        expression = plus(*terms)
        if lasts and visits.count > 1:
            expression += f" - {visits.count - 1}*{lasts}"
            why += f", but for {lasts} that stay from one to the next"
        second = self.layer.operand is not None
        value = self.traffic.dram.operand if second else self.traffic.dram.weights
        return Line(SECOND if second else "weights", expression, value, UNIT, why)

    def _spikes_in(self) -> Line:
        terms, chip, reals = list[str](), self.plan.chip, self.plan.facts.reals
        for part in self.visits.parts:
            tiling = tiling_within(part.layer, reals, chip.tiles, part.images, self.traffic.tiling)
            rows = InputRows.of(part.layer, reals, chip.room.spike_in, tiling)
            terms.append(times(str(part.times), rows.expression(part.images)))
        why = f"windows of chunks x ({rows.why}, the timesteps of a window packed)"
        return Line("spikes in", plus(*terms), self.traffic.dram.first_operand, UNIT, why)

    def _once(self, quantity: str, tensors: list[tuple[Tensor, ...]], value: int) -> Line:
        terms = []
        for part, moved in zip(self.visits.parts, tensors, strict=True):
            sizes = [(rows_of(tensor.shape), tensor_bytes(tensor, self.plan.facts.reals)) for tensor in moved]
            each = " + ".join(f"{rows}*{size // rows}" for rows, size in sizes) or "0"
            terms.append(f"{product(part.times, part.images)}*({each})")
        why = "windows x images x rows x bytes of a row, the timesteps of a window packed"
        return Line(quantity, plus(*terms), value, UNIT, why)

    def _membranes(self) -> Iterator[Line]:
        """Membranes that do not stay on chip move between every two windows."""
        if self.layer.lif is None:
            return
        visits, moved = self.visits, self.traffic.dram
        at_work = np.array([self.plan.chip.held_bytes(self.layer, self.traffic.tiling)])
        terms, whys = list[str](), list[str]()
        for images, chunks in visits.chunks:
            size, stays = images * visits.state.bytes, int(visits.state.stays(images, at_work)[0])
            terms += [f"{product(chunks, visits.windows - 1)}*({size} - {stays})"] if size > stays else []
            whys.append(f"of the {size} {noun_of(size, 'byte')} of {counted(images, 'image')} {stays} stay")
        between = f"{visits.windows} {noun_of(visits.windows, 'window')}"
        why = f"chunks x the {counted(visits.windows - 1, 'time')} between {between} x what moves: {'; '.join(whys)}"
        yield Line("membranes in", plus(*terms), moved.membrane_read, UNIT, why)
        yield Line("membranes out", plus(*terms), moved.membrane_write, UNIT, why)

    def _psums(self) -> Iterator[Line]:
        parts = self.visits.parts
        each = [list(psum_lines(part.layer, self.arch, self.group, self.traffic, None, part.images)) for part in parts]
        for lines in zip(*each, strict=True):
            terms = [times(str(part.times), line.expression) for part, line in zip(parts, lines, strict=True)]
            yield replace(lines[0], expression=plus(*terms), why=f"windows of chunks x ({lines[0].why})")
