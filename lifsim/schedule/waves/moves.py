"""What the steps of a layer that runs in waves move: the bytes of its plan, dealt to its strips and their filter tiles.

docs/model.md, "Steps", says which of them pays for what.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence

import numpy as np

from lifsim.hardware.pipeline.kinds import Kind
from lifsim.model.network import Tensor
from lifsim.schedule.facts import StateFacts
from lifsim.schedule.tensors.chains import calls_taken
from lifsim.schedule.tensors.moves import Moves, dealt, moves_of
from lifsim.schedule.tensors.rows import Ints, single_windows
from lifsim.schedule.tensors.storage import filter_region, rows_of, step_row_bytes, tensor_bytes
from lifsim.schedule.waves.fused_rows import GroupRows
from lifsim.schedule.waves.layer import WaveLayer
from lifsim.schedule.waves.reads import OutsideReads
from lifsim.schedule.waves.turns import Turns

WEIGHTS, PSUMS, STATE, INPUT = range(4)
"""Where these are among the regions of a visit."""


def wave_moves(wave: WaveLayer) -> tuple[tuple[str, ...], Moves]:
    """Names of regions, and what all steps move, counted through all visits."""
    return joined_moves(wave, _input(wave), _rows_of_tensor, () if wave.state is None else _membranes(wave, wave.state))


OfTensor = Callable[[WaveLayer, Kind, int, Tensor, Ints], Moves]
"""What of a tensor, which is that region, so many bytes [strips] of a kind are."""


def joined_moves(
    wave: WaveLayer, brought: Moves, of_tensor: OfTensor, membranes: Iterable[Moves]
) -> tuple[tuple[str, ...], Moves]:
    """Names of regions, and all that moves: what is `brought` of the input, weights and sums, tensors, membranes."""
    layer, moved, state = wave.layer, wave.traffic.dram, wave.state
    of_state = f"state:{state.name if state else layer.name}"
    names = [filter_region(layer), f"psums:{layer.name}", of_state, f"tensor:{layer.input.name}"]
    parts = [filters_moved(wave), brought, *psums_moved(wave)]
    for kind, tensors, size in (
        (Kind.RESIDUAL, wave.from_outside(layer.residuals), moved.residual),
        (Kind.SPIKES_OUT, wave.to_outside(layer.outputs), moved.spikes_out),
    ):
        for tensor, part in zip(tensors, by_tensor(wave, kind, tensors, size), strict=True):
            parts.append(of_tensor(wave, kind, len(names), tensor, part))
            names.append(f"tensor:{tensor.name}")
    return tuple(names), Moves.joined([*parts, *membranes])


def filters_moved(wave: WaveLayer) -> Moves:
    """What stays comes once, with the first visit; every visit in which the array computes fetches its part of the
    rest, with the first strip."""
    stored = wave.own.filter_bytes * wave.tiles
    begin = np.cumsum(stored) - stored
    stays = np.clip(wave.traffic.tiling.resident_weight_bytes - begin, 0, stored)
    computing = np.flatnonzero(wave.computes)
    _, opening = np.unique(wave.strips.visit[computing], return_index=True)
    first = computing[opening]
    again = wave.deal.shares("filters", wave.traffic.dram.filters - int(stays.sum()), np.ones_like(first))
    comes = dealt(again, stored - stays if (stored > stays).any() else stored)
    there = np.broadcast_to(stays, comes.shape).copy()
    if wave.deal.opens:
        comes[0] += stays
        there[0] = 0
    parts = list[Moves]()
    for member in range(wave.in_turn):  # a group of those whose tiles take turns
        at, end = (_of_member(size, member, wave.in_turn) for size in (there, there + comes))
        place = member * wave.member_pitch + begin // wave.in_turn + at
        parts.append(moves_of(Kind.WEIGHTS, WEIGHTS, wave.step[first], place, end - at))
    return Moves.joined(parts) if len(parts) > 1 else parts[0]


def _of_member(size: Ints, member: int, members: int) -> Ints:
    """What a member has of a `size` that so many share."""
    return size * (member + 1) // members - size * member // members


def _input(wave: WaveLayer) -> Moves:
    """The first tile brings the rows in, the others what is read again."""
    tensor, strips = wave.layer.input, wave.strips
    row_bytes, images = _row_bytes(wave, tensor), strips.images
    window = images * _rows_brought(wave) * row_bytes * wave.computes
    part = wave.deal.shares("input", wave.traffic.dram.first_operand, window)
    images = _alike(part, images)
    others = wave.tiles.size - 1
    again = np.maximum(part - window, 0) // images * (others > 0)
    first_tile = part // images - again
    each = np.concatenate([first_tile[:, None], dealt(again, np.ones(others, np.int64))], axis=1)
    first = single_windows(wave.own.rows.axis)[0][strips.first]
    place = place_of(wave, tensor, row_bytes) + first * row_bytes
    pitch = rows_of(tensor.shape) * row_bytes
    return moves_of(Kind.SPIKES_IN, INPUT, wave.step, place[:, None], each, images[:, None], pitch[:, None])


def _rows_brought(wave: WaveLayer) -> Ints:
    """[strips] input rows that each brings, and that are not there."""
    group, strips = wave.group, wave.strips
    begin = np.array([first for first, _ in group.window.spans(wave.layer.timesteps)])[strips.window]
    line = strips.timestep - begin if wave.skewed else np.zeros_like(begin)
    rows, length = np.zeros_like(begin), np.array([one.timesteps for one in wave.windows])[strips.window]
    if not wave.from_outside((wave.layer.input,)):
        return rows
    for timesteps, images in np.unique(np.stack([length, strips.images]), axis=1).T.tolist():
        turns = Turns(GroupRows(wave.facts, group.first, group.last), group.in_waves, timesteps)
        brought = OutsideReads(turns, wave.chip.room.spike_in, images).brought(wave.index)
        mine = (length == timesteps) & (strips.images == images) & (wave.computes > 0)
        rows[mine] = brought[line[mine], strips.wave[mine]]
    return rows


def psums_moved(wave: WaveLayer) -> Iterator[Moves]:
    """Those that spill go and come with what is computed; currents that wait go with that, and come with the others."""
    moved, strips = wave.traffic.dram, wave.strips
    written = strips.work * wave.computes
    read = strips.work * (1 - wave.computes) if wave.replays else written
    rows = wave.own.rows.axis.rows_out
    for kind, size, work in ((Kind.PSUM_READ, moved.psum_read, read), (Kind.PSUM_WRITE, moved.psum_write, written)):
        part = wave.deal.shares(kind.name, size, work)
        behind = wave.deal.begins(kind.name, size, part)
        offset = moved.psum_write * strips.first // rows if wave.replays else behind
        yield tile_after_tile(wave, kind, PSUMS, offset, part)


def _membranes(wave: WaveLayer, state: StateFacts) -> Iterator[Moves]:
    """What does not stay between two windows comes with the strips that first need it, and goes behind the last."""
    strips, moved, skewed = wave.strips, wave.traffic.dram, wave.skewed
    calls, begin = calls_taken(wave.layer, state.channels), np.cumsum(wave.tiles) - wave.tiles
    begun, ended = (
        np.add.reduceat(calls == call, begin, dtype=np.int64) if skewed else wave.tiles
        for call in (0, state.channels - 1)
    )
    came, goes = strips.images * strips.opens * (strips.window > 0), strips.going * strips.closes
    for kind, size, when, chains in (
        (Kind.MEMBRANE_READ, moved.membrane_read, came, begun),
        (Kind.MEMBRANE_WRITE, moved.membrane_write, goes, ended),
    ):
        part = wave.deal.shares(kind.name, size, strips.rows * when)
        before = np.cumsum(part) - part
        run = np.stack([strips.image, strips.window])
        begins = np.flatnonzero(np.any(np.diff(run, axis=1, prepend=-1) != 0, axis=0))
        since = before - np.repeat(before[begins], np.diff(np.append(begins, strips.count)))
        yield tile_after_tile(wave, kind, STATE, strips.image * state.bytes + since, part, chains)


def by_tensor(wave: WaveLayer, kind: Kind, tensors: Sequence[Tensor], size: int) -> list[Ints]:
    """[tensors] of [strips] `size` bytes of a kind over several tensors, by what each stores of their rows."""
    if not tensors:
        if size:
            raise ValueError(f"{wave.layer.name} moves {size} bytes of no tensor")
        return []
    strips, every = wave.strips, wave.own.rows.axis.rows_out
    stored = []
    for tensor in tensors:
        rows = rows_of(tensor.shape)
        mine = (rows * strips.end // every - rows * strips.first // every) * (strips.right - strips.left)
        stored.append(mine * _row_bytes(wave, tensor) * _with_values(wave, tensor))
    return wave.deal.several(kind.name, size, stored)


def _with_values(wave: WaveLayer, tensor: Tensor) -> Ints:
    """[strips] images of which a tensor has values at their timesteps: one of a single timestep at an image's last."""
    strips = wave.strips
    done = (strips.images - strips.going) * strips.closes
    return strips.images if tensor.timesteps == wave.layer.timesteps else done


