"""What a schedule needs to know of a network under a sharing on an architecture: sizes in bytes, who reads what."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import replace
from functools import cached_property, partial
from itertools import combinations

from lifsim.graph.reach import Step, steps_behind
from lifsim.graph.states import State
from lifsim.graph.tensors import When, behind_mean, edges_of, when_there
from lifsim.hardware.array import Cut
from lifsim.lazy_dataclass import dataclass
from lifsim.model.arch import Precision
from lifsim.model.network import Layer, Network
from lifsim.schedule.norms import NO_NORMS, Norms
from lifsim.schedule.tensors.begun import Passing, begun_together, passing
from lifsim.schedule.tensors.chains import IN_ONE_PIECE, Parted, chains_at_work, parted
from lifsim.schedule.tensors.products import gemm_of
from lifsim.schedule.tensors.psums import PsumStore, spilled_by, working_set_bytes
from lifsim.schedule.tensors.rows import Ints, tile_filters
from lifsim.schedule.tensors.storage import (
    Reals,
    RowLayout,
    bytes_of,
    filter_bytes,
    rows_of,
    state_rows,
    step_row_bytes,
    step_rows,
)


@dataclass(frozen=True, eq=False)
class LayerFacts:
    """One layer in one timestep.

    when: the timesteps at which the array computes it: "first" replays its result to the LIFs at all of them (direct
        encoding), "last" is behind a mean over time. What it would compute once may be computed again at "every" one:
        then `layer` has as many rounds.
    tile_filters, tile_bytes, tile_counts: [m] filters and bytes of a filter tile, tiles of a group's filters, one entry
        for each number of tiles. in_turn: groups of its convolution whose tiles take turns and count as one tile;
        filter_bytes: of a filter of each of them. weight_bytes: all filters, of a layer that has weights.
        operand_bytes: all filters of an image, of one that has a second operand.
    replay_bytes: per image, the currents that a layer computed once keeps for its LIFs.
    psum_spill_bytes, psum_working_bytes: of tiles of one row and the fewest filters, which no others spill less than,
        what spills per image and round, one way, and what the psum buffer works on.
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
        """Sets of groups that take turns, which are worked off one after the other."""
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
        """Whether it can be computed at every timestep instead of being replayed: it sees the analogue image itself,
        which DRAM has, and nothing but its LIFs needs what it computes."""
        layer = self.layer
        alone = layer.lif is not None and not layer.residuals and layer.operand is None
        return self.when == "first" and layer.sees_image and alone

    @cached_property
    def computed_again(self) -> LayerFacts:
        """The same layer, computed at every timestep: no currents are kept."""
        return replace(self, layer=self.layer.computed_again, when="every", replay_bytes=0)


