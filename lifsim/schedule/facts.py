"""What a schedule needs to know of a network under a sharing on an architecture: sizes in bytes, who reads what."""

from __future__ import annotations

from collections.abc import Iterator
from collections.abc import Set as AbstractSet
from dataclasses import replace
from functools import cached_property
from itertools import combinations

from lifsim.graph.reach import Step
from lifsim.graph.tensors import When
from lifsim.lazy_dataclass import dataclass
from lifsim.model.network import Layer
from lifsim.schedule.norms import NO_NORMS, Norms
from lifsim.schedule.tensors.begun import Passing, begun_together, passing
from lifsim.schedule.tensors.chains import IN_ONE_PIECE, Parted
from lifsim.schedule.tensors.psums import PsumStore
from lifsim.schedule.tensors.rows import Ints
from lifsim.schedule.tensors.storage import Reals, RowLayout


@dataclass(frozen=True, eq=False)
class LayerFacts:
    """The sizes of one layer in one timestep.

    when: the timesteps at which the array computes it: "first" replays its result to the LIFs at all of them (direct
        encoding), "last" is behind a mean over time. A layer that would be computed once may be computed again at
        "every" timestep: then `layer` has as many rounds.
    tile_filters, tile_bytes, tile_counts: [m] filters of a filter tile, its bytes, and how many tiles a group's filters
        make; one entry for each number of tiles. in_turn: groups of its convolution whose tiles take turns and count as
        one tile; filter_bytes: of one filter of each of them. weight_bytes: of all filters; 0 if the layer has no
        weights. operand_bytes: of a second operand, all filters of an image; else 0.
    replay_bytes: per image, the currents that a layer which is computed once keeps for its LIFs.
    psum_spill_bytes, psum_working_bytes: under tiles of one row and the fewest filters, which spill the least, the
        bytes that spill per image and round, one way, and those that wait between folds.
    """

    layer: Layer
    when: When
    rows: RowLayout
    weight_bytes: int
    operand_bytes: int
    filter_bytes: int
    tile_filters: Ints
    replay_bytes: int
    psum_spill_bytes: int
    psum_working_bytes: int
    in_turn: int = 1

    @property
    def group_sets(self) -> int:
        """Number of sets of groups that take turns; the sets run one after the other."""
        return self.layer.groups // self.in_turn

    @cached_property
    def tile_bytes(self) -> Ints:
        """[m] bytes of a filter tile."""
        return self.tile_filters * self.filter_bytes

    @cached_property
    def tile_counts(self) -> Ints:
        """[m] tiles of one group's filters."""
        return -(-self.layer.group_filters // self.tile_filters)

    @property
    def input_bytes(self) -> int:
        """Bytes of the input per image and timestep."""
        return self.rows.axis.rows_in * self.rows.row_bytes

    @property
    def may_compute_again(self) -> bool:
        """Whether it can be computed at every timestep instead of being replayed: it reads the analogue image itself,
        which is in DRAM, and only its LIFs read its result."""
        layer = self.layer
        alone = layer.lif is not None and not layer.residuals and layer.operand is None
        return self.when == "first" and layer.sees_image and alone

    @cached_property
    def computed_again(self) -> LayerFacts:
        """The same layer, computed at every timestep, so that no currents are kept."""
        return replace(self, layer=self.layer.computed_again, when="every", replay_bytes=0)


@dataclass(frozen=True)
class TensorFacts:
    """A stored tensor, the `order`-th of the network: `rows` rows of row_bytes per image and timestep. when: the
    timesteps at which it is put out. producer: the layer that puts it out; None for the network's input. inputs,
    operands, residuals: the layers that convolve it, that read it in place of weights, and that add it."""

    name: str
    order: int
    rows: int
    row_bytes: int
    when: When
    producer: int | None
    inputs: tuple[int, ...]
    operands: tuple[int, ...]
    residuals: tuple[int, ...]

    @cached_property
    def bytes(self) -> int:
        """Bytes per image and timestep."""
        return self.rows * self.row_bytes

    @cached_property
    def readers(self) -> tuple[int, ...]:
        """Layers that read it, in order."""
        return tuple(sorted({*self.inputs, *self.operands, *self.residuals}))


@dataclass(frozen=True)
class StateFacts:
    """One set of membranes: `values` values per image, all variables counted, in rows of row_bytes; variables: values
    per neuron; layers: those whose LIFs use it, in order; channels: the number of channel groups of each layer that use
    it in turn; parted: how chains are divided, timestep-major, for the layer that needs most; granule: the most bytes
    of one row that the filters of a smallest tile work on."""

    name: str
    values: int
    variables: int
    rows: int
    row_bytes: int
    layers: tuple[int, ...]
    channels: int = 1
    parted: Parted = IN_ONE_PIECE
    granule: int = 0

    @property
    def bytes(self) -> int:
        """Bytes per image."""
        return self.rows * self.row_bytes


@dataclass(frozen=True, eq=False)
class NetworkFacts:
    """A network, as schedules see it. reals: how its real values are stored. psums: where partial sums wait. steps: by
    layer, its nodes in order. recomputes: whether layers that are computed once may be computed again at every
    timestep; not in training. writes_all: whether spikes that stay on chip are written as well; in training, whose
    backward pass reads them. norms: in training, the layers whose batch norms wait for the batch."""

    timesteps: int
    reals: Reals
    psums: PsumStore
    layers: tuple[LayerFacts, ...]
    steps: tuple[tuple[Step, ...], ...]
    tensors: dict[str, TensorFacts]
    states: tuple[StateFacts, ...]
    recomputes: bool = True
    writes_all: bool = False
    norms: Norms = NO_NORMS

    def computing_again(self, chosen: AbstractSet[int]) -> NetworkFacts:
        """The network with the `chosen` layers computed at every timestep. The same layers give the same object, so
        that results cached for it are reused."""
        if not chosen:
            return self
        key = frozenset(chosen)
        if key not in self._again:
            layers = (facts.computed_again if index in chosen else facts for index, facts in enumerate(self.layers))
            self._again[key] = replace(self, layers=tuple(layers))
        return self._again[key]

    @cached_property
    def _again(self) -> dict[frozenset[int], NetworkFacts]:
        return {}

    def state_of(self, layer: int) -> StateFacts | None:
        """The membranes that the LIFs of a layer (an index) use; None without a LIF."""
        number = self._state_numbers.get(layer)
        return None if number is None else self.states[number]

    def states_of(self, first: int, last: int) -> list[int]:
        """Indices of the states that the LIFs of layers first..last use, ascending."""
        found = (self._state_numbers.get(layer) for layer in range(first, last + 1))
        return sorted({number for number in found if number is not None})

    @cached_property
    def _state_numbers(self) -> dict[int, int]:
        """By layer, the index of its state."""
        return {layer: number for number, state in enumerate(self.states) for layer in state.layers}

    def ways(self, first: int, last: int) -> Iterator[NetworkFacts]:
        """The network with each choice of those of layers first..last that are computed again at every timestep instead
        of being replayed; first without any."""
        able = [index for index in range(first, last + 1) if self.layers[index].may_compute_again]
        for count in range(len(able) + 1 if self.recomputes else 1):
            for chosen in combinations(able, count):
                yield self.computing_again(set(chosen))

    @cached_property
    def begun(self) -> tuple[tuple[int, ...], ...]:
        """[layers][rows + 1] bytes of rows that have begun (`lifsim.schedule.tensors.begun`), in all timesteps, when 0,
        1, ... rows of a layer that runs alone are done; empty if no node behind it has windows."""
        return tuple(
            begun_together(steps, facts.rows.axis.rows_out, self.reals)
            for steps, facts in zip(self.steps, self.layers, strict=True)
        )

    @cached_property
    def passing(self) -> tuple[dict[str, Passing], ...]:
        """By layer, how far each node behind it is when 0, 1, ... of its rows are done."""
        rows = (facts.rows.axis.rows_out for facts in self.layers)
        return tuple(passing(steps, count) for steps, count in zip(self.steps, rows, strict=True))

    def begun_in(self, index: int, timesteps: int | None) -> tuple[int, ...]:
        """`begun` of one layer, for at most this many timesteps."""
        return begun_together(self.steps[index], self.layers[index].rows.axis.rows_out, self.reals, timesteps)

    @cached_property
    def starts_from_zero(self) -> tuple[bool, ...]:
        """By layer, whether its LIFs are the first of a timestep to use their state."""
        later = {layer for state in self.states for layer in state.layers[1:]}
        return tuple(index not in later for index in range(len(self.layers)))

    def made(self, first: int, last: int) -> list[TensorFacts]:
        """Tensors that layers first..last put out."""
        return [self.tensors[tensor.name] for facts in self.layers[first : last + 1] for tensor in facts.layer.outputs]

    def touched(self, first: int, last: int) -> set[str]:
        """Tensors that layers first..last read or put out."""
        layers = [facts.layer for facts in self.layers[first : last + 1]]
        return {tensor.name for layer in layers for tensor in (*layer.reads, *layer.residuals, *layer.outputs)}
