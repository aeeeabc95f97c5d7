"""The DRAM of a run: where every tensor lies, what the DRAM did, and which layer is charged for it.

Weights come first (filter after filter, so that a filter tile is one extent), then maps (row after row, bits packed,
all timesteps of a row together if layers are tick-batched), membranes, psums and the states that training keeps; each
kind in the order of first use, each tensor aligned to a page. Gradients reuse the space of dead ones. docs/model.md,
"Addresses" and "Energy of a simulated DRAM", has the assumptions.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from functools import cached_property
from itertools import accumulate
from math import isclose

import numpy as np

from lifsim.accounting.counts import LayerCounts
from lifsim.errors import Fault, InputError
from lifsim.hardware.dram.counts import SLEEP_CYCLES, SLEEPS, DramWork
from lifsim.hardware.dram.result import DramResult
from lifsim.hardware.memory import Charge
from lifsim.hardware.pipeline.timing import Extents
from lifsim.lazy_dataclass import dataclass
from lifsim.play.first_fit import first_fit
from lifsim.play.steps import RunSteps
from lifsim.play.stretches import Stretch
from lifsim.room import require_memory
from lifsim.schedule.tensors.moves import shares
from lifsim.schedule.tensors.rows import Ints
from lifsim.units import format_bytes

PAGE_BYTES = 4096

EXTENT_RECORD_BYTES = 176
"""Bytes of this machine's memory per extent: its columns here, and its record in a DRAM."""

KEPT = ("weights", "optimizer_state", "tensor", "state", "psums", "states", "sums")
"""Kinds of tensors in address order, each in a region of its own."""

PASSING = ("gradient", "membrane_gradients", "state_gradients", "weight_gradients", "norm_gradients", "undone")
"""Kinds that are dead after the last visit that touches them: their space is reused."""

_RANK = {kind: rank for rank, kind in enumerate(KEPT)} | dict.fromkeys(PASSING, len(KEPT))


def require_room(kept_bytes: int, capacity_bytes: int, sizes: Mapping[str, int], *, all_counted: bool = True) -> None:
    """Raises InputError if a run with tensors of these `sizes` needs more than its DRAM holds; all_counted: it keeps no
    others."""
    if kept_bytes > capacity_bytes:
        psums = sum(size for name, size in sizes.items() if _kind(name) == "psums")
        each = "psums that spill, of each fold at places of their own,"
        mostly = f", {format_bytes(psums)} of it {each}" if 2 * psums > kept_bytes else ","
        way_out = "a larger psum buffer, " if 2 * psums > kept_bytes else ""
        way_out += "fewer images (--batch), or a larger device (--dram, lifsim list drams)"
        kept = f"{'' if all_counted else 'at least '}{format_bytes(kept_bytes)}"
        rule = f"{kept}{mostly} must fit into {format_bytes(capacity_bytes)}: {way_out}"
        raise InputError(Fault(f"all that the run keeps there, {rule}", path="dram.device"))


@dataclass(frozen=True)
class Layout:
    """names, base, size: [tensors] in address order, in bytes. A name consists of kind and owner: `weights:conv1`,
    `tensor:lif1`."""

    names: tuple[str, ...]
    base: Ints
    size: Ints

    @property
    def end(self) -> int:
        """The first address after all tensors."""
        return int((self.base + self.size).max(initial=0))

    def require_fit(self, capacity_bytes: int) -> None:
        """Raises InputError if a DRAM of this capacity is too small."""
        require_room(self.end, capacity_bytes, dict(zip(self.names, self.size.tolist(), strict=True)))

    @cached_property
    def _place(self) -> dict[str, int]:
        return {name: index for index, name in enumerate(self.names)}

    def base_of(self, names: Sequence[str]) -> Ints:
        """First addresses of these tensors."""
        return self.base[[self._place[name] for name in names]]


def sizes_of(stretches: Iterable[Stretch]) -> dict[str, int]:
    """Bytes of each tensor up to the last one that `stretches` touch."""
    return {name: use.size for name, use in _uses(stretches).items()}


