"""A layer whose images exit early: its cycles grouped by the timestep after which images leave, its bytes by
timestep or window."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cached_property

from lifsim.lazy_dataclass import dataclass
from lifsim.model.network import Layer, Tensor
from lifsim.report.explain.dram import UNIT, LayerBytes
from lifsim.report.explain.line import Line, alike, total
from lifsim.report.explain.weights import SECOND
from lifsim.report.explain.window_cycles import LayerPart, layer_parts
from lifsim.schedule.exits import Exits
from lifsim.schedule.leaving import unrolled
from lifsim.schedule.plan import Plan
from lifsim.schedule.timestep.unrolled import LayerStep
from lifsim.schedule.waves.bands.bands import Banded
from lifsim.schedule.window import TIMESTEP, within
from lifsim.units import counted


def exit_parts(layer: Layer, plan: Plan, exits: Exits) -> list[tuple[LayerPart, int]]:
    """For each group of images that leave together: (`layer` of the plan as it runs for them, how many they are)."""
    group = plan.group_of(layer.index)
    cut = group.layers[layer.index - group.first].tiling.cut
    found = list[tuple[LayerPart, int]]()
    for step, images in exits.images.items():
        run = within(layer, step, last=True)
        parts = [LayerPart(run, cut, tick_batched=False)] if group.window == TIMESTEP else layer_parts(run, plan)
        found += [(part, images) for part in parts]
    return found


@dataclass(frozen=True)
class ExitBytes(LayerBytes):
    """The layer's DRAM bytes, tensor by tensor, for the images that still run in each timestep or window."""

    @property
    def exits(self) -> Exits:
        """When images leave."""
        if self.group.exits is None:
            raise ValueError(f"no image leaves {self.layer.name} early")
        return self.group.exits

    @cached_property
    def steps(self) -> list[LayerStep]:
        """The layer's bytes in every timestep, or window, of every chunk."""
        return [step for step in unrolled(self.plan, self.exits) if step.layer == self.layer.index]

    @property
    def _in_windows(self) -> bool:
        return self.group.window != TIMESTEP

    @property
    def _each(self) -> str:
        return "windows" if self._in_windows else "timesteps"

    def lines(self) -> list[Line]:
        """One line for each tensor, and their sum."""
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
        if isinstance(self.group.waves, Banded):
            why += "; between bands of those that run"
        yield self._in_all("membranes out", written, moved.membrane_write, why)

    def _psums(self) -> Line:
        both = [step.dram.psum_read + step.dram.psum_write for step in self.steps]
        return self._in_all(
            "psums", both, self.traffic.dram.psum, "of images that run, what the psum buffer cannot take"
        )

    def _in_all(self, quantity: str, moved: list[int], value: int, why: str) -> Line:
        return Line(quantity, alike(moved), value, UNIT, f"{self._each} of chunks, {why}")

    def _whys(self, tensors: Sequence[Tensor]) -> Iterator[str]:
        if not self._in_windows:
            yield from super()._whys(tensors)
            return
        yield f"{counted(len(self.steps), 'window')} of chunks, in each what images that run need and is not on chip"
