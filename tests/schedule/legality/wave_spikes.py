"""Spikes of a group in waves as events: windows that come from outside, rows that wait in spike_out between its layers,
what leaves."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from lifsim.hardware.pipeline.kinds import Kind
from lifsim.model.network import Tensor
from lifsim.schedule.plan import GroupPlan, Plan
from lifsim.schedule.tensors.moves import Visit
from lifsim.schedule.tensors.storage import rows_of, step_row_bytes, tensor_bytes
from tests.oracles.legality import IllegalPlanError, Walker
from tests.oracles.legality_events import Drop, Event, Load, Node, Put, Source, Store, Thing
from tests.schedule.legality.spikes import runs

if TYPE_CHECKING:
    from tests.schedule.legality.waves import Turn


class WaveSpikes:
    """Of one group. window: first image and number of that at work; between: the place of rows that wait in spike_out,
    fused those of all timesteps of a window packed. paid, needed: by layer and kind, bytes that have come, and that it
    has taken of what DRAM has."""

    def __init__(self, walker: Walker, plan: Plan, group: GroupPlan) -> None:
        self.walker, self.chip, self.net = walker, walker.chip, walker.net
        self.plan, self.group, self.facts = plan, group, plan.facts
        self.skewed = group.in_waves.skewed
        self.window = -1, -1
        self.between = "spike_out" if self.skewed else "between"
        self.tensors = {step.name: step.tensor for steps in plan.facts.steps for step in steps}
        self._packed: dict[str, int] = {}
        self.paid: dict[tuple[int, Kind], int] = {}
        self.needed: dict[tuple[int, Kind], int] = {}

    def _is_outside(self, name: str) -> bool:
        return self.facts.tensors[name].producer not in self.group.indices

    def _row_bytes(self, tensor: Tensor, turn: Turn) -> int:
        """In DRAM: of a timestep, or of those of the window side by side."""
        reals = self.facts.reals
        if self.skewed:
            return step_row_bytes(tensor, reals)
        steps = min(tensor.timesteps, turn.window[1] - turn.window[0])
        return tensor_bytes(Tensor(tensor.name, tensor.shape, steps, tensor.levels), reals) // rows_of(tensor.shape)

    def _timesteps(self, turn: Turn) -> list[list[int]]:
        """Those whose rows lie side by side in DRAM."""
        return [[timestep] for timestep in turn.rows] if self.skewed else [list(turn.rows)]

    # What comes

    def inputs(self, visit: Visit, turn: Turn) -> Iterator[Event]:
        """Windows of what is made outside of the group. spike_in takes all inputs of a window of timesteps whole, or
        what a visit needs while filters pass, or its windows come again with every tile of these."""
        layer = self.facts.layers[turn.layer].layer
        if (turn.images.start, turn.number) != self.window:
            self.window = turn.images.start, turn.number
            yield Drop("inputs")
        if not self._is_outside(layer.input.name):
            return
        (source, *_) = self.net.node(self.net.layers[turn.layer].product).sources
        size, node, whole = self._row_bytes(layer.input, turn), self.net.node(source.node), self._takes_whole(turn)
        brought, again = 0, 0
        for image, steps in product(turn.images, self._timesteps(turn)):
            mine = turn.rows[steps[0]]
            for begin, end in self.net.needed(source, mine.start, mine.stop) if self._computes(turn, steps[0]) else ():
                rows = self._absent(self.net.plane(node, image, steps[0]), begin, end)
                brought, again = brought + size * len(rows), again + size * (end - begin)
                for timestep, row in product(steps, rows):
                    thing = self.net.plane(node, image, timestep)
                    place = "inputs" if whole else "windows"
                    yield Load(place, thing, row * node.row_bytes, (row + 1) * node.row_bytes)
        if not whole and brought > self.plan.chip.room.spike_in:
            brought = again * self.group.layers[turn.layer - self.group.first].tiling.filter_tiles
        came = visit.moves.total(Kind.SPIKES_IN)
        if came < brought:
            raise IllegalPlanError(f"{turn} brings {came} bytes of {brought} that it needs")

    def _absent(self, plane: Thing, begin: int, end: int) -> list[int]:
        """Rows of a plane that spike_in does not hold."""
        size = self.net.node(plane[0]).row_bytes
        return [row for row in range(begin, end) if not self.chip.on_chip(plane, row * size, (row + 1) * size)]

    def _takes_whole(self, turn: Turn) -> bool:
        layers = (self.facts.layers[index].layer for index in self.group.indices)
        tensors = {layer.input.name: layer.input for layer in layers if self._is_outside(layer.input.name)}
        of_timestep = min(turn.window[1] - turn.window[0], self.net.timesteps) if self.skewed else 1
        size = sum(
            min(of_timestep, tensor.timesteps) * rows_of(tensor.shape) * self._row_bytes(tensor, turn)
            for tensor in tensors.values()
        )
        return len(turn.images) * size <= self.plan.chip.room.spike_in

    def _computes(self, turn: Turn, timestep: int) -> bool:
        once = self.facts.layers[turn.layer].when == "first"
        return not (once and self.skewed) or timestep == turn.window[0]

    def residuals(self, turn: Turn, timestep: int) -> Iterator[Event]:
        """What DRAM holds of operands that others make: what of it was needed is counted when rows have passed."""
        for tensor, image in product(self.facts.layers[turn.layer].layer.residuals, turn.images):
            if self._is_outside(tensor.name):
                node = self.net.node(tensor.name)
                thing, size = self.net.plane(node, image, timestep), node.row_bytes
                for row in self._absent(thing, 0, node.rows):
                    yield Load("passing", thing, row * size, (row + 1) * size)

    def pay(self, visit: Visit, turn: Turn) -> None:
        """A visit's part of what is told from its rows."""
        for kind in (Kind.RESIDUAL, Kind.SPIKES_OUT):
            key = turn.layer, kind
            self.paid[key] = self.paid.get(key, 0) + visit.moves.total(kind)

    def _need(self, layer: int, kind: Kind, size: int) -> None:
        self.needed[layer, kind] = self.needed.get((layer, kind), 0) + size

    def _added(self, turn: Turn) -> None:
        """Rows that have just passed took their operands from DRAM."""
        layer = self.facts.layers[turn.layer].layer
        tensors = {tensor.name: tensor for tensor in layer.residuals if self._is_outside(tensor.name)}
        for node in self.walker.rows.behind[self.net.layers[turn.layer].name][1:]:
            for source in (source for source in node.sources if source.node in tensors):
                size = self._row_bytes(tensors[source.node], turn)
                for steps, image in product(self._timesteps(turn), turn.images):
                    passing = self.walker.rows.passing.get((node.name, image, steps[0]))
                    plane = self.net.plane(self.net.node(source.node), image, steps[0])
                    came = self.chip.here.get("passing", {}).get(plane)
                    if passing is not None and came is not None:
                        rows = came.reshape(passing.size, -1).any(axis=1) & passing
                        self._need(turn.layer, Kind.RESIDUAL, int(rows.sum()) * size)

    def require_paid(self, index: int) -> None:
        """All that was needed has come, and what had to leave has left. Raises IllegalPlanError."""
        for kind in (Kind.RESIDUAL, Kind.SPIKES_OUT):
            paid, needed = (of.get((index, kind), 0) for of in (self.paid, self.needed))
            if paid < needed:
                name = self.net.layers[index].name
                raise IllegalPlanError(f"{name} moves {paid} bytes of {kind.name} of {needed}")

    # What stays and what leaves

    def put_out(self, turn: Turn) -> Iterator[Event]:
        """Rows that layers of the group wait for, and that have begun, go to spike_out; those for others to DRAM."""
        self._added(turn)
        yield from self._begun()
        tensors = {tensor.name: tensor for tensor in self.facts.layers[turn.layer].layer.outputs}
        for thing in [thing for thing in self.chip.fresh if thing[0] != "/currents"]:
            name, size = str(thing[0]), self.net.node(thing[0]).row_bytes
            for low, high in runs(self.chip.fresh[thing] & np.repeat(self._read_rows(name), size)):
                yield Put(self.between, thing, low, high)
            for low, high in runs(self.chip.fresh[thing]):
                if name in tensors and self._leaves(name):
                    yield Store("array", thing, low, high)
                    if self.skewed or thing[2] in (turn.window[0], 0):
                        packed = self._row_bytes(tensors[name], turn)
                        self._need(turn.layer, Kind.SPIKES_OUT, (high - low) // size * packed)
        for place in ("array", "passing", "windows"):
            yield Drop(place)
        if not self.skewed:
            self._require_room(turn)
        yield from self._forget()

    def _require_room(self, turn: Turn) -> None:
        """Rows of all timesteps of a window lie packed."""
        held: dict[tuple[str, int], set[int]] = {}
        for thing, bits in self.chip.here.get(self.between, {}).items():
            name, image = (thing[1], thing[2]) if thing[0] == "/begun" else (thing[0], thing[1])
            rows = np.flatnonzero(bits.reshape(self.net.node(name).rows, -1).any(axis=1))
            held.setdefault((str(thing[0]) + str(name), int(str(image))), set()).update(rows.tolist())
            self._packed[str(thing[0]) + str(name)] = self._row_bytes(self.tensors[str(name)], turn)
        size = sum(len(rows) * self._packed[name] for (name, _), rows in held.items())
        if size > self.plan.chip.room.spike_out:
            raise IllegalPlanError(f"{size} bytes do not fit into spike_out, {self.plan.chip.room.spike_out} bytes")

    def _leaves(self, name: str) -> bool:
        readers = self.facts.tensors[name].readers
        return not readers or any(reader not in self.group.indices for reader in readers)

    def _begun(self) -> Iterator[Event]:
        inside = {self.net.layers[index].name for index in self.group.indices}
        begun = [(thing, row) for thing, row in self.walker.rows.begun() if self.net.node(thing[1]).layer in inside]
        for thing, bits in list(self.chip.here.get(self.between, {}).items()):
            size = self.net.node(thing[1]).row_bytes if thing[0] == "/begun" else 0
            for low, high in runs(bits) if size else ():
                for row in range(low // size, high // size):
                    if (thing, row) not in begun:
                        yield Drop(self.between, thing, row * size, (row + 1) * size)
        for thing, row in begun:
            size = self.net.node(thing[1]).row_bytes
            yield Put(self.between, thing, row * size, (row + 1) * size)

    def _readers(self, name: str) -> Iterator[tuple[Node, Source]]:
        """Nodes of other layers of the group that read a node."""
        inside = {self.net.layers[index].name for index in self.group.indices}
        for node in self.net.nodes:
            if node.layer in inside and node.layer != self.net.node(name).layer:
                yield from ((node, source) for source in node.sources if source.node == name)

    def _read_rows(self, name: str) -> NDArray[np.bool_]:
        """[rows] of a node that others of the group read: strides may leave some out."""
        read = np.zeros(self.net.node(name).rows, np.bool_)
        for node, source in self._readers(name):
            for begin, end in self.net.needed(source, 0, node.rows):
                read[begin:end] = True
        return read

    def _forget(self) -> Iterator[Event]:
        """Rows that no other layer of the group needs any more leave spike_out."""
        for thing in [thing for thing in self.chip.here.get(self.between, {}) if thing[0] != "/begun"]:
            firsts = []
            for node, source in self._readers(str(thing[0])):
                plane = self.net.plane(node, int(str(thing[1])), int(str(thing[2])))
                done = int(np.argmin(np.append(self.walker.rows.made(plane), False)))
                needed = self.net.needed(source, done, done + 1) if done < node.rows else []
                firsts.append(needed[0][0] if needed else self.net.node(thing[0]).rows)
            yield Drop(self.between, thing, 0, min(firsts) * self.net.node(thing[0]).row_bytes)
