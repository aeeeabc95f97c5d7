"""A layer of a group that runs in waves: the order of its work in a sentence, and the arithmetic of its DRAM bytes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from functools import cached_property

import numpy as np

from lifsim.lazy_dataclass import dataclass
from lifsim.model.arch import Arch
from lifsim.model.network import Layer, Tensor
from lifsim.report.explain.bands import INPUT_WORDS, between_bands, input_terms
from lifsim.report.explain.line import Line, plus, product, total
from lifsim.report.explain.weights import VisitedWeights
from lifsim.schedule.facts import LayerFacts
from lifsim.schedule.plan import GroupPlan, Plan
from lifsim.schedule.tensors.storage import filter_bytes, packed_row_bytes, rows_of
from lifsim.schedule.timestep.group import Chunks
from lifsim.schedule.traffic import LayerTraffic
from lifsim.schedule.waves.bands.bands import Banded
from lifsim.schedule.waves.bands.group import BandGroup
from lifsim.schedule.waves.cost import LayerTiles
from lifsim.schedule.waves.group import WaveGroup
from lifsim.schedule.waves.reads import OutsideReads
from lifsim.schedule.waves.waves import Skewed, Waves
from lifsim.units import counted, format_bytes, noun_of

UNIT = "bytes"


@dataclass(frozen=True)
class WaveBytes:
    """One layer of a planned network, for `batch` images."""

    layer: Layer
    arch: Arch
    plan: Plan
    batch: int

    @property
    def order(self) -> str:
        """In words, what runs when in its group."""
        waves, spans = self.waves, self.group.window.spans(self.layer.timesteps)
        names = [self.plan.facts.layers[index].layer.name for index in self.group.indices]
        longest = max(end - first for first, end in spans)
        in_windows = f"each of {counted(len(spans), 'window')}, for " if len(spans) > 1 else ""
        bands, each = waves.many(longest)
        said = f"for {in_windows}"
        if isinstance(waves, Banded):
            said += f"each of {counted(bands, 'band')} of {counted(waves.width, 'column')}, for "
        said += f"each of {counted(each, 'wave')} of {counted(waves.height, 'row')} of {names[-1]}: "
        said += " to ".join(dict.fromkeys([names[0], names[-1]]))
        steps = counted(longest, "timestep")
        if isinstance(waves, Skewed):
            said += f" in turn, {steps} each, one {counted(waves.skew, 'row')} behind the other"
            if isinstance(waves, Banded):
                said += f" and {counted(waves.sweep.skew, 'column')}"
            if waves.height > waves.map_rows:
                higher = f"strips higher than the map of {counted(waves.map_rows, 'row')}"
                said += f" ({higher}: a wave takes whole maps, of fewer timesteps at once)"
        else:
            said += f" in turn, {'all ' if len(spans) == 1 else ''}{steps} of a tile back to back"
        waiting = format_bytes(self.planned.waiting(waves, every_row=False))
        often = "stay" if self._stays else f"come {counted(self._visits, 'time')}"
        return f"{said}; weights of {self.layer.name} {often}; spike rows between them take {waiting} at the most"

    def lines(self) -> list[Line]:
        """One line for each tensor, and their sum."""
        lines = [self._weights(), self._spikes_in()]
        if self.layer.residuals:
            lines.append(self._residual())
        if self.layer.outputs:
            lines.append(self._spikes_out())
        if self.layer.lif is not None:
            lines += self._membranes()
        if self.traffic.dram.psum:
            lines.append(self._psums())
        return [*lines, total("DRAM", [line.value for line in lines], UNIT, "all of the above")]

    @property
    def group(self) -> GroupPlan:
        return self.plan.group_of(self.layer.index)

    @property
    def waves(self) -> Waves:
        return self.group.in_waves

    @property
    def place(self) -> int:
        return self.layer.index - self.group.first

    @property
    def traffic(self) -> LayerTraffic:
        return self.group.layers[self.place]

    @property
    def facts(self) -> LayerFacts:
        return self.plan.facts.layers[self.layer.index]

    @cached_property
    def planned(self) -> WaveGroup:
        """The group as it was planned."""
        return self.group.waves_walked.group

    def _chunk(self, images: int) -> WaveGroup:
        """The group with a single chunk of this many images."""
        return replace(self.planned, chunks=Chunks(images, images))

    @property
    def _lengths(self) -> Counter[int]:
        """For each length of a window: the timesteps in which the layer is computed, and how many windows have that
        length."""
        return self.planned.windows if self.facts.when == "every" else Counter({1: len(self._spans)})

    @property
    def _spans(self) -> list[tuple[int, int]]:
        return self.group.window.spans(self.plan.facts.timesteps)

    @property
    def _visits(self) -> int:
        """The number of visits: chunks x windows x waves in which the layer computes."""
        visits = sum(count * self.waves.visits(self.layer.index, steps) for steps, count in self._lengths.items())
        return self.planned.chunks.count * visits

    @property
    def _stays(self) -> bool:
        return self.traffic.tiling.resident_weight_bytes == self.facts.weight_bytes

    @property
    def _visited(self) -> VisitedWeights:
        layer, residency = self.layer, self.group.residency
        sets = self.traffic.tiling.group_sets(layer.groups)
        return VisitedWeights(
            groups=sets,
            filters=sets * layer.group_filters,
            tile_filters=self.traffic.tiling.filters,
            filter_bytes=layer.groups // sets * filter_bytes(layer, self.arch.precision.weight_bits, layer.rounds),
            region=0 if residency is None or self._stays else residency.weight_region,
            stay=self.traffic.tiling.resident_weight_bytes,
            visits=self._visits,
            rows=self.planned.row_visits(self.waves, self.place),
        )

    def _weights(self) -> Line:
        visited = self._visited
        each = f"filters x ceil({self.layer.reduction}*{self.arch.precision.weight_bits}/8) bytes"
        bands = "bands of " if isinstance(self.waves, Banded) else ""
        why = f"{each}{visited.why} (waves of {bands}windows of chunks)"
        return Line("weights", visited.expression, self.traffic.dram.weights, UNIT, why)

    def _outside(self) -> Iterator[tuple[int, OutsideReads]]:
        """(number of equal windows of chunks, what such a window reads from outside the group)."""
        for often, images, steps in self._windows():
            turns = self.planned.turns(self.waves, steps)
            yield often, OutsideReads(turns, self.plan.chip.room.spike_in, images)

    def _added(self, images: int, steps: int) -> int:
        """Bytes per image that a window of this many timesteps reads from outside."""
        if isinstance(self.planned, BandGroup):
            return self.planned.reads(self.waves, steps, images).residual(self.layer.index)
        turns = self.planned.turns(self.waves, steps)
        return OutsideReads(turns, self.plan.chip.room.spike_in, images).residual(self.layer.index)

    def _spikes_in(self) -> Line:
        source = self.plan.facts.tensors[self.layer.input.name]
        if source.producer in self.group.indices:
            why = f"{source.name} is made in the group: its rows wait in spike_out"
            return Line("spikes in", "0", self.traffic.dram.spikes_in, UNIT, why)
        terms, whole, tiles = list[str](), True, self.traffic.tiling.filter_tiles
        streams = int(self._visited.streamed > 0)
        if isinstance(self.planned, BandGroup) and isinstance(self.waves, Banded):
            terms = input_terms(self.planned, self.waves, self._windows(), self.place, (tiles, streams))
            why = f"{INPUT_WORDS}, of {counted(tiles, 'filter tile')} as far as they do not fit"
            return Line("spikes in", plus(*terms), self.traffic.dram.spikes_in, UNIT, why)
        for often, outside in self._outside():
            row = outside.turns.input_row_bytes(self.layer.index)
            read = int(outside.inputs(self.layer.index, np.array([tiles, tiles]))[1 - streams])
            terms.append(product(often, outside.images, read // row, row))
            whole = whole and outside.whole
        once = "every row once, for spike_in takes all of a window"
        again = (
            f"the rows that each wave needs, halos again, of {counted(tiles, 'filter tile')} as far as they do not fit"
        )
        rows = "rows of every timestep" if self.planned.apart and self.layer.input.timesteps > 1 else "rows"
        why = f"windows of chunks x images x {rows} x bytes of a row: {once if whole else again}"
        return Line("spikes in", plus(*terms), self.traffic.dram.spikes_in, UNIT, why)

    def _windows(self) -> Iterator[tuple[int, int, int]]:
        """(number of equal windows of chunks, images, timesteps)."""
        for images, chunks in self.planned.chunks.sizes:
            for steps, count in self.planned.windows.items():
                yield chunks * count, images, steps

    def _residual(self) -> Line:
        moved = [(often, images, self._added(images, steps)) for often, images, steps in self._windows()]
        terms = [product(*each) for each in moved if each[-1]]
        why = "windows of chunks x images x what is added that the group does not make"
        return Line("residual", plus(*terms), self.traffic.dram.residual, UNIT, why)

    def _spikes_out(self) -> Line:
        facts, members = self.plan.facts, self.group.indices
        terms, whys = list[str](), dict[str, None]()
        for tensor in self.layer.outputs:
            of = facts.tensors[tensor.name]
            if not of.readers or any(reader not in members for reader in of.readers):
                terms += self._leaving(tensor)
                whys |= {self._leaving_words(of.when == "every"): None}
        why = "; ".join([*whys, "what only the group reads stays in spike_out"])
        return Line("spikes out", plus(*terms), self.traffic.dram.spikes_out, UNIT, why)

    def _leaving_words(self, every: bool) -> str:
        """The factors of `_leaving` in words, for a tensor that exists at every timestep, or once."""
        if not every:
            return "images x rows x bytes of a row"
        packed = "images x rows x windows x bytes of a row, the timesteps of a window packed"
        return "images x rows x timesteps x bytes of a row" if self.planned.apart else packed

    def _leaving(self, tensor: Tensor) -> Iterator[str]:
        facts = self.plan.facts
        every = facts.tensors[tensor.name].when == "every"
        for steps, count in (self.planned.windows if every else Counter([1])).items():
            lines, packed = (steps, 1) if self.planned.apart else (1, steps)
            row = packed_row_bytes(tensor, facts.reals, packed)
            yield product(self.batch, rows_of(tensor.shape), count * lines, row)

    def _membranes(self) -> Iterator[Line]:
        """Membranes move between windows only."""
        moved, trips, facts = self.traffic.dram, len(self._spans) - 1, self.plan.facts
        state = next(state for state in facts.states if self.layer.index in state.layers)
        reads, writes, whys = list[str](), list[str](), list[str]()
        opens, closes = trips and self.place == 0, trips and self.place == len(self.group.layers) - 1
        for images, chunks in self.planned.chunks.sizes:
            split = self._chunk(images).states(self.waves, self._tiles)
            size, stays = images * state.bytes, split.permanent.get(state.name, 0)
            term = f"{product(chunks, trips)}*({size} - {stays})"
            reads += [term] if split.read[self.place] else []
            writes += [term] if split.written[self.place] else []
            whys += (
                [f"of the {size} {noun_of(size, 'byte')} of {counted(images, 'image')} {stays} stay"] if trips else []
            )
        if isinstance(self.planned, BandGroup) and isinstance(self.waves, Banded):
            first, taken, left = between_bands(self.planned, self.waves, self._windows(), self.place)
            reads, writes = [*(reads if opens else []), *taken], [*(writes if closes else []), *left]
        elif isinstance(self.waves, Skewed):
            rows = self.waves.state_rows(max(self.planned.windows))
            held = f"{state.row_bytes} {noun_of(state.row_bytes, 'byte')} of state"
            first = f"{counted(rows, 'row')} of {held} are on chip, from timestep to timestep"
        else:
            first = "live in the PEs within a window"
        between = f"; {counted(trips, 'time')} between windows: {'; '.join(whys)}" if trips else ""
        yield Line("membranes in", plus(*reads), moved.membrane_read, UNIT, first + between)
        yield Line("membranes out", plus(*writes), moved.membrane_write, UNIT, first + between)

    @property
    def _tiles(self) -> list[LayerTiles]:
        tilings = (traffic.tiling for traffic in self.group.layers)
        return [LayerTiles(tiling.filters, tiling.cut, tiling.held) for tiling in tilings]

    def _psums(self) -> Line:
        terms = []
        for images, chunks in self.planned.chunks.sizes:
            read, written = self._chunk(images).psums(self.waves)
            terms.append(f"{chunks}*({int(read[self.place])} + {int(written[self.place])})")
        why = "chunks x what comes back and what goes: sums that spill, currents that wait for the other timesteps"
        return Line("psums", plus(*terms), self.traffic.dram.psum, UNIT, why)
