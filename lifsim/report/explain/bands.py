"""A layer in a group that runs in bands of columns: the arithmetic of the bytes read for each piece of a row, and of
the state that moves between bands."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from lifsim.report.explain.line import product
from lifsim.schedule.waves.bands.bands import Banded
from lifsim.schedule.waves.bands.group import BandGroup
from lifsim.units import counted

Alike = tuple[int, int, int]
"""(number of equal windows of chunks, images in each, timesteps of each)."""

INPUT_WORDS = "windows of chunks x images x bytes of the pieces of rows that each wave of each band needs, halos again"


def input_terms(
    group: BandGroup, waves: Banded, windows: Iterator[Alike], place: int, counts: tuple[int, int]
) -> list[str]:
    """The DRAM bytes of the input of the layer at this place in the group, as terms. counts: how many filter tiles
    read it, and 1 if its weights are streamed for every piece of a row."""
    tiles, streams = counts
    found = []
    for often, images, steps in windows:
        read = group.reads(waves, steps, images).inputs(group.rows.first + place, np.array([tiles, tiles]))
        found.append(product(often, images, int(read[1 - streams])))
    return found


def between_bands(
    group: BandGroup, waves: Banded, windows: Iterator[Alike], place: int
) -> tuple[str, list[str], list[str]]:
    """In words, the part of the state that stays on chip; and the terms of the bytes read and written between bands
    for the layer at this place in the group."""
    longest, moves = max(group.windows), waves.map_rows - waves.kept_rows
    rows = counted(waves.state_rows(longest), "row")
    said = f"{rows} of {waves.width}*{group.pixel_bytes} bytes of state are on chip"
    if waves.waits(longest):
        said += f"; of {counted(waves.waits(longest), 'column')} that wait between two bands "
        said += f"{counted(waves.kept_rows, 'row')} {'stays' if waves.kept_rows == 1 else 'stay'}, {moves} come and go"
    taken, left = list[str](), list[str]()
    for often, images, steps in windows:
        if moves and images * group.state.bytes > group.buffers.membrane:
            for terms, columns in zip((taken, left), waves.handed_over(steps), strict=True):
                if columns[place]:
                    terms.append(product(often, images, moves, int(columns[place]), group.pixel_bytes))
    return said, taken, left
