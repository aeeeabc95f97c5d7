"""A layer's membranes between chip and DRAM."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import groupby

from lifsim.config.network import Layer, Network
from lifsim.config.sharing import Sharing, State, states_of
from lifsim.report.explain.line import Line, plus
from lifsim.schedule.plan import GroupPlan, Residency
from lifsim.schedule.storage import bytes_of, map_shape
from lifsim.schedule.traffic import DramBytes

UNIT = "bytes"


@dataclass(frozen=True)
class MembraneMoves:
    """The states of a network under a sharing. owner: the state of each layer (by index) that has a LIF."""

    network: Network
    sharing: Sharing
    membrane_bits: int
    batch: int

    @property
    def owner(self) -> dict[int, State]:
        """In order of the layers."""
        state_of = {lif: state for state in states_of(self.network, self.sharing) for lif in state.lifs}
        return {layer.index: state_of[layer.lif.name] for layer in self.network.layers if layer.lif}

    def lines(self, layer: Layer, group: GroupPlan, moved: DramBytes) -> Iterator[Line]:
        """What the schedule keeps of the layer's state, and how often the rest comes and goes."""
        if layer.lif is None:
            return
        if group.residency is None:
            yield Line("membranes", "0", moved.membrane_read + moved.membrane_write, UNIT, "live in the PEs")
            return
        portions = self._portions(layer, group, group.residency)
        reads, writes = self._times(layer, group)
        yield self._line("membranes in", portions, reads, group, moved.membrane_read)
        yield self._line("membranes out", portions, writes, group, moved.membrane_write)

    def _portions(self, layer: Layer, group: GroupPlan, residency: Residency) -> tuple[int, int, int]:
        """Of one chunk: bytes that stay for good, that stay through a run of calls, that move for every call."""
        state = self.owner[layer.index]
        channels, rows, columns = map_shape(state.shape)
        size = group.images * rows * bytes_of(channels * columns * self.membrane_bits)
        stays = residency.permanent[state.name]
        stripped = any(strip.first <= layer.index <= strip.last for strip in group.strips)
        through = size - stays if stripped else min(size - stays, residency.transient)
        return stays, through, size - stays - through

    def _times(self, layer: Layer, group: GroupPlan) -> tuple[tuple[int, int], tuple[int, int]]:
        """How often a byte that stays through a run of calls, and one that does not, is read and written for `layer` in
        one chunk. The zero state is never read, the last state never written."""
        inside = [index for index in self.owner if group.first <= index <= group.last]
        runs = [list(run) for _, run in groupby(inside, key=lambda index: self.owner[index].name)]
        own = [run for run in runs if self.owner[run[0]] == self.owner[layer.index]]
        calls = [index for run in own for index in run]
        T, number = layer.timesteps, next(n for n, run in enumerate(own) if layer.index in run)
        opens, closes = own[number][0] == layer.index, own[number][-1] == layer.index
        reads = (T - (number == 0)) * opens, T - (calls[0] == layer.index)
        writes = (T - (number == len(own) - 1)) * closes, T - (calls[-1] == layer.index)
        return reads, writes

    def _line(
        self, quantity: str, portions: tuple[int, int, int], times: tuple[int, int], group: GroupPlan, value: int
    ) -> Line:
        stays, through, rest = portions
        whole = self.batch // group.images
        once = times[0] * through + times[1] * rest
        last = value - whole * once
        terms = [f"{whole}*{count}*{size}" for count, size in zip(times, (through, rest), strict=True) if count * size]
        why = f"of a chunk's {sum(portions)} bytes {stays} stay"
        why += f", {through} move {times[0]} times" if times[0] * through else ""
        why += f", {rest} move {times[1]} times" if times[1] * rest else ""
        why += f"; the last chunk, smaller, moves {last}" if last else ""
        return Line(quantity, plus(*terms, str(last)), value, UNIT, why)
