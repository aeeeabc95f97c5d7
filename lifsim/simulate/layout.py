"""Where every tensor lies in DRAM.

Weights first (filter behind filter, so that a filter tile is one run), then maps (row behind row, bits packed, all
timesteps of a row together where layers are tick-batched), membranes, psums and what training adds; each kind in the
order of first use, each tensor from a page on. docs/model.md, "Addresses", has the assumptions.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate

import numpy as np

from lifsim.errors import Fault, InputError
from lifsim.hardware.pipeline.timing import Runs
from lifsim.schedule.moves import Moves, Visit
from lifsim.schedule.rows import Ints
from lifsim.simulate.steps import RunSteps
from lifsim.units import format_bytes

PAGE_BYTES = 4096

_ORDER = (
    "weights", "tensor", "state", "psums",
    "states", "gradient", "membrane_gradients", "state_gradients", "weight_gradients",
)  # fmt: skip


@dataclass(frozen=True)
class Layout:
    """names, base, size: [tensors] in address order; bytes. A name is what it is, as in `_ORDER`, and whose:
    `weights:conv1`, `tensor:lif1`."""

    names: tuple[str, ...]
    base: Ints
    size: Ints

    @property
    def end(self) -> int:
        """The first byte behind everything."""
        return int(self.base[-1] + self.size[-1]) if self.names else 0

    def base_of(self, names: Sequence[str]) -> Ints:
        """First addresses of these tensors."""
        place = {name: index for index, name in enumerate(self.names)}
        return self.base[[place[name] for name in names]]


def layout_of(visits: Sequence[Visit]) -> Layout:
    """Room for all bytes that `visits` touch, and no more but for the pages' ends."""
    sizes: dict[str, int] = {}
    for visit in visits:
        ends = _ends(visit.moves)
        for region, name in enumerate(visit.regions):
            touched = ends[visit.moves.region == region]
            sizes[name] = max(sizes.get(name, 0), int(touched.max(initial=0)))
    names = sorted(sizes, key=lambda name: _ORDER.index(name.partition(":")[0]))
    pages = [-(-sizes[name] // PAGE_BYTES) * PAGE_BYTES for name in names]
    base = [0, *accumulate(pages)][: len(names)]
    return Layout(tuple(names), np.array(base, np.int64), np.array([sizes[name] for name in names], np.int64))


def addresses(visits: Sequence[Visit], layout: Layout) -> Ints:
    """[moves of all visits] the first address of each."""
    starts = [layout.base_of(visit.regions)[visit.moves.region] + visit.moves.offset for visit in visits]
    return np.concatenate(starts) if starts else np.zeros(0, np.int64)


def dram_runs(steps: RunSteps, capacity_bytes: int) -> Runs:
    """The runs of addresses of all requests of a run, in the order of their queue. Raises InputError where the tensors
    do not fit into the DRAM."""
    layout = layout_of(steps.visits)
    if layout.end > capacity_bytes:
        rule = f"all that the run keeps there, {format_bytes(layout.end)}, must fit into {format_bytes(capacity_bytes)}"
        raise InputError(Fault(rule, path="dram.device"))
    moves, order = steps.moves, steps.program.requests.origin
    count = moves.runs[order]
    first = np.concatenate([[0], np.cumsum(count)])
    move = np.repeat(order, count)
    number = np.arange(first[-1]) - np.repeat(first[:-1], count)
    start = addresses(steps.visits, layout)
    return Runs(start[move] + number * moves.pitch[move], moves.run_bytes[move], first)


def _ends(moves: Moves) -> Ints:
    return moves.offset + (moves.runs - 1) * moves.pitch + moves.run_bytes
