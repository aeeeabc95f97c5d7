"""The forward pass of a layer whose sums wait for the statistics of its batch norm, visit by visit.

Every visit that computes sums becomes two: the array's, and that of the neurons behind the norm. On a round trip the
first one writes the sums and the second one reads them; where the product runs twice, the array works in both, and the
first one hands nothing over.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from lifsim.hardware.pipeline.kinds import Kind
from lifsim.lazy_dataclass import dataclass
from lifsim.model.network import Layer
from lifsim.schedule.moves import REPLAY, Moves, Visit, moves_of, shares
from lifsim.schedule.plan import Plan
from lifsim.schedule.rows import Ints
from lifsim.training.norm_sums import NormSums, norm_sums
from lifsim.training.sizes import TrainingSizes

BEHIND_THE_NORM = (Kind.RESIDUAL, Kind.MEMBRANE_READ, Kind.MEMBRANE_WRITE, Kind.SPIKES_OUT)
"""What moves when the neurons are called; all else when the array works."""


def normed_visits(sizes: TrainingSizes, plan: Plan, visits: Sequence[Visit]) -> list[Visit]:
    """`visits` of a forward pass with what norms move."""
    found = [[visit] for visit in visits]
    for layer in sizes.layers:
        norm = norm_sums(sizes, layer, plan.group_of(layer.index))
        mine = [place for place, visit in enumerate(visits) if visit.layer == layer.index and visit.round != REPLAY]
        if norm is not None and norm.way != "handed on" and mine:
            parted = _Parted(layer, norm, [visits[place] for place in mine])
            for place, parts in zip(mine, parted.visits(), strict=True):
                found[place] = parts
    return [visit for parts in found for visit in parts]


@dataclass(frozen=True)
class _Parted:
    """The visits of one layer, each parted in two."""

    layer: Layer
    norm: NormSums
    whole: Sequence[Visit]

    def visits(self) -> list[list[Visit]]:
        """The array's, which has all cycles of the array or half of them, and the neurons', which has theirs."""
        norm, sums, found = self.norm, f"sums:{self.layer.name}", []
        written, read = self._dealt(norm.forward_write), self._dealt(norm.forward_read)
        weights, spikes, psums = map(self._dealt, (norm.again.weights, norm.again.spikes_in, norm.again.psum_read))
        for number, visit in enumerate(self.whole):
            regions, at = (*visit.regions, sums), len(visit.regions)
            on_array = replace(visit, regions=regions, outputs=np.zeros_like(visit.outputs), work=visit.array_shares)
            step = np.arange(visit.steps)
            if norm.way == "twice":
                again = [(Kind.WEIGHTS, self._region(visit, Kind.WEIGHTS), weights)]
                again += [(Kind.SPIKES_IN, self._region(visit, Kind.SPIKES_IN), spikes)]
                again += [(kind, self._psums(visit), psums) for kind in (Kind.PSUM_READ, Kind.PSUM_WRITE)]
                first = [moves_of(kind, region, step, 0, parts[number][1]) for kind, region, parts in again]
                more = [visit.moves, moves_of(Kind.PSUM_WRITE, at, step, *written[number])]
                second = replace(visit, regions=regions, work=visit.array_shares, moves=Moves.joined(more))
            else:
                behind = np.isin(visit.moves.kind, BEHIND_THE_NORM)
                first = [visit.moves.only(~behind), moves_of(Kind.PSUM_WRITE, at, step, *written[number])]
                more = [visit.moves.only(behind), moves_of(Kind.PSUM_READ, at, step, *read[number])]
                idle = np.zeros_like(visit.outputs)
                second = replace(visit, regions=regions, work=idle, moves=Moves.joined(more))
            found.append([replace(on_array, moves=Moves.joined(first)), second])
        return found

    def _dealt(self, size: int) -> list[tuple[Ints, Ints]]:
        """(offset, bytes) [steps] of each visit's part of `size`, by its outputs."""
        parts = shares(size, np.concatenate([visit.outputs for visit in self.whole]))
        offsets = np.cumsum(parts) - parts
        edges = np.cumsum([visit.steps for visit in self.whole])[:-1]
        return list(zip(np.split(offsets, edges), np.split(parts, edges), strict=True))

    def _region(self, visit: Visit, kind: Kind) -> int:
        """Where the visit finds its weights or its input."""
        name = {Kind.WEIGHTS: f"weights:{self.layer.name}", Kind.SPIKES_IN: f"tensor:{self.layer.input.name}"}[kind]
        return visit.regions.index(name)

    def _psums(self, visit: Visit) -> int:
        return visit.regions.index(f"psums:{self.layer.name}")
