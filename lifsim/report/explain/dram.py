"""A layer's DRAM bytes, tensor by tensor: what is moved once, what is moved again, what stays on chip."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cached_property

from lifsim.lazy_dataclass import dataclass
from lifsim.model.arch import Arch
from lifsim.model.network import Layer, Tensor
from lifsim.report.explain.inputs import InputRows
from lifsim.report.explain.line import Line, alike, product, total
from lifsim.report.explain.membranes import membrane_lines
from lifsim.report.explain.psums import psum_lines
from lifsim.report.explain.weights import SECOND, weight_line
from lifsim.schedule.plan import GroupPlan, Plan
from lifsim.schedule.tensors.storage import rows_of, step_row_bytes, tensor_bytes
from lifsim.schedule.timestep.group import Group
from lifsim.schedule.timestep.unrolled import LayerStep, unroll
from lifsim.schedule.traffic import LayerTraffic
from lifsim.units import counted

UNIT = "bytes"


@dataclass(frozen=True)
class LayerBytes:
    """One layer of a planned network, `batch` images."""

    layer: Layer
    arch: Arch
    plan: Plan
    batch: int

    def lines(self) -> list[Line]:
        """One line for each tensor, and their sum."""
        layer, moved = self.layer, self.traffic.dram
        here = layer, self.arch, self.group, self.traffic, self.walked, self.batch
        walked_operand = layer.operand if self.walked else None
        filters = self._walked(walked_operand) if walked_operand else weight_line(*here)
        lines = [filters, self._spikes_in()]
        if layer.residuals:
            lines.append(self._once("residual", layer.residuals, moved.residual))
        if layer.outputs:
            lines.append(self._once("spikes out", layer.outputs, moved.spikes_out))
        lines += membrane_lines(layer, self.group, self.walked, self.traffic)
        lines += psum_lines(*here)
        return [*lines, total("DRAM", [line.value for line in lines], UNIT, "all of the above")]

    @cached_property
    def group(self) -> GroupPlan:
        """The layer's group."""
        return self.plan.group_of(self.layer.index)

    @cached_property
    def traffic(self) -> LayerTraffic:
        """The layer's bytes in the plan."""
        return self.group.layers[self.layer.index - self.group.first]

    @cached_property
    def walked(self) -> Group | None:
        """The group as it runs timestep by timestep; None if it is tick-batched."""
        return None if self.group.walk is None else self.group.walk.group

    @cached_property
    def steps(self) -> list[LayerStep]:
        """The layer's bytes in every timestep of every chunk."""
        return [step for step in unroll(self.group.walked) if step.layer == self.layer.index]

    def _spikes_in(self) -> Line:
        value = self.traffic.dram.first_operand
        if self.group.tick_batched:
            rows = InputRows.of(self.layer, self.plan.facts.reals, self.plan.chip.room.spike_in, self.traffic.tiling)
            return Line("spikes in", rows.expression(self.batch), value, UNIT, rows.why)
        return self._by_timestep(
            "spikes in", [self.layer.input], [step.dram.first_operand for step in self.steps], value
        )

    def _walked(self, operand: Tensor) -> Line:
        moved = [step.dram.operand for step in self.steps]
        return self._by_timestep(SECOND, [operand], moved, self.traffic.dram.operand)

    def _once(self, quantity: str, tensors: Sequence[Tensor], value: int) -> Line:
        """A tensor of which every byte moves once; in a timestep-major group, less what stays on chip."""
        if self.group.tick_batched:
            sizes = " + ".join(f"{rows}*{size // rows}" for rows, size in map(self._packed, tensors))
            why = "images x rows x bytes of a row, all timesteps packed"
            return Line(quantity, f"{self.batch}*({sizes})", value, UNIT, why)
        name = quantity.replace(" ", "_")
        return self._by_timestep(quantity, tensors, [getattr(step.dram, name) for step in self.steps], value)

    def _packed(self, tensor: Tensor) -> tuple[int, int]:
        """The rows of one image, and the bytes of a row with all timesteps packed."""
        return rows_of(tensor.shape), tensor_bytes(tensor, self.plan.facts.reals)

    def _by_timestep(self, quantity: str, tensors: Sequence[Tensor], moved: list[int], value: int) -> Line:
        return Line(quantity, alike(moved), value, UNIT, "; ".join(self._whys(tensors)))

    def _whys(self, tensors: Sequence[Tensor]) -> Iterator[str]:
        chunks = f"{counted(len(self.steps), 'timestep')} of chunks, in each what is not on chip"
        tiles = self.traffic.tiling.filter_tiles
        yield (
            f"{chunks}, again for halos and for {counted(tiles, 'filter tile')}"
            if tensors == [self.layer.input]
            else chunks
        )
        for tensor in tensors:
            size = product(rows_of(tensor.shape), step_row_bytes(tensor, self.plan.facts.reals))
            yield f"an image of {tensor.name} is {size}"
