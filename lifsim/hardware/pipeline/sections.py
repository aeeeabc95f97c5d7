"""A program that is played section by section: requests of an image are dropped once they are served."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from lifsim.hardware.dram.blocks import SUMS
from lifsim.hardware.dram.requests import Requests as DramRequests
from lifsim.hardware.dram.result import DramResult
from lifsim.hardware.dram.state import BLOCK, LOG, MACHINE, Array
from lifsim.hardware.dram.stream import DramStream
from lifsim.hardware.pipeline.kinds import LOADS, STORES, WRITES, Kind
from lifsim.hardware.pipeline.program import Halves, Ints
from lifsim.hardware.pipeline.records import REQUEST, STEP
from lifsim.hardware.pipeline.timing import PLAY_STEPS, Bandwidth, bus_of, controller_of
from lifsim.lazy_dataclass import dataclass
from lifsim.model.dram import DramSpec
from lifsim.watch import Watch

ASKED = np.dtype(
    [(name, np.int64) for name in (
        "step", "kind", "gate", "turn", "address", "extent_bytes", "extents", "pitch", "owner",
    )]
)  # fmt: skip
"""A request: the step that needs or puts out its bytes, of which `Kind`; the step after whose end it enters the queue,
and in which turn; its extents, so many of so many bytes each, `pitch` apart; to whom what the memory does for it is
charged."""


@dataclass(frozen=True)
class Section:
    """Steps that are played next, and what enters the queue meanwhile.

    cycles: [steps] of array, LIF units and SRAM ports. stores: [steps, STORES] whether each step puts something out.
    asked: [requests] ASKED, all that enters behind the step before the section and before the end of its last step, in
    the order of the queue; where nothing follows it is_last, and all that is left is.
    """

    cycles: Ints
    stores: NDArray[np.bool_]
    asked: Array
    is_last: bool


@dataclass(frozen=True)
class Played:
    """A played section. end: [steps] cycles of the array; waited: [steps, kinds] as `Timing` has them; held: [steps,
    kinds] cycles that the last request which each step waited for took to pass its ports, from its first byte on, 0
    where these did not hold it up."""

    end: Ints
    waited: Ints
    held: Ints


class Player:
    """A memory and what was asked of it so far. What is kept from one section to the next is what later ones wait for;
    figures are those of a program that is played at once."""

    def __init__(self, memory: Array, halves: Halves, owners: int, stream: DramStream | None = None) -> None:
        self._memory, self._halves, self._stream = memory, halves, stream
        self._nothing = np.zeros(0, MACHINE), np.zeros(0, LOG), np.zeros(0, BLOCK)
        self._first = 0
        self._asked, self._found = np.zeros(0, ASKED), np.zeros(0, REQUEST)
        self._owner, self._sums = np.zeros(0, np.int64), np.zeros(owners, SUMS)
        self._end, self._left, self._held = 0, 0, False

    @classmethod
    def on_bandwidth(cls, array_hz: int, memory: Bandwidth, halves: Halves, owners: int) -> Player:
        """For a memory of plain bandwidth."""
        return cls(bus_of(array_hz, memory), halves, owners)

    @classmethod
    def on_dram(cls, array_hz: int, spec: DramSpec, halves: Halves, owners: int) -> Player:
        """For a DRAM that is simulated burst by burst."""
        return cls(controller_of(array_hz, spec), halves, owners, DramStream(spec))

    def load(self, watch: Watch) -> None:
        """Load the compiled player, for which the first section would wait."""
        PLAY_STEPS.load(watch)

    @property
    def total(self) -> int:
        """The cycle reached so far; after the last section, the one in which the last store has left."""
        return self._end

    @property
    def last_held(self) -> bool:
        """Whether ports held up the store that has left last, in the cycle in which all is done."""
        return self._held and self._left == self._end

    @property
    def dram(self) -> DramResult | None:
        """The totals of a simulated DRAM, with the owners as blocks. Called after the last section."""
        return None if self._stream is None else self._stream.result_with(self._sums)

    def play(self, section: Section) -> Played:
        """Play what follows. Raises InputError for bytes that the DRAM does not have."""
        steps, memory = section.cycles.size, self._memory[0]
        carried, asked = self._asked.size, np.concatenate([self._asked, section.asked])
        found = self._records(section.asked)
        records, awaited = self._steps(section, asked)
        loads = _loads(asked, self._first, self._first + steps)
        memory["step"], memory["head"] = 0, carried
        dram = self._nothing if self._stream is None else self._stream.records
        self._end = PLAY_STEPS(self._memory, records, found, loads, *dram, steps)
        held = np.append(np.where(found["held"] > 0, found["answered"] - found["begun"], 0), 0)[awaited]
        self._first += steps
        self._keep(asked, found)
        return Played(records["end"][:steps], records["waited"][:steps], held)

    def _records(self, new: Array) -> Array:
        """[requests] REQUEST of those that were carried over, and of the `new` ones, whose extents are submitted."""
        found = np.zeros(new.size, REQUEST)
        found["kind"], found["bytes"] = new["kind"], new["extent_bytes"] * new["extents"]
        found["port_cycles"] = -(-found["bytes"] * 8 // np.array(self._halves.port_bits)[new["kind"]])
        found["gate"], found["is_write"] = new["gate"] - self._first, np.isin(new["kind"], WRITES)
        if self._stream is not None:
            first = np.concatenate([[0], np.cumsum(new["extents"])])
            request = np.repeat(np.arange(new.size), new["extents"])
            address = new["address"][request] + (np.arange(first[-1]) - first[request]) * new["pitch"][request]
            size, writes = new["extent_bytes"][request], found["is_write"][request] > 0
            self._stream.submit(DramRequests(address.astype(np.uint64), size, writes, np.zeros_like(size)))
            found["first_block"], found["end_block"] = self._owner.size + first[:-1], self._owner.size + first[1:]
            self._owner = np.concatenate([self._owner, new["owner"][request]])
        return np.concatenate([self._found, found])

    def _steps(self, section: Section, asked: Array) -> tuple[Array, Ints]:
        """STEP records, with one behind them where more steps follow; and [steps, kinds] the last request that each
        step waits for: of loads and streams its own, of stores the one that must have left; -1 for none."""
        steps, step = section.cycles.size, asked["step"] - self._first
        records = np.zeros(steps + (not section.is_last), STEP)
        records["cycles"][:steps], records["room"] = section.cycles, -1
        awaited = np.full((steps, len(Kind)), -1, np.int64)
        mine = np.flatnonzero((step >= 0) & (step < steps))
        awaited[step[mine], asked["kind"][mine]] = mine
        for place, kind in enumerate(STORES):
            last, of_step = _last_stores(asked, kind)
            back = 2 if self._halves.double[kind] else 1
            storing = np.flatnonzero(section.stores[:, place])
            before = np.searchsorted(of_step, storing + self._first) - back
            records["room"][storing, place] = np.append(last, -1)[np.maximum(before, -1)]
            awaited[:, kind] = records["room"][:steps, place]
        loads = mine[asked["kind"][mine] <= max(LOADS)]
        counts = np.bincount(step[loads], minlength=steps)
        records["loads"][:steps], records["first_load"][:steps] = counts, np.cumsum(counts) - counts
        return records, awaited

    def _keep(self, asked: Array, found: Array) -> None:
        """Drop requests that nothing waits for any more: neither a step for a load, nor the memory for a store. Writes
        are posted in order, so that no step waits for a store that has been handled: some step waited for it or for a
        later one."""
        memory, place = self._memory[0], np.arange(asked.size)
        is_store = np.isin(asked["kind"], STORES)
        waits = np.where(
            is_store, place >= memory["stored"], (asked["kind"] <= max(LOADS)) & (asked["step"] >= self._first)
        )
        self._note_left(found[is_store & ~waits])
        memory["stored"] = np.count_nonzero(waits[: memory["stored"]])
        found["first_block"][~waits] = found["end_block"][~waits] = 0
        if self._stream is not None:
            self._forget_blocks(self._stream, found)
        self._asked, self._found = asked[waits], found[waits]

    def _note_left(self, stores: Array) -> None:
        """When the last of these stores has left, and whether ports held it up."""
        if not stores.size:
            return
        left = int(stores["answered"].max())
        held = bool(stores["held"][stores["answered"] == left].any())
        self._held = held if left > self._left else self._held or (held and left == self._left)
        self._left = max(self._left, left)

    def _forget_blocks(self, stream: DramStream, found: Array) -> None:
        """All but those of requests that are waited for, and those that the DRAM works on; their sums are kept."""
        edges = np.zeros(self._owner.size + 1, np.int64)
        np.add.at(edges, found["first_block"], 1)
        np.subtract.at(edges, found["end_block"], 1)
        forgotten, left = stream.forget(np.cumsum(edges)[:-1] > 0)
        owner = self._owner[~left]
        for name in ("activates", "accesses", "row_hits"):
            np.add.at(self._sums[name], owner, forgotten[name])
        np.maximum.at(self._sums["completion"], owner, forgotten["completion"])
        number = np.concatenate([[0], np.cumsum(left)])
        found["first_block"], found["end_block"] = number[found["first_block"]], number[found["end_block"]]
        self._owner = self._owner[left]
        self._memory[0]["known"] = self._owner.size


def _loads(asked: Array, first: int, end: int) -> Ints:
    """The loads of steps from `first` to `end` (exclusive), in the order in which their steps wait for them."""
    loads = np.flatnonzero((asked["kind"] <= max(LOADS)) & (asked["step"] >= first) & (asked["step"] < end))
    return loads[np.lexsort((asked["kind"][loads], asked["step"][loads]))]


def _last_stores(asked: Array, kind: Kind) -> tuple[Ints, NDArray[Any]]:
    """The last store of `kind` of each step that has one, and these steps."""
    found = np.flatnonzero(asked["kind"] == kind)
    step = asked["step"][found]
    is_last = np.diff(step, append=-1) != 0
    return found[is_last], step[is_last]
