"""The steps of a tick-batched layer: one a tile, in the order of its tiling, with the bytes that `tick.traffic` counts.

docs/model.md, "Steps", says which tile pays for what.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from lifsim.distinct import distinct
from lifsim.hardware.pipeline.kinds import Kind
from lifsim.model.network import Layer, Tensor
from lifsim.schedule.chip import TileRoom
from lifsim.schedule.tensors.moves import Moves, Visit, moves_of, shares_between
from lifsim.schedule.tensors.products import gemm_of
from lifsim.schedule.tensors.rows import Ints, in_windows, single_windows, windows
from lifsim.schedule.tensors.storage import Reals, filter_region, images_together, rows_of, tensor_bytes
from lifsim.schedule.tick.tile_price import tile_cycles
from lifsim.schedule.tick.tiles import Tiles, steps_of, tiles_of
from lifsim.schedule.traffic import LayerTraffic


def tick_visit(
    layer: Layer, reals: Reals, room: TileRoom, batch: int, traffic: LayerTraffic, *, lasts: bool = False
) -> Visit:
    """All tiles of `layer` for `batch` images, cut as in `traffic`. lasts: whether the weights that stay from one visit
    to the next are on chip already."""
    tiles = tiles_of(layer, reals, room, batch, traffic)
    return _visit(tiles, _work(layer, room, tiles), before=0, lasts=lasts)


def tick_parts(
    layer: Layer, reals: Reals, room: TileRoom, batch: int, traffic: LayerTraffic, most: int
) -> Iterator[Visit]:
    """`tick_visit` in successive parts of at most `most` steps, so that memory does not grow with the images."""
    before = 0
    for first in range(0, steps_of(layer, batch, traffic.tiling), most):
        tiles = tiles_of(layer, reals, room, batch, traffic).between(first, first + most)
        yield _visit(tiles, _work(layer, room, tiles), before=before, lasts=False)
        before += int(tiles.outputs.sum())


def tick_ends(tiles: Tiles, most: int, *, lasts: bool = False) -> Iterator[Visit]:
    """The steps of the first and of the last image of `tiles`, at most `most` at a time. They reach as far into every
    tensor as all steps do. All partial sums that leave the array are moved by the first step."""
    ends = tiles.of_images(distinct(np.array([0, tiles.batch - 1])))
    psums = [moves_of(kind, 2, np.zeros(1, np.int64), 0, np.array([size])) for kind, size in _spilled(tiles.traffic)]
    for first in range(0, ends.end, most):
        some = ends.between(first, first + most)
        names, parts = _moved(some, lasts=lasts)
        yield Visit(tiles.layer.index, None, some.outputs, Moves.joined([*parts, *psums]), names)
        psums = []


def _visit(tiles: Tiles, work: Ints, *, before: int, lasts: bool) -> Visit:
    """The steps of `tiles`, which take `work`, after others that put out `before` outputs."""
    names, parts = _moved(tiles, lasts=lasts)
    for kind, spilled in _spilled(tiles.traffic):
        part = shares_between(spilled, tiles.outputs, before, tiles.all_outputs)
        start = spilled * before // tiles.all_outputs
        parts.append(moves_of(kind, 2, tiles.step, start + np.cumsum(part) - part, part))
    return Visit(tiles.layer.index, None, tiles.outputs, Moves.joined(parts), names, work=work)


def _spilled(traffic: LayerTraffic) -> tuple[tuple[Kind, int], tuple[Kind, int]]:
    """Bytes of partial sums that leave the array, read back and written."""
    return (Kind.PSUM_READ, traffic.dram.psum_read), (Kind.PSUM_WRITE, traffic.dram.psum_write)


def _moved(tiles: Tiles, *, lasts: bool) -> tuple[tuple[str, ...], list[Moves]]:
    """Names of the regions of DRAM, and what `tiles` move there; partial sums, which have the third region, apart."""
    layer, reals = tiles.layer, tiles.reals
    names = [filter_region(layer), f"tensor:{layer.input.name}", f"psums:{layer.name}"]
    inputs = tiles.dealt(_spikes(tiles))
    parts = [moves_of(Kind.SPIKES_IN, 1, tiles.step, tiles.input_offset(at), part) for at, part in inputs]
    weights = tiles.dealt(_weights(tiles, lasts=lasts))
    parts += [moves_of(Kind.WEIGHTS, 0, tiles.step, tiles.weight_offset(at), part) for at, part in weights]
    for kind, tensors in ((Kind.RESIDUAL, layer.residuals), (Kind.SPIKES_OUT, layer.outputs)):
        for tensor in tensors:
            size = tensor_bytes(tensor, reals)
            parts += [_slices(kind, len(names), tensor, size, tiles, at) for at in tiles.members.tolist()]
            names.append(f"tensor:{tensor.name}")
    return tuple(names), parts


def _work(layer: Layer, room: TileRoom, tiles: Tiles) -> Ints:
    """[steps] dense cycles of the array for each tile, all its rounds; if the tiles of groups take turns, for the tile
    of one group."""
    cut = tiles.traffic.tiling.cut
    store, gemm = room.psums.of(layer, cut.chains), replace(gemm_of(layer, cut.chains), groups=1)
    heights, rows = np.unique(cut.pixel_tiles(gemm), return_inverse=True)
    widths, columns = np.unique(cut.filter_tiles(gemm), return_inverse=True)
    taken = tile_cycles(gemm, replace(store, room=0), layer.rounds, tuple(heights.tolist()), tuple(widths.tolist()))
    return taken[rows[tiles.row_tile], columns[tiles.filter_tile]]


def _weights(tiles: Tiles, *, lasts: bool) -> Ints:
    """[steps] bytes of weights that each tile loads: at the first use of its filters all, except those that stayed from
    the visit before; later what did not stay."""
    tiling = tiles.traffic.tiling
    whole = tiles.filters * tiles.filter_bytes
    if tiling.order == "weights_outer":
        stays = np.minimum(whole, tiles.weight_buffer)
    else:
        stays = tiles.staying_weights[tiles.filter_tile]
    comes_first = (tiles.image % images_together(tiles.layer, tiles.batch) == 0) & (tiles.row_tile == 0)
    there = tiles.lasting_weights[tiles.group, tiles.filter_tile] if lasts else 0
    return np.where(comes_first, whole - there, whole - stays)


def _spikes(tiles: Tiles) -> Ints:
    """[steps] bytes of the input that each tile loads."""
    tiling, layout = tiles.traffic.tiling, tiles.rows
    together = images_together(tiles.layer, tiles.batch) if tiling.order == "weights_outer" else 1
    which, image = np.unique(tiles.image % together, return_inverse=True)
    moving, pinned = _window_bytes(tiles, together, which)
    first_tile = tiles.filter_tile == 0
    fetched = moving[image, tiles.row_tile] + first_tile * pinned[image, tiles.row_tile]
    if tiling.order == "inputs_outer":
        first, end = single_windows(layout.axis)
        overflow = np.maximum((end - first) * tiles.row_bytes - tiles.spike_buffer, 0)
        streamed = overflow[tiles.row_tile] if tiling.rows == 1 else 0
        fetched = np.where(first_tile, fetched, streamed)
    return np.asarray(fetched, np.int64)


def _window_bytes(tiles: Tiles, images: int, which: Ints) -> tuple[Ints, Ints]:
    """([which, row tiles], [which, row tiles]) bytes that every traversal fetches, and pinned bytes, fetched with the
    first window that contains them, of those of the `images` that are asked for.

    Pinned are the rows that are in the most windows, of all `images`; the last such row perhaps for the first images
    only.
    """
    axis, tiling = tiles.rows.axis, tiles.traffic.tiling
    starts, row = np.arange(0, axis.rows_out, tiling.rows), np.arange(axis.rows_in)
    uses = windows(axis, tuple(starts.tolist())).uses(np.zeros_like(row), row)
    order = np.argsort(-uses, kind="stable")
    room = np.clip(tiling.resident_spike_bytes - row * images * tiles.row_bytes, 0, None)
    pinned = np.empty((which.size, row.size), np.int64)
    pinned[:, order] = np.clip(room - which[:, None] * tiles.row_bytes, 0, tiles.row_bytes)
    moving, _ = in_windows(axis, starts, tiles.row_bytes - pinned)
    _, comes = in_windows(axis, starts, pinned)
    return moving, comes


def _slices(kind: Kind, region: int, tensor: Tensor, image_bytes: int, tiles: Tiles, member: int) -> Moves:
    """What each tile of a member of its groups reads or writes of a tensor shaped as the layer's output: its share of
    the rows (fewer than the array's behind a pool), and of each row the share of its filters."""
    rows, rows_out, filters = rows_of(tensor.shape), tiles.rows.axis.rows_out, tiles.layer.filters
    row_bytes = image_bytes // rows
    first_row, end_row = rows * tiles.first_row // rows_out, rows * tiles.end_row // rows_out
    first_filter = (tiles.group + member) * tiles.layer.group_filters + tiles.first_filter
    begin, end = row_bytes * first_filter // filters, row_bytes * (first_filter + tiles.filters) // filters
    offset = tiles.image * image_bytes + first_row * row_bytes + begin
    whole = end - begin == row_bytes
    return moves_of(
        kind,
        region,
        tiles.step,
        offset,
        np.where(whole, (end_row - first_row) * row_bytes, end - begin),
        np.where(whole, 1, end_row - first_row),
        row_bytes,
    )
