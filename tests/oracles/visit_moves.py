"""What one visit of a timestep-major layer moves, tile by tile and byte range by byte range, in plain Python: imports
nothing of what it checks. It takes what a plan says of the layer, the turn and the timestep by their names."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise
from math import prod
from typing import Any, NamedTuple

WEIGHTS, PSUMS, STATE, INPUT = range(4)
"""Regions; behind them residual operands, then outputs."""

MOST_TILES = 64


class Move(NamedTuple):
    """A range of bytes, or several, `pitch` apart, that step `step` moves."""

    step: int
    kind: str
    region: int
    offset: int
    extent_bytes: int
    extents: int = 1
    pitch: int = 0


def visit_moves(planned: Any, turn: Any, step: Any) -> list[Move]:
    """Those of `planned`, a layer of a group, in a `turn`, of which its timestep moves what `step` says; by step, in
    each as they come."""
    found = [*_filters(planned, turn, step), *_input(planned, turn, step), *_outputs(planned, turn, step)]
    found += [*_psums(planned, turn, step), *_membranes(planned, turn, step)]
    return [move for move in found if move.extent_bytes]


def tiles_of(planned: Any) -> list[int]:
    """Filters of each tile: those of a group's tiles, group by group, of many as many as need be told as one."""
    layer, size = planned.facts.layer, planned.tiling.filters
    of_group = layer.filters // layer.groups
    each = [min(size, of_group - first) for first in range(0, of_group, size)] * layer.groups
    joined = -(-len(each) // MOST_TILES)
    return [sum(each[first : first + joined]) for first in range(0, len(each), joined)]


def shares(total: int, weights: Sequence[int]) -> list[int]:
    """`total` by `weights`, whole numbers whose sums are rounded down."""
    sums = [total * sum(weights[:count]) // max(1, sum(weights)) for count in range(len(weights) + 1)]
    return [after - before for before, after in pairwise(sums)]


def _rows(turn: Any) -> tuple[int, int]:
    return turn.starts[turn.strip], [*turn.starts, turn.rows][turn.strip + 1]


def _part(turn: Any, total: int) -> tuple[int, int]:
    """What the rows of a turn take of `total`: where it begins, and its size."""
    first, end = _rows(turn)
    return total * first // turn.rows, total * end // turn.rows - total * first // turn.rows


def _dealt(kind: str, region: int, size: int, by: Sequence[int], start: int) -> Iterator[Move]:
    at = start
    for step, part in enumerate(shares(size, by)):
        yield Move(step, kind, region, at, part)
        at += part


def _plane_bytes(planned: Any, tensor: Any) -> int:
    """Of a tensor in one timestep: rows begin on a byte."""
    reals = planned.reals
    bits = tensor.bits(reals.input_bits if tensor.name in reals.inputs else reals.psum_bits)
    channels, rows, columns = tensor.shape if len(tensor.shape) == 3 else (tensor.shape[0], 1, 1)
    if rows == 1:
        rows, columns = columns, rows
    return int(rows * -(-channels * columns * bits // 8))


def _image(planned: Any, turn: Any, tensor: Any) -> int:
    before = (turn.timestep if tensor.timesteps > 1 else 0) * planned.batch + turn.chunk * planned.images
    return before * _plane_bytes(planned, tensor)


def _filters(planned: Any, turn: Any, step: Any) -> Iterator[Move]:
    """Pinned filters once, in the first strip that computes; a strip's part of what comes again."""
    tiles, one, at, room = tiles_of(planned), planned.facts.filter_bytes, 0, planned.tiling.resident_weight_bytes
    stays = []
    for tile in tiles:
        stays.append(min(room, tile * one))
        room -= stays[-1]
    first = turn.timestep == (planned.timesteps - 1 if planned.facts.when == "last" else 0) and turn.chunk == 0
    again = step.dram.weights + step.dram.operand - sum(stays) * first
    strips = len(turn.starts)
    mine = again * (turn.strip + 1) // strips - again * turn.strip // strips
    moving = [tile * one - kept for tile, kept in zip(tiles, stays, strict=True)]
    comes = shares(mine, moving if any(moving) else [tile * one for tile in tiles])
    operand = planned.facts.layer.operand
    for index, (tile, kept, part) in enumerate(zip(tiles, stays, comes, strict=True)):
        if operand is not None:
            alike = part % turn.images == 0
            size, count = (part // turn.images, turn.images) if alike else (part, 1)
            pitch = _plane_bytes(planned, operand)
            yield Move(index, "WEIGHTS", WEIGHTS, _image(planned, turn, operand) + at, size, count, pitch)
        elif first and turn.strip == 0:
            yield Move(index, "WEIGHTS", WEIGHTS, at, kept + part)
        else:
            yield Move(index, "WEIGHTS", WEIGHTS, at + kept, part)
        at += tile * one


def _input(planned: Any, turn: Any, step: Any) -> Iterator[Move]:
    """Of the input, strip by strip what its window holds and is not there, the first tile all of it, the others what is
    read again."""
    axis, row_bytes = planned.facts.rows.axis, planned.facts.rows.row_bytes
    edges = [*turn.starts, axis.rows_out]
    seen, distinct = set[int](), list[int]()
    for first, end in pairwise(edges):
        rows = _needed(axis, range(first, end))
        there = rows - seen if step.whole else rows
        seen |= rows
        distinct.append(sum(_absent(axis.rows_in, row_bytes, row, step) for row in there))
    part = shares(step.dram.spikes_in - step.dram.operand, distinct)[turn.strip]
    tiles = len(tiles_of(planned))
    again = max(0, part - distinct[turn.strip]) if tiles > 1 else 0
    tensor, row = (
        planned.facts.layer.input,
        max(0, -(-(turn.starts[turn.strip] * axis.stride - axis.padding) // axis.apart)),
    )
    plane = _plane_bytes(planned, tensor)
    at = _image(planned, turn, tensor) + plane * turn.images * min(row, axis.rows_in) // axis.rows_in
    for index, size in enumerate([part - again, *shares(again, [1] * (tiles - 1))]):
        yield Move(index, "SPIKES_IN", INPUT, at, size)


def _needed(axis: Any, rows: range) -> set[int]:
    places = {row * axis.stride - axis.padding + tap for row in rows for tap in range(axis.kernel)}
    return {at // axis.apart for at in places if at >= 0 and at % axis.apart == 0 and at // axis.apart < axis.rows_in}


def _absent(rows: int, row_bytes: int, row: int, step: Any) -> int:
    """Bytes of a row of all images that are not on chip: what is there is the first `resident` bytes."""
    ends = [row_bytes * (rows * image + row + 1) for image in range(step.images)]
    return sum(min(row_bytes, max(0, end - step.resident)) for end in ends)


def _outputs(planned: Any, turn: Any, step: Any) -> Iterator[Move]:
    layer, region = planned.facts.layer, INPUT + 1
    first, _ = _rows(turn)
    for kind, tensors, size in (
        ("RESIDUAL", layer.residuals, step.dram.residual), ("SPIKES_OUT", layer.outputs, step.dram.spikes_out),
    ):  # fmt: skip
        sizes = [_plane_bytes(planned, tensor) for tensor in tensors]
        for tensor, plane, part in zip(tensors, sizes, shares(_part(turn, size)[1], sizes), strict=True):
            at = _image(planned, turn, tensor) + plane * turn.images * first // turn.rows
            yield from _dealt(kind, region, part, tiles_of(planned), at)
            region += 1


def _psums(planned: Any, turn: Any, step: Any) -> Iterator[Move]:
    for kind, size in (("PSUM_READ", step.dram.psum_read), ("PSUM_WRITE", step.dram.psum_write)):
        before, part = _part(turn, size)
        yield from _dealt(kind, PSUMS, part, tiles_of(planned), before)


def _membranes(planned: Any, turn: Any, step: Any) -> Iterator[Move]:
    """What streams, what stays through the calls of a timestep, and what comes and goes for further parts of chains;
    of the layers looked at the calls of a chain lie behind each other."""
    if planned.state is None:
        return
    tiles, channels, at = tiles_of(planned), planned.state.channels, 0
    begun, ended = list[int](), list[int]()
    for tile in tiles:
        begun.append(sum(filter_ % channels == 0 for filter_ in range(at, at + tile)))
        ended.append(sum(filter_ % channels == channels - 1 for filter_ in range(at, at + tile)))
        at += tile
    moved = step.dram
    for kind, size, by in (
        ("MEMBRANE_READ", moved.membrane_read, begun),
        ("MEMBRANE_WRITE", moved.membrane_write, ended),
    ):
        streams = min(size - step.again, step.streams)
        for total, dealt_by, start in (
            (streams, by, 0), (size - step.again - streams, by, step.streams), (step.again, tiles, 0),
        ):  # fmt: skip
            before, part = _part(turn, total)
            yield from _dealt(kind, STATE, part, dealt_by, start + before)


def outputs_of(planned: Any, turn: Any) -> list[int]:
    """Outputs of each tile, by filters and rows."""
    first, end = _rows(turn)
    return [prod((end - first, turn.images, tile)) for tile in tiles_of(planned)]
