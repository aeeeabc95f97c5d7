"""The strips of a layer that runs in waves, of a whole run, as columns."""

from __future__ import annotations

from dataclasses import fields

import numpy as np
from numpy.typing import NDArray

from lifsim.lazy_dataclass import dataclass
from lifsim.model.network import Layer
from lifsim.schedule.exits import Exits
from lifsim.schedule.tensors.rows import Ints
from lifsim.schedule.tensors.storage import row_pixels
from lifsim.schedule.waves.waves import Waves
from lifsim.schedule.window import Window


@dataclass(frozen=True, eq=False)
class Strips:
    """[strips] each, in the order in which a layer works on them.

    image, images: first image of the chunk, and how many of it run; going: how many still do in the next window.
    window: number of the window, timestep: the first one of the strip, steps: timesteps that it is worked on back to
    back. opens, closes: whether these are the first and the last ones of their window. wave: number of the wave in its
    window. first, end: output rows. left, right: the first of their columns, and the one behind the last.
    """

    image: Ints
    images: Ints
    going: Ints
    window: Ints
    timestep: Ints
    steps: Ints
    opens: NDArray[np.bool_]
    closes: NDArray[np.bool_]
    wave: Ints
    first: Ints
    end: Ints
    left: Ints
    right: Ints

    @property
    def count(self) -> int:
        """How many there are."""
        return self.first.size

    @property
    def rows(self) -> Ints:
        """Of each."""
        return self.end - self.first

    @property
    def pixels(self) -> Ints:
        """Of each, in all its images."""
        return self.rows * (self.right - self.left) * self.images

    @property
    def work(self) -> Ints:
        """Pixels of all images and timesteps."""
        return self.pixels * self.steps

    @property
    def visit(self) -> Ints:
        """[strips] number of the visit that each belongs to: strips of one wave are of one."""
        key = np.stack([self.image, self.window, self.wave])
        begins = np.any(np.diff(key, axis=1, prepend=-1) != 0, axis=0)
        return np.cumsum(begins) - 1


def strips_of_layer(waves: Waves, layer: Layer, window: Window, exits: Exits, chunks: list[tuple[int, int]]) -> Strips:
    """Those of a `layer` for images that run until they exit so. chunks: first image and images of each."""
    spans = window.spans(exits.timesteps)
    every = [
        _within(waves, layer, span, (number, image), running)
        for image, images in chunks
        for number, (span, running) in enumerate(
            zip(spans, _running(exits.of_images(image, images), spans), strict=True)
        )
        if running[0]
    ]
    return Strips(*(np.concatenate([getattr(one, column.name) for one in every]) for column in fields(Strips)))


def _running(exits: Exits, spans: list[tuple[int, int]]) -> list[tuple[int, int]]:
    """By window, images that run in it, and those that still do in the next one."""
    return [(len(exits.running(first)), len(exits.running(end))) for first, end in spans]


def _within(
    waves: Waves, layer: Layer, span: tuple[int, int], where: tuple[int, int], running: tuple[int, int]
) -> Strips:
    """Of one window of a chunk, (number of the window, first image of the chunk), wave after wave. running: images, in
    it and in the next one."""
    timesteps, full_window = span[1] - span[0], not waves.skewed
    begin, end = waves.strips(layer.index, timesteps).T
    columns = waves.columns(layer.index, timesteps)
    left, right = (np.zeros_like(end), np.full_like(end, row_pixels(layer))) if columns is None else columns.T
    if full_window:
        begin, end = begin[:, :1], end[:, :1]
    wave, timestep = np.nonzero(end > begin)
    full = np.ones_like(wave)
    return Strips(
        image=where[1] * full,
        images=running[0] * full,
        going=running[1] * full,
        window=where[0] * full,
        timestep=span[0] + timestep,
        steps=timesteps * full if full_window else full,
        opens=timestep == 0,
        closes=(timestep == timesteps - 1) | full_window,
        wave=wave,
        first=begin[wave, timestep],
        end=end[wave, timestep],
        left=left[wave, timestep],
        right=right[wave, timestep],
    )
