"""A literal interpreter of a timestep-major group: it walks chunks, timesteps, strips, layers and tiles, keeps sets of
the bytes that are on chip, and counts what DRAM moves. It takes the plan's decisions and none of its counts."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from lifsim.graph.states import State, states_of
from lifsim.model.arch import Arch
from lifsim.model.layers import Ownership
from lifsim.model.network import Input, Layer, Network, Pool, Tensor, TimeMean
from lifsim.model.sharing import Sharing
from lifsim.schedule.plan import GroupPlan
from tests.oracles.loop_nest import axis_of, ceil_div, cut, needed_rows

Byte = tuple[object, ...]
Moved = dict[str, Counter[str]]


def walk(network: Network, sharing: Sharing, arch: Arch, plan: GroupPlan, batch: int) -> list[Moved]:
    """DRAM bytes by layer and tensor, of each timestep of each chunk. The chunk must divide the batch."""
    return [moved for _, _, moved in _walked(network, sharing, arch, plan, batch).steps]


def walk_exits(
    network: Network, sharing: Sharing, arch: Arch, plan: GroupPlan, stops: Sequence[int]
) -> dict[tuple[int, int], Moved]:
    """The same by (chunk, timestep), of images that are done after so many timesteps each: they do nothing behind
    these, and nobody needs what they would leave. What stays on chip from one timestep to the next has its place, that
    of its image, until the chunk ends; spikes, of which none stays so long, are laid out anew in each."""
    steps = _walked(network, sharing, arch, plan, len(stops), stops).steps
    return {(chunk, timestep): moved for chunk, timestep, moved in steps}


def most_spikes_kept(network: Network, sharing: Sharing, arch: Arch, plan: GroupPlan, batch: int) -> int:
    """The most bytes that spike_out holds for later layers, and for the next strip."""
    return _walked(network, sharing, arch, plan, batch).most_spikes


def _walked(
    network: Network, sharing: Sharing, arch: Arch, plan: GroupPlan, batch: int, stops: Sequence[int] | None = None
) -> _Walker:
    assert batch % plan.images == 0
    walker = _Walker(network, sharing, arch, plan, [network.timesteps] * batch if stops is None else stops)
    for chunk in range(batch // plan.images):
        walker.chunk(chunk, range(chunk * plan.images, (chunk + 1) * plan.images))
    return walker


@dataclass
class _Membranes:
    """Of one state, in one chunk: what was ever written, what is on chip."""

    touched: set[Byte] = field(default_factory=set)
    here: set[Byte] = field(default_factory=set)


class _Walker:
    def __init__(self, network: Network, sharing: Sharing, arch: Arch, plan: GroupPlan, stops: Sequence[int]) -> None:
        """stops: after how many timesteps each image is done."""
        self.network, self.arch, self.plan, self.stops = network, arch, plan, stops
        self.T = network.timesteps
        self.group = range(plan.first, plan.last + 1)
        self.steps: list[tuple[int, int, Moved]] = []
        self.most_spikes = 0
        self.averaged: set[str] = set()
        for node in network.nodes:
            if isinstance(node, TimeMean) or self.averaged & set(node.inputs):
                self.averaged.add(node.name)
        self.owner = Ownership.of(network.nodes).owner
        self.inputs = {node.output.name for node in network.nodes if isinstance(node, Input)}
        self.tensors: dict[str, Tensor] = {}
        self.producer: dict[str, int] = {}
        for layer in network.layers:
            for tensor in (*layer.reads, *layer.residuals, *layer.outputs):
                self.tensors.setdefault(tensor.name, tensor)
            for tensor in layer.outputs:
                self.producer[tensor.name] = layer.index
        self.weights_seen: set[Byte] = set()
        self.pinned = {i: self.pinned_weights(network.layers[i]) for i in self.group}
        index = {layer.lif.name: layer.index for layer in network.layers if layer.lif}
        self.states = {s.name: (s, sorted(index[lif] for lif in s.lifs)) for s in states_of(network, sharing)}

    # What there is

    def when(self, steps: int, name: str) -> str:
        if steps == self.T:
            return "every"
        return "last" if name in self.averaged else "first"

    def now(self, when: str, t: int) -> bool:
        return when == "every" or (when == "first" and t == 0) or (when == "last" and t == self.T - 1)

    def rounds(self, layer: Layer) -> int:
        """In how many timesteps the plan has it computed."""
        if layer.index in self.group and self.plan.layers[layer.index - self.plan.first].computed_again:
            assert layer.input.name in self.inputs
            assert layer.rounds == 1
            return self.T
        return layer.rounds

    def computes(self, index: int, t: int) -> bool:
        layer = self.network.layers[index]
        return self.now(self.when(self.rounds(layer), layer.input.name), t)

    def epilogue(self, index: int, t: int) -> bool:
        layer = self.network.layers[index]
        return self.when(layer.rounds, layer.input.name) != "last" or t == self.T - 1

    def plane(self, name: str, images: Sequence[int]) -> list[Byte]:
        """Bytes of a tensor in one timestep, in order."""
        tensor = self.network.node(name).output
        rows, per_row = plane_shape(tensor.shape)
        bits = tensor.bits(self.network.input_bits if name in self.inputs else self.arch.precision.psum_bits)
        return [(name, i, r, b) for i in images for r in range(rows) for b in range(ceil_div(per_row * bits, 8))]

    def readers(self, name: str, t: int) -> list[int]:
        found = []
        for index in self.group:
            layer = self.network.layers[index]
            convolves = any(tensor.name == name for tensor in layer.reads) and self.computes(index, t)
            adds = any(operand.name == name for operand in layer.residuals) and self.epilogue(index, t)
            if convolves or adds:
                found.append(index)
        return found

    def leaves(self, name: str) -> bool:
        readers = [
            layer.index
            for layer in self.network.layers
            if name in {*(tensor.name for tensor in layer.reads), *(operand.name for operand in layer.residuals)}
        ]
        made = self.when(self.tensors[name].timesteps, name)
        later = any(
            made == "first" and self.when(layer.rounds, layer.input.name) == "every"
            for layer in self.network.layers
            if any(operand.name == name for operand in layer.residuals)
        )
        return later or not readers or any(index not in self.group for index in readers)

    # Weights

    def filter_size(self, layer: Layer) -> int:
        bits = layer.operand.bits(0) if layer.operand else self.arch.precision.weight_bits
        return ceil_div(layer.reduction * bits, 8)

    def weight_tiles(self, layer: Layer) -> list[list[Byte]]:
        filters = self.plan.layers[layer.index - self.plan.first].tiling.filters
        return [
            [(layer.name, group, number, byte) for number in tile for byte in range(self.filter_size(layer))]
            for group in range(layer.groups)
            for tile in cut(layer.group_filters, filters)
        ]

    def pinned_weights(self, layer: Layer) -> set[Byte]:
        if layer.operand:
            return set()
        region = self.plan.residency.weight_region
        tiles = self.weight_tiles(layer)
        overflow = [byte for tile in tiles for byte in tile[region:]]
        others = [byte for tile in tiles for byte in tile[:region]]
        count = self.plan.layers[layer.index - self.plan.first].tiling.resident_weight_bytes
        return set((overflow + others)[:count])

    def fetch_weights(self, layer: Layer, images: Sequence[int], rows: range) -> None:
        region = self.plan.residency.weight_region
        for tile in self.weight_tiles(layer):
            for position, byte in enumerate(tile):
                if byte in self.pinned[layer.index]:
                    self.moved[layer.name]["weights"] += byte not in self.weights_seen
                    self.weights_seen.add(byte)
                elif position < region:
                    self.moved[layer.name]["weights"] += 1
                else:
                    for _ in images:
                        for _ in rows:
                            self.moved[layer.name]["weights"] += 1

    def fetch_filters(self, layer: Layer, images: Sequence[int], rows: range, here: set[Byte]) -> None:
        if layer.operand:
            assert self.producer.get(layer.operand.name) != layer.index
            self.fetch_operand(layer, images, rows, here)
        else:
            self.fetch_weights(layer, images, rows)

    def fetch_operand(self, layer: Layer, images: Sequence[int], rows: range, here: set[Byte]) -> None:
        """Its filters are the elements of one image and timestep: of each image not on chip they pass the region,
        tile by tile, and nothing of them stays."""
        region = self.plan.residency.weight_region
        for image in images:
            if all(byte in here for byte in self.plane(layer.operand.name, range(image, image + 1))):
                continue
            for tile in self.weight_tiles(layer):
                for position, _ in enumerate(tile):
                    for tensor in ("operand", "spikes_in"):
                        self.moved[layer.name][tensor] += 1 if position < region else len(rows)

    def reads_as_filters(self, name: str, first: int, last: int) -> bool:
        layers = self.network.layers[first : last + 1]
        return any(layer.operand is not None and layer.operand.name == name for layer in layers)

    # Spikes

    def traversals_of_input(self, layer: Layer) -> int:
        return ceil_div(layer.group_filters, self.plan.layers[layer.index - self.plan.first].tiling.filters)

    def read_input(self, layer: Layer, images: Sequence[int], here: set[Byte], runs: int = 1) -> int:
        """Bytes that a pass reads, over the best height of the row tiles. runs: how often each filter tile is worked
        off."""
        plane = self.plane(layer.input.name, images)
        buffer = self.arch.buffers.spike_in.usable_bytes
        rows_out = layer.out_shape[1 + axis_of(layer)]
        if len(plane) <= buffer:
            used = set(needed_rows(layer, range(rows_out))) if layer.kind == "conv" else {b[2] for b in plane}
            return sum(byte[2] in used and byte not in here for byte in plane)
        smallest = min(self.arch.array.cols, layer.group_filters)
        region = self.plan.residency.weight_region
        single = max(len(self.window(layer, plane, tile)) for tile in cut(rows_out, 1)) // len(images)
        tile_fits = all(byte in self.pinned[layer.index] for tile in self.weight_tiles(layer) for byte in tile[region:])
        traversals = self.traversals_of_input(layer) if single <= buffer else ceil_div(layer.group_filters, smallest)
        results = []
        for height in range(1, rows_out + 1):
            tiles = cut(rows_out, height)
            window = max(len(self.window(layer, plane, tile)) for tile in tiles) // len(images)
            if height > 1 and (window > buffer or not tile_fits):
                continue
            absent = [byte for byte in plane if byte not in here]
            pinned = set(absent[: max(0, buffer - window)])
            seen: set[Byte] = set()
            count = 0
            for _ in range(runs * traversals):
                for tile in tiles:
                    for byte in self.window(layer, plane, tile):
                        if byte in pinned:
                            count += byte not in seen
                            seen.add(byte)
                        elif byte not in here:
                            count += 1
            results.append(count)
        return min(results)

    def window(self, layer: Layer, plane: list[Byte], tile: range) -> list[Byte]:
        if layer.kind == "linear":
            return plane
        rows = set(needed_rows(layer, tile))
        return [byte for byte in plane if byte[2] in rows]

    def keep(
        self, first: int, last: int, t: int, held: set[Byte], images: Sequence[int], reserved: int, spilled: set[Byte]
    ) -> set[Byte]:
        """spike_out behind a pass: what is still to be read of what it kept."""
        kept = self.kept_during(first, last, t, held, images, reserved)
        self.most_spikes = max(self.most_spikes, reserved + len(kept))
        waiting = {
            byte
            for name in self.tensors
            if any(index > last for index in self.readers(name, t))
            for byte in self.plane(name, images)
        }
        filters = {
            byte
            for layer in self.network.layers[first : last + 1]
            if layer.operand and self.computes(layer.index, t)
            for byte in self.plane(layer.operand.name, images)
        }
        made_so_far = {name for name, index in self.producer.items() if self.plan.first <= index <= last}
        spilled |= {byte for byte in waiting | filters if byte[0] in made_so_far and byte not in kept}
        spilled |= {byte for byte in filters if byte[0] in made_so_far and byte not in held}
        return kept & waiting

    def kept_during(
        self, first: int, last: int, t: int, held: set[Byte], images: Sequence[int], reserved: int
    ) -> set[Byte]:
        """spike_out during a pass: what is read now, then what is read soonest; of second operands whole images."""
        wanted: list[tuple[int, int, int, Byte]] = []
        for order, name in enumerate(self.tensors):
            readers = self.readers(name, t)
            later = [index for index in readers if index > last]
            made = self.producer.get(name) in range(first, last + 1)
            read = not made and any(first <= index <= last for index in readers)
            put_out = made and self.now(self.when(self.tensors[name].timesteps, name), t)
            plane = self.plane(name, images)
            stays = self.reads_as_filters(name, first, last) or not self.in_spike_in(name, first, last, t, images)
            for position, byte in enumerate(plane):
                if read and byte in held and stays:
                    wanted.append((-1, order, position, byte))
                elif later and (put_out or read or byte in held):
                    wanted.append((later[0], order, position, byte))
        room = max(0, self.arch.buffers.spike_out.usable_bytes - reserved)
        kept = {entry[3] for entry in sorted(wanted, key=lambda entry: entry[:3])[:room]}
        for name in self.tensors:
            if self.reads_as_filters(name, self.plan.first, self.plan.last):
                for image in images:
                    plane_of_image = set(self.plane(name, range(image, image + 1)))
                    kept -= plane_of_image if plane_of_image - kept else set()
        return kept

    def in_spike_in(self, name: str, first: int, last: int, t: int, images: Sequence[int]) -> bool:
        """Whether a tensor is an input from outside first..last, and spike_in holds all of those."""
        sources = {layer.input.name for layer in self.network.layers[first : last + 1] if self.computes(layer.index, t)}
        outside = {source for source in sources if not first <= self.producer.get(source, -1) <= last}
        size = sum(len(self.plane(source, images)) for source in outside)
        return name in outside and size <= self.arch.buffers.spike_in.usable_bytes

    # The walk

    def chunk(self, number: int, everyone: range) -> None:
        membranes = {name: _Membranes() for name in self.states}
        strips = {strip.first: strip for strip in self.plan.strips}
        self.everyone = everyone
        for t in range(self.T):
            images = [image for image in everyone if self.stops[image] > t]
            if not images:
                return
            self.moved: Moved = {
                layer.name: Counter() for layer in self.network.layers[self.plan.first : self.plan.last + 1]
            }
            self.steps.append((number, t, self.moved))
            self.replay(images, t)
            held: set[Byte] = set()
            spilled: set[Byte] = set()
            index = self.plan.first
            while index <= self.plan.last:
                strip = strips.get(index)
                last = strip.last if strip else index
                layers = self.network.layers[index : last + 1]
                reserved = self.reserved(layers, self.lags(layers), strip.rows, images) if strip else 0
                here = held & self.kept_during(index, last, t, held, images, reserved)
                for layer in layers:
                    self.read_operands(layer, index, last, t, here, images)
                spilled |= {
                    byte
                    for byte in held - here
                    if not self.in_spike_in(str(byte[0]), index, last, t, images) and self.is_read(byte, index, last, t)
                }
                if strip:
                    self.run_strips(index, last, strip.rows, t, (held, here), images, membranes)
                else:
                    layer = self.network.layers[index]
                    if self.computes(index, t):
                        rows = range(layer.out_shape[1 + axis_of(layer)])
                        self.fetch_filters(layer, images, rows, here)
                        self.moved[layer.name]["spikes_in"] += self.read_input(layer, images, held)
                        self.spill_psums(layer, images)
                    self.fire(layer, None, t, images, membranes)
                held = self.keep(index, last, t, held, images, reserved, spilled)
                index = last + 1
            self.write_outputs(t, images, spilled)

    def is_read(self, byte: Byte, first: int, last: int, t: int) -> bool:
        made = self.producer.get(str(byte[0]), -1)
        return self.plan.first <= made < first and any(first <= one <= last for one in self.readers(str(byte[0]), t))

    def read_operands(
        self, layer: Layer, first: int, last: int, t: int, held: set[Byte], images: Sequence[int]
    ) -> None:
        if not self.epilogue(layer.index, t):
            return
        for operand in layer.residuals:
            made_here = first <= self.producer.get(operand.name, -1) <= last
            if not made_here and not self.in_spike_in(operand.name, first, last, t, images):
                plane = self.plane(operand.name, images)
                self.moved[layer.name]["residual"] += sum(byte not in held for byte in plane)

    def write_outputs(self, t: int, images: Sequence[int], spilled: set[Byte]) -> None:
        for index in self.group:
            for tensor in self.network.layers[index].outputs:
                when = self.when(tensor.timesteps, tensor.name)
                leaving = [image for image in images if self.stops[image] == t + 1]
                if self.now(when, t) or (when == "last" and leaving):
                    plane = self.plane(tensor.name, leaving if when == "last" else images)
                    written = plane if self.leaves(tensor.name) else [byte for byte in plane if byte in spilled]
                    self.moved[self.network.layers[index].name]["spikes_out"] += len(written)

    def run_strips(
        self,
        first: int,
        last: int,
        height: int,
        t: int,
        chip: tuple[set[Byte], set[Byte]],
        images: Sequence[int],
        membranes: dict[str, _Membranes],
    ) -> None:
        """Run the layers strip by strip. chip: what spike_out has held so far, and what of it stays while they run."""
        layers = self.network.layers[first : last + 1]
        made = {tensor.name: layer for layer in layers for tensor in layer.outputs}
        rows = layers[0].out_shape[1 + axis_of(layers[0])]
        lags = self.lags(layers)
        strips = ceil_div(rows, height)
        done = [0] * len(layers)
        taken: dict[str, set[Byte]] = {}
        most_waiting = 0
        held, here = chip
        for strip in range(strips):
            for position, layer in enumerate(layers):
                end = rows if strip == strips - 1 else min(rows, max(0, (strip + 1) * height - lags[position]))
                todo = range(done[position], end)
                done[position] = end
                if not todo:
                    continue
                for name, needed in self.needs(layer, todo):
                    under = self.rows_under(name, needed, layers)
                    assert all(row < done[index - first] for index, row in under), "a row that is not there yet"
                if self.computes(layer.index, t):
                    self.fetch_filters(layer, images, todo, here)
                    whole = self.in_spike_in(layer.input.name, first, last, t, images)
                    inputs = taken.setdefault(layer.name, set()) if whole else None
                    on_chip = held if whole else here
                    self.read_strip(layer, images, todo, on_chip, made, height, lags[position], inputs)
                    self.spill_psums(layer, images, len(todo))
                self.fire(layer, todo, t, images, membranes)
            most_waiting = max(most_waiting, self.waiting(layers, done, images))
        assert most_waiting <= self.reserved(layers, lags, height, images)

    def lags(self, layers: tuple[Layer, ...]) -> list[int]:
        lags: list[int] = []
        for layer in layers:
            lag = lags[-1] if lags else 0
            for row in range(layer.out_shape[1 + axis_of(layer)]):
                for name, rows in self.needs(layer, range(row, row + 1)):
                    under = self.rows_under(name, rows, layers[: len(lags)])
                    lag = max([lag, *(lags[index - layers[0].index] + below - row for index, below in under)])
            lags.append(lag)
        return lags

    def needs(self, layer: Layer, rows: range) -> list[tuple[str, list[int]]]:
        return [(layer.input.name, needed_rows(layer, rows)), *((o.name, list(rows)) for o in layer.residuals)]

    def read_strip(
        self,
        layer: Layer,
        images: Sequence[int],
        rows: range,
        held: set[Byte],
        made: dict[str, Layer],
        height: int,
        lag: int,
        taken: set[Byte] | None,
    ) -> None:
        """taken: bytes that the layer has brought into spike_in, where that holds the relay's inputs whole."""
        if layer.input.name in made:
            return
        plane = self.plane(layer.input.name, images)
        if taken is not None:
            for byte in self.window(layer, plane, rows):
                self.moved[layer.name]["spikes_in"] += byte not in held and byte not in taken
                taken.add(byte)
            return
        out_rows = layer.out_shape[1 + axis_of(layer)]
        begins = [0] + [s * height - lag for s in range(1, ceil_div(out_rows, height)) if s * height - lag > 0]
        ends = [*begins[1:], out_rows]
        tallest = max(len(self.window(layer, plane, range(a, b))) for a, b in zip(begins, ends, strict=True))
        traversals = 1 if tallest <= self.arch.buffers.spike_in.usable_bytes else self.traversals_of_input(layer)
        absent = [byte for byte in self.window(layer, plane, rows) if byte not in held]
        self.moved[layer.name]["spikes_in"] += traversals * len(absent)

    # Rows between the layers of strips

    def inside(self, name: str, layers: tuple[Layer, ...]) -> bool:
        return self.owner[name] in {layer.name for layer in layers}

    def windows(self, layers: tuple[Layer, ...]) -> list[tuple[str, str, int]]:
        """(who, what, half a kernel) of nodes of the layers that wait for rows of others of theirs: layers for what
        they read and add, and pools between them for what is under their windows."""
        found = []
        for layer in layers:
            reads = [(layer.input.name, layer.kernel[axis_of(layer)] // 2), *((o.name, 0) for o in layer.residuals)]
            found += [(layer.name, name, half) for name, half in reads if self.inside(name, layers)]
        for node in reversed(self.network.nodes):
            is_read = any(what == node.name for _, what, _ in found)
            if isinstance(node, Pool) and is_read and self.inside(node.inputs[0], layers):
                half = node.kernel[1 if node.output.shape[1] == 1 else 0] // 2
                found.append((node.name, node.inputs[0], half))
        return found

    def rows_under(self, name: str, rows: Iterable[int], layers: tuple[Layer, ...]) -> set[tuple[int, int]]:
        """(layer, row of its product) of these layers that rows of a node are made of."""
        if not self.inside(name, layers):
            return set()
        node = self.network.node(name)
        owner = next(layer for layer in layers if layer.name == self.owner[name])
        if node.name == owner.name:
            return {(owner.index, row) for row in rows}
        found = set()
        for source in node.inputs:
            under = set(rows)
            if isinstance(node, Pool):
                along = 1 if node.output.shape[1] == 1 else 0
                height = plane_shape(self.network.node(source).output.shape)[0]
                under = {row * node.stride[along] - node.padding[along] + tap
                         for row in rows for tap in range(node.kernel[along])}.intersection(range(height))  # fmt: skip
            if self.owner[source] == owner.name:
                found |= self.rows_under(source, under, layers)
        return found

    def lag_of(self, name: str, lags: list[int], layers: tuple[Layer, ...]) -> int:
        rows = range(plane_shape(self.network.node(name).output.shape)[0])
        return max(lags[index - layers[0].index] + under - row
                   for row in rows for index, under in self.rows_under(name, [row], layers))  # fmt: skip

    def waiting(self, layers: tuple[Layer, ...], done: list[int], images: Sequence[int]) -> int:
        """Bytes of rows that were put out and that a layer of the relay still needs."""
        total = 0
        for name in {what for _, what, _ in self.windows(layers)}:
            needed: set[int] = set()
            for who, what, half in self.windows(layers):
                rows = range(plane_shape(self.network.node(who).output.shape)[0])
                rest = [row for row in rows if not self.is_done(who, row, layers, done)]
                if what == name:
                    needed |= {row + tap for row in rest for tap in range(-half, half + 1)}
            total += sum(byte[2] in needed and self.is_done(name, byte[2], layers, done)
                         for byte in self.plane(name, images))  # fmt: skip
        return total

    def is_done(self, name: str, row: int, layers: tuple[Layer, ...], done: list[int]) -> bool:
        return all(under < done[index - layers[0].index] for index, under in self.rows_under(name, [row], layers))

    def reserved(self, layers: tuple[Layer, ...], lags: list[int], height: int, images: Sequence[int]) -> int:
        """What the rows between the layers of a relay may take: from where a reader's strip begins, half a kernel
        before it, to where the strip of what it reads ends."""
        rows = layers[0].out_shape[1 + axis_of(layers[0])]
        tail = rows - (ceil_div(rows, height) - 1) * height
        total = 0
        for name in {what for _, what, _ in self.windows(layers)}:
            behind = [self.lag_of(who, lags, layers) + half for who, what, half in self.windows(layers) if what == name]
            window = max(height - self.lag_of(name, lags, layers), tail) + max(behind)
            total += sum(byte[2] < min(rows, window) for byte in self.plane(name, images))
        strips = range(1, ceil_div(rows, height))
        for layer, lag in zip(layers, lags, strict=True):
            stops = [strip * height - lag for strip in strips if strip * height > lag]
            total += max((self.begun(layer, stop, layers, images) for stop in stops), default=0)
        return total

    def begun(self, layer: Layer, stop: int, layers: tuple[Layer, ...], images: Sequence[int]) -> int:
        """Bytes of rows of which only a part has passed when a layer's rows before `stop` have, of nodes that neither
        another layer of the relay reads nor what such a one is made of."""
        done = [stop if other is layer else 0 for other in layers]
        passed_on: set[str] = set()
        for node in reversed(self.network.nodes):
            for source in node.inputs if self.inside(node.name, layers) else ():
                if self.owner[source] != self.owner[node.name] or node.name in passed_on:
                    passed_on.add(source)
        total = 0
        for node in self.network.nodes:
            if self.owner[node.name] == layer.name != node.name and node.name not in passed_on:
                for row in range(plane_shape(node.output.shape)[0]):
                    parts = {self.is_done(source, below, layers, done)
                             for source in node.inputs if self.owner[source] == layer.name
                             for below in self.rows_below(node.name, source, row)}  # fmt: skip
                    total += sum(byte[2] == row for byte in self.plane(node.name, images)) * (len(parts) == 2)
        return total

    def rows_below(self, name: str, source: str, row: int) -> list[int]:
        """Rows of a source that a row of a node needs."""
        node, height = self.network.node(name), plane_shape(self.network.node(source).output.shape)[0]
        shapes = [self.network.node(one).output.shape for one in (name, source)]
        along = [len(shape) == 3 and shape[1] == 1 for shape in shapes]
        if along[0] != along[1]:
            return list(range(height))
        if not isinstance(node, Pool):
            return [row]
        first = row * node.stride[along[0]] - node.padding[along[0]]
        return [below for below in range(first, first + node.kernel[along[0]]) if 0 <= below < height]

    # Membranes

    def fire(
        self, layer: Layer, rows: range | None, t: int, images: Sequence[int], membranes: dict[str, _Membranes]
    ) -> None:
        """One LIF call on all rows, or on the rows of a strip."""
        for name, (state, users) in self.states.items():
            if layer.index not in users:
                continue
            height, per_row = plane_shape(state.shape)
            size = ceil_div(per_row * self.arch.precision.membrane_bits, 8)
            everything = [(i, r, b) for i in self.everyone for r in range(height) for b in range(size)]
            stripped = rows is not None
            moving = everything[self.plan.residency.permanent[name] :]
            transient = set(moving if stripped else moving[: self.plan.residency.transient])
            ram = membranes[name]
            # Nothing streams while strips run: they have what is reserved for it, too.
            room = self.plan.residency.transient + (self.plan.residency.reserved if stripped else 0)
            parts = 1 if stripped or self.chains_stay(state.channels, users) else self.parts(state, users)
            for part in range(parts):
                for byte in moving:
                    if byte[0] not in images or (stripped and byte[1] not in rows):
                        continue
                    if byte not in ram.here:
                        self.moved[layer.name]["membrane_read"] += byte in ram.touched
                        ram.here.add(byte)
                    ram.touched.add(byte)
                assert len(ram.here & transient) <= room
                ends_relay = part == parts - 1 and self.ends_relay(users, layer.index)
                last_call = layer.index == users[-1] and part == parts - 1
                for byte in sorted(ram.here):
                    leaves = ends_relay if byte in transient else True
                    if leaves and (not stripped or byte[1] in rows):
                        ram.here.remove(byte)
                        self.moved[layer.name]["membrane_write"] += not (last_call and self.stops[byte[0]] == t + 1)

    def pieces(self, layer: Layer, channels: int) -> list[list[int]]:
        """The chain of every filter, filters chain by chain, in the pieces that run one after the other with all
        pixels: groups of the convolution, the tiles of a group."""
        chains, size = layer.filters // channels, layer.group_filters
        own = [sorted(f % chains for f in range(g * size, (g + 1) * size)) for g in range(layer.groups)]
        smallest = size if layer.groups > 1 else min(self.arch.array.cols, size)
        return [[members[filter_] for filter_ in tile] for members in own for tile in cut(size, smallest)]

    def parts(self, state: State, users: list[int]) -> int:
        """Pieces in which a chain of any user has filters, at most."""
        most = 1
        for user in users:
            pieces = self.pieces(self.network.layers[user], state.channels)
            counts = Counter(chain for piece in pieces for chain in set(piece))
            most = max(most, *counts.values())
        return most

    def chains_stay(self, channels: int, users: list[int]) -> bool:
        """Whether those at work have room until their last call: of pieces that have chains in common, taken one behind
        the other, those that begin in one and go on in another."""
        needed = 0
        for user in users:
            layer = self.network.layers[user]
            pieces = [set(piece) for piece in self.pieces(layer, channels)]
            waiting = 0
            if layer.groups > 1 and layer.groups % channels:
                waiting = layer.filters // channels
            elif layer.groups > 1:
                waiting = max(len(a & b) for a in pieces for b in pieces if a is not b)
            else:
                whole = layer.filters <= self.arch.array.cols or self.arch.array.cols % channels == 0
                waiting = 0 if whole or channels == 1 else 1
            rows, per_row = plane_shape(layer.lif.output.shape)
            columns = per_row // layer.lif.output.shape[0] if len(layer.lif.output.shape) > 1 else 1
            needed = max(needed, rows * ceil_div(waiting * columns * self.arch.precision.membrane_bits, 8))
        return len(self.everyone) * needed <= self.plan.residency.reserved

    def ends_relay(self, users: list[int], index: int) -> bool:
        """Whether the next LIF of the group uses another state, or there is none."""
        lifs = sorted(i for _, owners in self.states.values() for i in owners if i in self.group)
        behind = lifs[lifs.index(index) + 1 :]
        return not behind or behind[0] not in users

    # Partial sums

    def replay(self, images: Sequence[int], t: int) -> None:
        """Currents of layers that compute once and fire at every timestep wait in what the psum buffer has left."""
        buffer = self.arch.buffers.psum.usable_bytes
        left = max(0, buffer - max(self.psum_working_set(self.network.layers[i]) for i in self.group))
        for index in self.group:
            layer = self.network.layers[index]
            if layer.lif is None or self.when(self.rounds(layer), layer.input.name) != "first":
                continue
            size = ceil_div(layer.lif_elements * self.arch.precision.psum_bits, 8)
            currents = [image for image in self.everyone for _ in range(size)]
            stays = min(left, len(currents))
            left -= stays
            waiting = sum(image in images for image in currents[stays:])
            self.moved[layer.name]["psum_write" if t == 0 else "psum_read"] += waiting

    def psum_folds(self, layer: Layer) -> tuple[list[int], int]:
        """Bytes of psums of each column fold of one output row; hand-overs between folds over K."""
        array, bits = self.arch.array, self.arch.precision.psum_bits
        hand_overs = ceil_div(layer.reduction, array.rows) - 1
        if array.dataflow == "os" or hand_overs == 0:
            return [], 0
        pixels = layer.pixels // layer.out_shape[1 + axis_of(layer)]
        smallest = min(array.cols, layer.group_filters)
        folds = []
        for tile in cut(layer.group_filters, smallest):
            columns = len(tile) if array.dataflow == "ws" else pixels
            kept = pixels if array.dataflow == "ws" else len(tile)
            folds += [ceil_div(kept * len(fold) * bits, 8) for fold in cut(columns, array.cols)]
        return folds * layer.groups, hand_overs

    def psum_working_set(self, layer: Layer) -> int:
        return max(self.psum_folds(layer)[0], default=0)

    def spill_psums(self, layer: Layer, images: Sequence[int], rows: int | None = None) -> None:
        folds, hand_overs = self.psum_folds(layer)
        rows = layer.out_shape[1 + axis_of(layer)] if rows is None else rows
        for psums in folds:
            excess = max(0, psums - self.arch.buffers.psum.usable_bytes)
            self.moved[layer.name]["psum_write"] += len(images) * rows * hand_overs * excess
            self.moved[layer.name]["psum_read"] += len(images) * rows * hand_overs * excess


def plane_shape(shape: tuple[int, ...]) -> tuple[int, int]:
    """Rows of a map (of a 1-D signal: its length) and elements of one."""
    if len(shape) == 1:
        return 1, shape[0]
    channels, height, width = shape
    return (width, channels) if height == 1 else (height, channels * width)
