"""What runs when: visits of the array to layers, and all their steps as one program, with what they ask of the DRAM."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import fields
from itertools import pairwise

import numpy as np

from lifsim.accounting.counts import LayerCounts
from lifsim.hardware.pipeline.kinds import STREAMS, Kind
from lifsim.hardware.pipeline.program import START, Halves, Program, program
from lifsim.hardware.stores import Store, Stores
from lifsim.lazy_dataclass import dataclass
from lifsim.memo import Memo
from lifsim.room import require_memory
from lifsim.schedule.cutting import cut
from lifsim.schedule.group_steps import group_visits
from lifsim.schedule.moves import ALL_ROUNDS, Moves, Visit, shares
from lifsim.schedule.plan import Plan
from lifsim.schedule.rows import Ints
from lifsim.schedule.tick_steps import tick_visit
from lifsim.schedule.wave_steps import most_steps, wave_visits
from lifsim.schedule.window_steps import window_visits
from lifsim.units import counted

STEP_BYTES = 1500
"""Of this machine's memory for each step: with its requests, and while they are put in order."""


def visits(plan: Plan, batch: int, memo: Memo, *, keeps_spikes: bool = False) -> list[Visit]:
    """One visit a tick-batched layer, with all its tiles; one a chunk and window of a layer in windows; of a
    timestep-major group one a chunk, timestep, strip and layer. keeps_spikes: for a backward pass, all of them go to
    DRAM. Raises InputError where the tiles are more than this machine has memory for."""
    _require_room(plan, batch)
    facts, tiles = plan.facts, plan.chip.tiles
    found: list[Visit] = []
    for group in plan.groups:
        if group.tick_batched:
            layer = facts.layers[group.first].layer
            found.append(memo.of(tick_visit, layer, facts.reals, tiles, batch, group.layers[0]))
        elif group.waves is not None:
            found += wave_visits(facts, plan.chip, batch, group)
        elif group.tiled:
            found += window_visits(facts, plan.chip, batch, group)
        else:
            found += group_visits(facts, batch, group, memo, keeps_spikes=keeps_spikes)
    return found


def _require_room(plan: Plan, batch: int) -> None:
    tiles = 0
    for group in plan.groups:
        layer, tiling = plan.facts.layers[group.first].layer, group.layers[0].tiling
        windows = len(group.window.spans(layer.timesteps))
        if group.waves is not None:
            tiles += most_steps(plan.facts, batch, group)
        elif group.tiled:
            tiles += batch * windows * layer.groups * tiling.row_tiles * tiling.filter_tiles
    require_memory(tiles * STEP_BYTES, f"{counted(tiles, 'tile')} of {counted(batch, 'image')}", "batch")


DIRECT_PORT_BITS = 1 << 40
"""Residual operands pass no buffer: no port holds them up."""


BUFFER_OF = {
    Kind.WEIGHTS: "weight",
    Kind.SPIKES_IN: "spike_in",
    Kind.MEMBRANE_READ: "membrane",
    Kind.PSUM_READ: "psum",
    Kind.PSUM_WRITE: "psum",
    Kind.SPIKES_OUT: "spike_out",
    Kind.MEMBRANE_WRITE: "membrane",
}
"""The buffer that each kind passes, of those that pass one."""


@dataclass(frozen=True)
class RunSteps:
    """layer: [steps] index of each step's layer. visits: in order; moves: theirs, one behind the other, with global
    steps. program: what the pipeline plays, its requests being `moves` in another order."""

    layer: Ints
    visits: tuple[Visit, ...]
    moves: Moves
    program: Program

    @property
    def digest(self) -> bytes:
        """Of what a memory plays and of where it lies: runs of the same take the same time. 32 bytes."""
        regions = [(visit.regions, visit.moves.step.size) for visit in self.visits]
        digest = hashlib.blake2b(repr(regions).encode(), digest_size=32)
        program, moves = self.program, self.moves
        parts = (program, program.requests, moves)
        for column in (getattr(part, one.name) for part in parts for one in fields(part)):
            if isinstance(column, np.ndarray):
                digest.update(repr(column.shape).encode())
                digest.update(column.tobytes())
        return digest.digest()


def run_steps(stores: Stores, visits: Sequence[Visit], counts: Sequence[LayerCounts]) -> RunSteps:
    """The program of `visits`; every layer's cycles, which know no waiting for DRAM, are dealt to its
    steps by their tiles and outputs."""
    whole = {kind: getattr(stores, name) for kind, name in BUFFER_OF.items() if kind not in STREAMS}
    visits = [cut(visit, whole) for visit in visits]
    layer = np.repeat([visit.layer for visit in visits], [visit.steps for visit in visits])
    outputs = np.concatenate([visit.outputs for visit in visits])
    by_tile = np.concatenate([visit.array_shares for visit in visits])
    of_round = np.concatenate([visit.rounds for visit in visits])
    cycles = np.zeros(layer.size, np.int64)
    for index, count in enumerate(counts):
        mine = np.flatnonzero(layer == index)
        cycles[mine] = _cycles(count, of_round[mine], outputs[mine], by_tile[mine])
    first = np.cumsum([0, *(visit.steps for visit in visits)])
    moves, after = _joined(visits, first)
    return RunSteps(
        layer, tuple(visits), moves, program(cycles, moves.step, moves.kind, moves.bytes, after, _halves(stores))
    )


def _cycles(counted: LayerCounts, of_round: Ints, outputs: Ints, by_tile: Ints) -> Ints:
    """[steps of the layer] cycles without waiting for DRAM: the array's of a round are dealt to its steps as their
    tiles take them; those of LIF units and of SRAM ports to all by their outputs."""
    running = counted.cycles.array + counted.cycles.fill_drain
    lif = counted.cycles.lif
    cycles = shares(lif, outputs) + shares(counted.cycles.total - running - lif, outputs)
    if (of_round == ALL_ROUNDS).all():
        return cycles + shares(running, by_tile)
    computed = np.unique(of_round[of_round >= 0]).tolist()
    for first, behind in pairwise([*computed, len(counted.timesteps)]):
        mine = of_round == first
        took = sum(done.array_cycles + done.fill_drain_cycles for done in counted.timesteps[first:behind])
        cycles[mine] += shares(took, by_tile[mine])
    return cycles


def _joined(visits: Sequence[Visit], first: Ints) -> tuple[Moves, Ints]:
    """The moves of all visits with global steps, and the step behind whose stores each load has to be served: the last
    one of the visit that wrote the tensor, `START` for what was there before."""
    written: dict[str, int] = {}
    columns, after = [], []
    for visit, offset in zip(visits, first, strict=False):
        moves = visit.moves
        columns.append(Moves(moves.step + offset, *(getattr(moves, name) for name in MOVED)))
        behind = np.array([written.get(name, START) for name in visit.regions])[moves.region]
        after.append(np.where(visit.loads, behind, START))
        written |= {visit.regions[region]: int(offset) + visit.steps - 1 for region in visit.stored}
    joined = Moves(*(np.concatenate([getattr(part, name) for part in columns]) for name in ("step", *MOVED)))
    return joined, np.concatenate(after)


MOVED = ("kind", "region", "offset", "extent_bytes", "extents", "pitch")


def _halves(stores: Stores) -> Halves:
    buffers: dict[Kind, Store] = {kind: getattr(stores, name) for kind, name in BUFFER_OF.items()}
    return Halves(
        double=tuple(kind in buffers and buffers[kind].double_buffered for kind in Kind),
        port_bits=tuple(
            buffers[kind].banks * buffers[kind].port_bits if kind in buffers else DIRECT_PORT_BITS for kind in Kind
        ),
    )