@dataclass(frozen=True)
class TensorFacts:
    """A stored tensor, number `order` of the network, rows of row_bytes per image and timestep. when: the timesteps
    that put it out. producer: the layer that does, None for the network's input. inputs, operands, residuals: the
    layers that convolve it, that read it in the place of weights, and that add it."""

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
    """One set of membranes: `values` per image of all variables, in rows of row_bytes; variables: how many values each
    neuron keeps; layers: those whose LIFs use it, in order; channels: the groups of channels of each that use it in
    turn; parted: how their chains are, timestep-major, that of the layer that needs most; granule: bytes of one row
    that the filters of the smallest tile work on, of such a layer."""

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
    layer, its nodes in order. recomputes: whether what is computed once may be computed again at every timestep, which
    training does not; writes_all: whether spikes that stay on chip are written, too, as training does for its way back.
    norms: in training, the layers whose batch norms wait for the batch."""

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
        """With the `chosen` layers computed at every timestep; the same object for the same ones, for what is known of
        it is kept."""
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
        """The membranes that a layer (an index) computes on; None without a LIF."""
        number = self._state_numbers.get(layer)
        return None if number is None else self.states[number]

    def states_of(self, first: int, last: int) -> list[int]:
        """Numbers of the states that layers first..last compute on, in order."""
        found = (self._state_numbers.get(layer) for layer in range(first, last + 1))
        return sorted({number for number in found if number is not None})

    @cached_property
    def _state_numbers(self) -> dict[int, int]:
        """By layer."""
        return {layer: number for number, state in enumerate(self.states) for layer in state.layers}

    def ways(self, first: int, last: int) -> Iterator[NetworkFacts]:
        """The network with every choice of layers first..last that are computed again at every timestep and not
        replayed; none first."""
        able = [index for index in range(first, last + 1) if self.layers[index].may_compute_again]
        for count in range(len(able) + 1 if self.recomputes else 1):
            for chosen in combinations(able, count):
                yield self.computing_again(set(chosen))

    @cached_property
    def begun(self) -> tuple[tuple[int, ...], ...]:
        """[layers][rows + 1] bytes of rows that have begun (`lifsim.schedule.tensors.begun`), all their timesteps, when
        so many rows of a layer alone are done; empty where nothing behind it has windows."""
        return tuple(
            begun_together(steps, facts.rows.axis.rows_out, self.reals)
            for steps, facts in zip(self.steps, self.layers, strict=True)
        )

    @cached_property
    def passing(self) -> tuple[dict[str, Passing], ...]:
        """By layer, how far each node behind it is when so many of its rows are done."""
        rows = (facts.rows.axis.rows_out for facts in self.layers)
        return tuple(passing(steps, count) for steps, count in zip(self.steps, rows, strict=True))

    def begun_in(self, index: int, timesteps: int | None) -> tuple[int, ...]:
        """`begun` of one layer, of so many timesteps."""
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


def facts_of(network: Network, shared: Sequence[State], precision: Precision, psums: PsumStore) -> NetworkFacts:
    """Sizes and readers of what is stored in these precisions, the membranes being those of `shared`."""
    reals = Reals.of(network, precision.psum_bits)
    averaged = behind_mean(network.nodes)
    index_of_lif = {layer.lif.name: layer.index for layer in network.layers if layer.lif}
    users = {state.name: [network.layers[index_of_lif[lif]] for lif in state.lifs] for state in shared}
    of_layer = partial(_layer_facts, reals=reals, weight_bits=precision.weight_bits, psums=psums, averaged=averaged)
    return NetworkFacts(
        timesteps=network.timesteps,
        reals=reals,
        psums=psums,
        layers=tuple(map(of_layer, network.layers)),
        steps=steps_behind(network),
        tensors=_tensors(network, reals, averaged),
        states=tuple(
            _state_facts(state, users[state.name], precision.membrane_bits, psums.shape.cols) for state in shared
        ),
    )


def _state_facts(state: State, users: Sequence[Layer], membrane_bits: int, cols: int) -> StateFacts:
    rows, row_bytes = state_rows(state, membrane_bits)
    smallest = {layer: min(cols, layer.group_filters) for layer in users}
    chains = [parted(layer, state.channels, smallest[layer], membrane_bits) for layer in users]
    return StateFacts(
        name=state.name,
        values=state.values,
        variables=state.variables,
        rows=rows,
        row_bytes=row_bytes,
        layers=tuple(sorted(layer.index for layer in users)),
        channels=state.channels,
        parted=Parted(max(one.window for one in chains), max(one.parts for one in chains)),
        granule=max(
            -(-row_bytes * chains_at_work(layer, state.channels, smallest[layer]) * state.channels // layer.filters)
            for layer in users
        ),
    )


def _layer_facts(
    layer: Layer, reals: Reals, weight_bits: int, psums: PsumStore, averaged: frozenset[str]
) -> LayerFacts:
    when = when_there(layer.rounds, layer.timesteps, averaged=layer.input.name in averaged)
    smallest = min(psums.shape.cols, layer.group_filters)
    rows = step_rows(layer, reals)
    replayed = layer.lif_elements if when == "first" else 0
    gemm, store, one_filter = gemm_of(layer), psums.of(layer), filter_bytes(layer, weight_bits)
    one_row = Cut(tuple(range(0, layer.pixels, rows.row_pixels)), smallest)
    return LayerFacts(
        layer=layer,
        when=when,
        rows=rows,
        weight_bytes=layer.filters * one_filter if layer.operand is None else 0,
        operand_bytes=layer.filters * one_filter if layer.operand is not None else 0,
        filter_bytes=one_filter,
        tile_filters=tile_filters(layer.group_filters, smallest),
        replay_bytes=bytes_of(replayed * psums.psum_bits),
        psum_spill_bytes=spilled_by(gemm, one_row, store, 1),
        psum_working_bytes=working_set_bytes(gemm.tile(rows.row_pixels, smallest), store, 1),
    )


def _tensors(network: Network, reals: Reals, averaged: frozenset[str]) -> dict[str, TensorFacts]:
    return {
        name: TensorFacts(
            name=name,
            order=order,
            rows=rows_of(edges.tensor.shape),
            row_bytes=step_row_bytes(edges.tensor, reals),
            when=when_there(edges.tensor.timesteps, network.timesteps, averaged=name in averaged),
            producer=edges.producer,
            inputs=edges.inputs,
            operands=edges.operands,
            residuals=edges.residuals,
        )
        for order, (name, edges) in enumerate(edges_of(network).items())
    }
