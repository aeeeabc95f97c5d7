"""Where every tensor lies in DRAM.

Weights first (filter behind filter, so that a filter tile is one run), then maps (row behind row, bits packed, all
timesteps of a row together where layers are tick-batched), membranes, psums and the states that training keeps; each
kind in the order of first use, each tensor from a page on. Gradients take places that others have left. docs/model.md,
"Addresses", has the assumptions.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import accumulate

import numpy as np

from lifsim.errors import Fault, InputError
from lifsim.hardware.pipeline.timing import Runs
from lifsim.room import require_memory
from lifsim.schedule.moves import Moves, Visit
from lifsim.schedule.rows import Ints
from lifsim.simulate.steps import RunSteps
from lifsim.units import format_bytes

PAGE_BYTES = 4096

RUN_BYTES = 160
"""Of this machine's memory for each run of addresses: its columns here, and its record in a DRAM."""

KEPT = ("weights", "tensor", "state", "psums", "states")
"""Kinds of tensors in address order, each with a place of its own."""

PASSING = ("gradient", "membrane_gradients", "state_gradients", "weight_gradients")
"""Kinds that nobody needs behind the last visit that touches them: their places are used again."""

_RANK = {kind: rank for rank, kind in enumerate(KEPT)} | dict.fromkeys(PASSING, len(KEPT))


@dataclass(frozen=True)
class Layout:
    """names, base, size: [tensors] in address order; bytes. A name is of what kind it is, and whose:
    `weights:conv1`, `tensor:lif1`."""

    names: tuple[str, ...]
    base: Ints
    size: Ints

    @property
    def end(self) -> int:
        """The first byte behind everything."""
        return int((self.base + self.size).max(initial=0))

    @cached_property
    def _place(self) -> dict[str, int]:
        return {name: index for index, name in enumerate(self.names)}

    def base_of(self, names: Sequence[str]) -> Ints:
        """First addresses of these tensors."""
        return self.base[[self._place[name] for name in names]]


@dataclass
class _Use:
    """size: bytes up to the last one that is touched. first, last: visits (indices) that touch it."""

    size: int
    first: int
    last: int


def layout_of(visits: Sequence[Visit]) -> Layout:
    """Room for all bytes that `visits` touch, and no more but for the pages' ends and the gaps between what is dead."""
    uses = _uses(visits)
    names = sorted(uses, key=lambda name: _RANK[_kind(name)])
    pages = [-(-uses[name].size // PAGE_BYTES) * PAGE_BYTES for name in names]
    kept = sum(_kind(name) in KEPT for name in names)
    base = [0, *accumulate(pages[:kept])]
    passing = _first_fit(pages[kept:], [uses[name] for name in names[kept:]])
    base[kept:] = [base[kept] + start for start in passing]
    return Layout(tuple(names), np.array(base, np.int64), np.array([uses[name].size for name in names], np.int64))


def _uses(visits: Sequence[Visit]) -> dict[str, _Use]:
    """In the order of first use."""
    uses: dict[str, _Use] = {}
    for index, visit in enumerate(visits):
        ends = _ends(visit.moves)
        for region, name in enumerate(visit.regions):
            use = uses.setdefault(name, _Use(0, index, index))
            use.size = max(use.size, int(ends[visit.moves.region == region].max(initial=0)))
            use.last = index
    return uses


def _first_fit(sizes: Sequence[int], uses: Sequence[_Use]) -> list[int]:
    """Where each of `sizes`, in the order of first use, begins: as low as those that are still used then let it."""
    begins: list[int] = []
    for size, use in zip(sizes, uses, strict=True):
        before = zip(begins, sizes, uses, strict=False)
        begin = 0
        for low, high in sorted((low, low + taken) for low, taken, other in before if other.last >= use.first):
            if begin + size <= low:
                break
            begin = max(begin, high)
        begins.append(begin)
    return begins


def _kind(name: str) -> str:
    return name.partition(":")[0]


def addresses(visits: Sequence[Visit], layout: Layout) -> Ints:
    """[moves of all visits] the first address of each. Every run has a visit."""
    return np.concatenate([layout.base_of(visit.regions)[visit.moves.region] + visit.moves.offset for visit in visits])


def dram_runs(steps: RunSteps, capacity_bytes: int) -> Runs:
    """The runs of addresses of all requests of a run, in the order of their queue. Raises InputError where the tensors
    do not fit into the DRAM."""
    layout = layout_of(steps.visits)
    if layout.end > capacity_bytes:
        rule = f"all that the run keeps there, {format_bytes(layout.end)}, must fit into {format_bytes(capacity_bytes)}"
        raise InputError(Fault(rule, path="dram.device"))
    moves, order = steps.moves, steps.program.requests.origin
    count = moves.runs[order]
    require_memory(int(count.sum()) * RUN_BYTES, f"{int(count.sum())} runs of addresses", "dram.model")
    first = np.concatenate([[0], np.cumsum(count)])
    move = np.repeat(order, count)
    number = np.arange(first[-1]) - np.repeat(first[:-1], count)
    start = addresses(steps.visits, layout)
    return Runs(start[move] + number * moves.pitch[move], moves.run_bytes[move], first)


def _ends(moves: Moves) -> Ints:
    return moves.offset + (moves.runs - 1) * moves.pitch + moves.run_bytes