def end_of(sizes: Mapping[str, int]) -> int:
    """The first address after tensors of these sizes, each aligned to a page, whichever of them is the last."""
    pages = sum(-(-size // PAGE_BYTES) for size in sizes.values())
    return max(0, (pages - 1) * PAGE_BYTES + 1)


@dataclass
class _Use:
    """size: bytes up to the last one that is touched. first, last: indices of the visits that touch it first and
    last."""

    size: int
    first: int
    last: int


def layout_of(stretches: Iterable[Stretch]) -> Layout:
    """The layout of all bytes that `stretches` touch; apart from these it contains only padding to pages and gaps
    between dead tensors."""
    uses = _uses(stretches)
    names = sorted(uses, key=lambda name: _RANK[_kind(name)])
    pages = [-(-uses[name].size // PAGE_BYTES) * PAGE_BYTES for name in names]
    kept = sum(_kind(name) in KEPT for name in names)
    base = [0, *accumulate(pages[:kept])]
    passing = first_fit(pages[kept:], [(uses[name].first, uses[name].last) for name in names[kept:]])
    base[kept:] = [base[kept] + start for start in passing]
    return Layout(tuple(names), np.array(base, np.int64), np.array([uses[name].size for name in names], np.int64))


def _uses(stretches: Iterable[Stretch]) -> dict[str, _Use]:
    """The uses of all tensors, in the order of first use."""
    uses: dict[str, _Use] = {}
    before = 0
    for stretch in stretches:
        ends = np.zeros(len(stretch.regions), np.int64)
        np.maximum.at(ends, stretch.moves.region, stretch.moves.ends)
        named = (before + stretch.named).tolist()
        for name, end, (first, last) in zip(stretch.regions, ends.tolist(), named, strict=True):
            use = uses.setdefault(name, _Use(0, first, last))
            use.size, use.last = max(use.size, end), last
        before += stretch.ends.size
    return uses


def _kind(name: str) -> str:
    return name.partition(":")[0]


def addresses(stretch: Stretch, layout: Layout) -> Ints:
    """[moves] the first address of each."""
    return layout.base_of(stretch.regions)[stretch.moves.region] + stretch.moves.offset


def dram_extents(steps: RunSteps, capacity_bytes: int) -> Extents:
    """The extents of all requests of a run, in queue order. Raises InputError if the tensors do not fit into the
    DRAM."""
    layout = layout_of([steps.stretch])
    layout.require_fit(capacity_bytes)
    moves, order = steps.moves, steps.program.requests.origin
    count = moves.extents[order]
    require_memory(int(count.sum()) * EXTENT_RECORD_BYTES, f"{int(count.sum())} extents of addresses", "dram.model")
    first = np.concatenate([[0], np.cumsum(count)])
    move = np.repeat(order, count)
    number = np.arange(first[-1]) - np.repeat(first[:-1], count)
    start = addresses(steps.stretch, layout)
    return Extents(start[move] + number * moves.pitch[move], moves.extent_bytes[move], first)


BY_TIME = ("refreshes", *SLEEPS)
"""Events that are not caused by a particular request."""

STANDBY = ("active_standby_rank_cycles", "precharge_standby_rank_cycles")
"""Cycles of ranks that are awake. `active` and `idle` cycles are the sums of these and SLEEP_CYCLES."""


@dataclass(frozen=True)
class DramActivity:
    """The DRAM of a whole run. cycles: memory cycles until the last burst has crossed the bus; *_rank_cycles: cycles
    summed over the ranks, with a row open (active) and without. moved_bytes: bursts x burst bytes.
    bandwidth_utilisation: share of what the bus could have moved in `cycles`. Other fields: for ranks that may sleep,
    how often and how long they did, and the energy of standby and sleep, None if the device charges nothing."""

    activates: int
    precharges: int
    reads: int
    writes: int
    refreshes: int
    row_hits: int
    row_hit_rate: float
    cycles: int
    active_rank_cycles: int
    idle_rank_cycles: int
    moved_bytes: int
    bandwidth_bytes_per_s: float
    bandwidth_utilisation: float
    active_power_downs: int | None = None
    precharge_power_downs: int | None = None
    self_refreshes: int | None = None
    active_power_down_rank_cycles: int | None = None
    precharge_power_down_rank_cycles: int | None = None
    self_refresh_rank_cycles: int | None = None
    active_standby_pj: float | None = None
    precharge_standby_pj: float | None = None
    active_power_down_pj: float | None = None
    precharge_power_down_pj: float | None = None
    self_refresh_pj: float | None = None

    @classmethod
    def of(cls, dram: DramResult, charge: Charge) -> DramActivity:
        """The record of a simulation, charged as given."""
        work, counts = dram.work, dram.counts
        slept = {name: getattr(work, name) for name in (*SLEEPS, *SLEEP_CYCLES)}
        states = charge.background(work)
        spent = {f"{state}_pj": pj for state, pj in vars(states).items()} if states else {}
        return cls(
            activates=work.activates,
            precharges=counts.pres,
            reads=work.reads,
            writes=work.writes,
            refreshes=work.refreshes,
            row_hits=work.row_hits,
            row_hit_rate=counts.hit_rate,
            cycles=dram.cycles,
            active_rank_cycles=work.active_rank_cycles,
            idle_rank_cycles=work.idle_rank_cycles,
            moved_bytes=dram.moved_bytes,
            bandwidth_bytes_per_s=dram.bytes_per_second,
            bandwidth_utilisation=dram.peak_share,
            **(slept | spent if dram.spec.controller.sleeps else {}),
        )

    @property
    def work(self) -> DramWork:
        """The events that energy is charged for."""
        return DramWork(*(getattr(self, name) or 0 for name in DramWork.__dataclass_fields__))

    def balances(self, background_pj: float) -> bool:
        """Whether the energies of the states, if given, sum to `background_pj`."""
        awake = (self.active_standby_pj, self.precharge_standby_pj)
        asleep = (self.active_power_down_pj, self.precharge_power_down_pj, self.self_refresh_pj)
        told = [pj for pj in (*awake, *asleep) if pj is not None]
        return not told or isclose(sum(told), background_pj, rel_tol=1e-9)

    def tree(self) -> dict[str, int | float]:
        """As summary.json holds it, without what is None."""
        return {name: value for name, value in vars(self).items() if value is not None}


def work_row(work: DramWork, *, sleeps: bool) -> dict[str, int]:
    """The DRAM columns of a layer in layers.csv, with or without those of ranks that may sleep."""
    hidden = () if sleeps else (*SLEEPS, *SLEEP_CYCLES)
    return {f"dram.{name}": value for name, value in vars(work).items() if name not in hidden}


def owners(steps: RunSteps) -> Ints:
    """[extents of all requests] 2 x the layer of each, plus 1 if it is written."""
    requests = steps.program.requests
    return np.repeat(2 * steps.layer[requests.step] + requests.is_write, steps.moves.extents[requests.origin])


def with_dram_work(counts: Sequence[LayerCounts], dram: DramResult, owner: Ints) -> list[LayerCounts]:
    """`counts`, whose cycles are final, each with its share of what `dram` did: the commands for its blocks, by their
    `owner`, and refreshes and standby in proportion to its cycles."""
    layers, sent, work, layer, write = len(counts), dram.blocks, dram.work, owner // 2, owner % 2 == 1
    cycles = np.array([counted.cycles.total for counted in counts])
    columns = {
        "activates": _summed(sent.activates, layer, layers),
        "reads": _summed(sent.accesses * ~write, layer, layers),
        "writes": _summed(sent.accesses * write, layer, layers),
        "row_hits": _summed(sent.row_hits, layer, layers),
        **{name: shares(getattr(work, name), cycles) for name in (*BY_TIME, *SLEEP_CYCLES)},
    }
    active, idle = (shares(getattr(work, name), cycles) for name in STANDBY)
    columns["active_rank_cycles"] = active + columns["active_power_down_rank_cycles"]
    columns["idle_rank_cycles"] = idle + sum(columns[name] for name in SLEEP_CYCLES[1:])
    return [
        replace(counted, dram=DramWork(**{name: int(column[index]) for name, column in columns.items()}))
        for index, counted in enumerate(counts)
    ]


def with_estimated_work(counts: LayerCounts, charge: Charge, clock_hz: int) -> LayerCounts:
    """`counts` with a lower bound of what the DRAM would `charge` for its bytes, to compare groups that were not
    simulated."""
    moved = counts.dram_bytes
    work = charge.estimated(moved.reads, moved.writes, counts.cycles.total, clock_hz)
    return replace(counts, dram=work)


def _summed(amounts: Ints, layer: Ints, layers: int) -> Ints:
    """[layers] sums of `amounts`."""
    sums = np.zeros(layers, np.int64)
    np.add.at(sums, layer, amounts)
    return sums
