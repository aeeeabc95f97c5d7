"""What the steps of a layer that runs in bands of columns move: as in waves (`lifsim.schedule.waves.moves`), but of
every row its piece, and the state that passes from band to band.

docs/model.md, "Steps", says which of them pays for what.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from lifsim.distinct import distinct
from lifsim.hardware.pipeline.kinds import Kind
from lifsim.model.network import Tensor
from lifsim.schedule.facts import StateFacts
from lifsim.schedule.tensors.chains import calls_taken
from lifsim.schedule.tensors.moves import Moves, dealt, moves_of
from lifsim.schedule.tensors.rows import Ints, single_windows
from lifsim.schedule.tensors.storage import rows_of, step_row_bytes
from lifsim.schedule.waves.bands.bands import Banded
from lifsim.schedule.waves.bands.reads import BandReads
from lifsim.schedule.waves.bands.turned import columns_of, turned
from lifsim.schedule.waves.fused_rows import group_rows
from lifsim.schedule.waves.layer import WaveLayer
from lifsim.schedule.waves.moves import INPUT, STATE, joined_moves, place_of


def band_moves(wave: WaveLayer, waves: Banded) -> tuple[tuple[str, ...], Moves]:
    """Names of regions, and what all steps move, counted through all visits."""
    membranes = () if wave.state is None else _membranes(wave, waves, wave.state)
    return joined_moves(wave, _input(wave, waves), _pieces_of_tensor, membranes)


def _input(wave: WaveLayer, waves: Banded) -> Moves:
    """The first tile brings the pieces in, the others what is read again."""
    tensor, strips = wave.layer.input, wave.strips
    brought = strips.images * _brought(wave, waves)
    part = wave.deal.shares("input", wave.traffic.dram.first_operand, brought)
    again = np.maximum(part - brought, 0) * (wave.tiles.size > 1)
    each = np.concatenate([(part - again)[:, None], dealt(again, np.ones(wave.tiles.size - 1, np.int64))], axis=1)
    down, across = (facts.layers[wave.index].rows.axis for facts in (wave.facts, turned(wave.facts)))
    (top, bottom), (left, _) = single_windows(down), single_windows(across)
    row_bytes = step_row_bytes(tensor, wave.facts.reals)
    first = top[strips.first]
    rows = bottom[strips.end - 1] - first
    at = first * row_bytes + left[strips.left] * row_bytes // across.rows_in
    return _pieces(wave, (Kind.SPIKES_IN, INPUT), at, each, (rows, row_bytes, rows_of(tensor.shape), tensor))


def _brought(wave: WaveLayer, waves: Banded) -> Ints:
    """[strips] bytes of an image that each brings, and that are not there."""
    group, strips = wave.group, wave.strips
    if not wave.from_outside((wave.layer.input,)):
        return np.zeros_like(strips.first)
    rows, across = (group_rows(facts, group.first, group.last) for facts in (wave.facts, turned(wave.facts)))
    found, spans = np.zeros_like(strips.first), group.window.spans(wave.layer.timesteps)
    for number, (first, end) in enumerate(spans):
        for images in distinct(strips.images).tolist():
            reads = BandReads(rows, across, waves, end - first, wave.chip.room.spike_in, images)
            brought = reads.brought(wave.index).reshape(end - first, -1)
            mine = (strips.window == number) & (strips.images == images)
            found[mine] = brought[strips.timestep[mine] - first, strips.wave[mine]]
    return found


def _pieces_of_tensor(wave: WaveLayer, kind: Kind, region: int, tensor: Tensor, part: Ints) -> Moves:
    """Every tile has its part of the pieces of rows of each image."""
    strips, rows = wave.strips, rows_of(tensor.shape)
    every, row_bytes = wave.own.rows.axis.rows_out, step_row_bytes(tensor, wave.facts.reals)
    first = rows * strips.first // every
    high = rows * strips.end // every - first
    at = first * row_bytes + strips.left * row_bytes // columns_of(wave.own)
    return _pieces(wave, (kind, region), at, dealt(part, wave.tiles), (high, row_bytes, rows, tensor))


Shape = tuple[Ints, int, int, Tensor]
"""[strips] rows of each piece, bytes of a row of the map, rows of the map, and whose."""


def _pieces(wave: WaveLayer, where: tuple[Kind, int], at: Ints, each: Ints, shape: Shape) -> Moves:
    """`each` [strips, tiles] bytes, image by image, row by row where they lie apart alike; at: [strips] where the
    pieces begin on the map of an image."""
    strips, (rows, row_bytes, of_map, tensor) = wave.strips, shape
    strip = np.repeat(np.arange(strips.count), strips.images)
    image = np.arange(strip.size) - np.repeat(np.cumsum(strips.images) - strips.images, strips.images)
    mine = (each[strip] * (image + 1)[:, None] // strips.images[strip][:, None]) - (
        each[strip] * image[:, None] // strips.images[strip][:, None]
    )
    begins = np.cumsum(mine, axis=1) - mine
    high = np.maximum(rows[strip], 1)[:, None]
    apart = np.where((mine % high == 0) & (begins % high == 0), high, 1)
    start = place_of(wave, tensor, np.full(strips.count, row_bytes))[strip] + image * of_map * row_bytes + at[strip]
    offset = start[:, None] + begins // apart
    return moves_of(*where, wave.step[strip], offset, mine // apart, apart, row_bytes)


def _membranes(wave: WaveLayer, waves: Banded, state: StateFacts) -> Iterator[Moves]:
    """What a band takes over from one before comes with the first strip of it that calls on it, and goes behind the
    last one of the band; what does not stay between two windows, with those of these."""
    strips, moved = wave.strips, wave.traffic.dram
    calls, begin = calls_taken(wave.layer, state.channels), np.cumsum(wave.tiles) - wave.tiles
    begun, ended = (np.add.reduceat(calls == call, begin, dtype=np.int64) for call in (0, state.channels - 1))
    came, goes = strips.images * strips.opens * (strips.window > 0), strips.going * strips.closes
    taken, left = _passing(wave, waves)
    neuron = state.row_bytes // columns_of(wave.own)
    rows = np.clip(strips.end - np.maximum(strips.first, _kept_rows(wave, waves, state)), 0, None) * strips.images
    for kind, size, when, columns, chains in (
        (Kind.MEMBRANE_READ, moved.membrane_read, came, taken, begun),
        (Kind.MEMBRANE_WRITE, moved.membrane_write, goes, left, ended),
    ):
        border = rows * columns * neuron
        rest = size - wave.deal.summed(f"border, {kind.name}", border)
        part = border + wave.deal.shares(kind.name, rest, strips.rows * (strips.right - strips.left) * when)
        each = dealt(part, chains)
        at = strips.image * state.bytes + strips.first * state.row_bytes + strips.left * neuron
        offset = at[:, None] + np.cumsum(each, axis=1) - each
        high = strips.rows[:, None]
        apart = np.where((each % high == 0) & (strips.images == 1)[:, None], high, 1)
        yield moves_of(kind, STATE, wave.step, offset, each // apart, apart, state.row_bytes)


def _kept_rows(wave: WaveLayer, waves: Banded, state: StateFacts) -> Ints:
    """[strips] rows of which what is between two bands stays: all of the images of a chunk whose state fits."""
    chunk = np.minimum(wave.group.images, wave.batch - wave.strips.image)
    fits = chunk * state.bytes <= wave.chip.room.membrane
    return np.where(fits, waves.map_rows, waves.kept_rows)


def _passing(wave: WaveLayer, waves: Banded) -> tuple[Ints, Ints]:
    """[strips] columns of each that a band before has called on last, and that a later one calls on next. Between two
    timesteps none pass: the first layer of one lies no further behind than the last one of the other."""
    strips, lags, width = wave.strips, waves.sweep.lags, waves.width
    place, spans = wave.index - waves.first, wave.group.window.spans(wave.layer.timesteps)
    opened = np.array([first for first, _ in spans])[strips.window]
    band = strips.wave // np.array([waves.in_band.count(end - first) for first, end in spans])[strips.window]
    since = (strips.timestep - opened) * lags[-1]
    before, behind = lags[max(place - 1, 0)], lags[min(place + 1, len(lags) - 1)]
    taken = np.clip(np.minimum(strips.right, band * width - since - before) - strips.left, 0, None)
    left = np.clip(strips.right - np.maximum(strips.left, (band + 1) * width - since - behind), 0, None)
    return taken, left