def _rows_of_tensor(wave: WaveLayer, kind: Kind, region: int, tensor: Tensor, part: Ints) -> Moves:
    """Every tile has its part of the rows of each image."""
    strips, rows = wave.strips, rows_of(tensor.shape)
    row_bytes = _row_bytes(wave, tensor)
    first = rows * strips.first // wave.own.rows.axis.rows_out
    images = _alike(part, strips.images)
    place, each = place_of(wave, tensor, row_bytes) + first * row_bytes, dealt(part // images, wave.tiles)
    offset = place[:, None] + np.cumsum(each, axis=1) - each
    return moves_of(kind, region, wave.step, offset, each, images[:, None], (rows * row_bytes)[:, None])


def _row_bytes(wave: WaveLayer, tensor: Tensor) -> Ints:
    """[strips] bytes of a row of a tensor: of the timesteps of a window side by side where they are worked on back to
    back."""
    reals, strips = wave.facts.reals, wave.strips
    if wave.skewed:
        return np.full(strips.count, step_row_bytes(tensor, reals))
    return np.array([_stored(wave, tensor, window) for window in range(len(wave.windows))])[strips.window]


def _stored(wave: WaveLayer, tensor: Tensor, window: int) -> int:
    within = wave.windows[window].timesteps
    cut = Tensor(tensor.name, tensor.shape, min(tensor.timesteps, within), tensor.levels)
    return tensor_bytes(cut, wave.facts.reals) // rows_of(tensor.shape)


def place_of(wave: WaveLayer, tensor: Tensor, row_bytes: Ints) -> Ints:
    """[strips] where the chunk's first image of a tensor begins: timesteps, or windows of them side by side, one behind
    the other, in each the images of the batch."""
    strips, rows = wave.strips, rows_of(tensor.shape)
    if tensor.timesteps == 1 or tensor.timesteps != wave.layer.timesteps:
        return strips.image * rows * row_bytes
    if wave.skewed:
        return (strips.timestep * wave.batch + strips.image) * rows * row_bytes
    sizes = np.array([_stored(wave, tensor, window) for window in range(len(wave.windows))])
    before = (np.cumsum(sizes) - sizes)[strips.window]
    place: Ints = (before * wave.batch + strips.image * row_bytes) * rows
    return place


def tile_after_tile(
    wave: WaveLayer, kind: Kind, region: int, offset: Ints, part: Ints, weights: Ints | None = None
) -> Moves:
    """`part` [strips] bytes from `offset` on, dealt to the tiles by their filters, or by what else is counted of
    them."""
    each = dealt(part, wave.tiles if weights is None else weights)
    return moves_of(kind, region, wave.step, offset[:, None] + np.cumsum(each, axis=1) - each, each)


def _alike(part: Ints, images: Ints) -> Ints:
    """[strips] extents of each: one of each image where they are alike, else one of all."""
    return np.where(part % images == 0, images, 1)
