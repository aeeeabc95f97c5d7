"""The forward pass of a layer whose sums wait for the statistics of its batch norm, visit by visit.

Every visit that computes sums becomes two: the array's, and that of the neurons behind the norm. On a round trip the
first one writes the sums and the second one reads them; where the product runs twice, the array works in both, and the
first one hands nothing over.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from lifsim.hardware.pipeline.kinds import Kind
from lifsim.model.network import Layer
from lifsim.schedule.tensors.moves import Moves, Visit, moves_of
from lifsim.training.norm_sums import NormSums
from lifsim.training.portions import Portions

BEHIND_THE_NORM = (Kind.RESIDUAL, Kind.MEMBRANE_READ, Kind.MEMBRANE_WRITE, Kind.SPIKES_OUT)
"""Kinds that move when the neurons are called; all others move when the array works."""


class Parted:
    """The visits of one layer that compute its sums, each parted in two, one visit after the other. outputs: of all of
    them."""

    def __init__(self, layer: Layer, norm: NormSums, outputs: int) -> None:
        self._layer, self._twice = layer, norm.way == "twice"
        self._written, self._read = (Portions(size, outputs) for size in (norm.forward_write, norm.forward_read))
        again = (norm.again.weights, norm.again.spikes_in, norm.again.psum_read)
        self._weights, self._spikes, self._psums = (Portions(size, outputs) for size in again)

    def on_array(self, visit: Visit) -> Visit:
        """The visit of the array, with all or half of the array's cycles."""
        step, regions = np.arange(visit.steps), (*visit.regions, f"sums:{self._layer.name}")
        if self._twice:
            psums, of_sums = visit.regions.index(f"psums:{self._layer.name}"), self._psums.next(visit)
            again = [
                (Kind.WEIGHTS, visit.regions.index(f"weights:{self._layer.name}"), self._weights.next(visit)),
                (Kind.SPIKES_IN, visit.regions.index(f"tensor:{self._layer.input.name}"), self._spikes.next(visit)),
                *((kind, psums, of_sums) for kind in (Kind.PSUM_READ, Kind.PSUM_WRITE)),
            ]
            moves = [moves_of(kind, region, step, 0, part) for kind, region, (_, part) in again]
        else:
            written = moves_of(Kind.PSUM_WRITE, len(visit.regions), step, *self._written.next(visit))
            moves = [visit.moves.only(~np.isin(visit.moves.kind, BEHIND_THE_NORM)), written]
        idle = np.zeros_like(visit.outputs)
        return replace(visit, regions=regions, outputs=idle, work=visit.array_shares, moves=Moves.joined(moves))

    def behind(self, visit: Visit) -> Visit:
        """The visit of the neurons, with their cycles, and half of the array's if it works twice."""
        step, regions, sums = np.arange(visit.steps), (*visit.regions, f"sums:{self._layer.name}"), len(visit.regions)
        if self._twice:
            moves = [visit.moves, moves_of(Kind.PSUM_WRITE, sums, step, *self._written.next(visit))]
            return replace(visit, regions=regions, work=visit.array_shares, moves=Moves.joined(moves))
        called = visit.moves.only(np.isin(visit.moves.kind, BEHIND_THE_NORM))
        moves = [called, moves_of(Kind.PSUM_READ, sums, step, *self._read.next(visit))]
        return replace(visit, regions=regions, work=np.zeros_like(visit.outputs), moves=Moves.joined(moves))
