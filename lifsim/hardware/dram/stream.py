"""A DRAM that is fed piece by piece: its state carries over from one tile's requests to the next."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from lifsim.hardware.dram.blocks import TOLD, fill, new_blocks, told
from lifsim.hardware.dram.counts import DramCounts
from lifsim.hardware.dram.requests import Requests
from lifsim.hardware.dram.result import BlockCounts, DramResult
from lifsim.hardware.dram.state import BLOCK, CLOSING, COUNTS, FAR, LOG, MACHINE, SELF_REFRESH, Array, new_machine
from lifsim.kernels.kernel import Kernel
from lifsim.model.dram import DramSpec
from lifsim.watch import Watch, stretches, unwatched

RUN_DRAM = Kernel(
    title="the DRAM model",
    module="lifsim.hardware.dram.kernel",
    function="run_dram",
    parameters=(MACHINE, LOG, BLOCK, None, None, None),
    sources=("hardware/dram/*.py",),
)


FIRST_CYCLES = 1 << 18
"""Gone through before the first look at how far it is."""


class DramStream:
    """One DRAM and what was asked of it so far, in order.

    A request of many bytes is expanded to bursts inside the kernel. Submit a request before running past the cycle in
    which it arrives, that is, in the order in which things happen: `submit` what is known, `run_until_answered` what
    the next decision needs, `finish` when nothing more comes.
    """

    def __init__(self, spec: DramSpec, log_capacity: int = 0) -> None:
        self.spec = spec
        self._machine = new_machine(spec)
        self._blocks = np.zeros(0, BLOCK)
        self._count = 0
        self._log = np.zeros(log_capacity, LOG)

    @property
    def cycle(self) -> int:
        """The last cycle that was gone through, -1 before the first."""
        return int(self._machine[0]["cycle"])

    def submit(self, requests: Requests) -> range:
        """Ask for more, after all that was asked for before; the numbers of these requests. Raises InputError."""
        requests.check_fit(self.spec)
        count = self._count + len(requests.addresses)
        if count > len(self._blocks):
            grown = new_blocks(max(count, 2 * len(self._blocks)))
            grown[: self._count] = self._blocks[: self._count]
            self._blocks = grown
        fill(self._blocks[self._count : count], requests, self.spec.offset_bits)
        submitted = range(self._count, count)
        self._count = count
        return submitted

    def run_until_answered(self, request: int) -> int:
        """Run until the last burst of that request is answered; the cycle in which it was. A write is answered when it
        is taken into the write queue, a read when its data has come."""
        self._advance(request, FAR, closing=False)
        return int(self._blocks[request]["completion"])

    def run_until(self, cycle: int) -> None:
        """Do everything that happens before `cycle`."""
        self._advance(-1, cycle, closing=False)

    def finish(self, watch: Watch = unwatched) -> DramResult:
        """Answer all requests, write back what waits in the write queues; what it all came to. Stretch by stretch, so
        that it can be watched, and stopped."""
        RUN_DRAM.load(watch)
        stop, is_watched = max(self.cycle, 0), watch is not unwatched
        total = self._sum("bursts") if is_watched else 0
        for stretch in stretches(FIRST_CYCLES):
            stop = min(stop + stretch, FAR)
            self._advance(-1, stop, closing=True)
            if self._is_idle or stop == FAR:
                break
            if is_watched:
                watch("DRAM bursts", total - self._sum("remaining"), total)
        return self.result

    def _sum(self, field: str) -> int:
        """Of all blocks: it takes a look at each."""
        return int(self._blocks[field][: self._count].sum())

    @property
    def _is_idle(self) -> bool:
        """Whether all that was asked for is done."""
        machine = self._machine[0]
        waits = machine["reads_open"] + machine["writes_open"] > 0
        return bool(machine["block"] == self._count and not waits)

    def forget(self, kept: npt.NDArray[np.bool_]) -> tuple[Array, npt.NDArray[np.bool_]]:
        """Forget the blocks that nothing waits for any more, but for those that are `kept` [blocks]; what is left is
        numbered anew. Their records, and [blocks] which ones are left."""
        machine, blocks = self._machine[0], self._blocks[: self._count]
        queued = np.ones(machine["entries"].size, np.bool_)
        queued[machine["free"][: machine["free_count"]]] = False
        waits = machine["entries"][queued]
        covered = np.zeros(blocks.size + 1, np.int64)
        np.add.at(covered, waits["block"], 1)
        np.subtract.at(covered, _behind(waits, blocks), 1)
        left = kept | (np.cumsum(covered)[:-1] > 0)
        left[machine["block"] :] = True
        number = np.concatenate([[0], np.cumsum(left)])
        machine["entries"]["block"][queued] = number[waits["block"]]
        machine["block"] = number[machine["block"]]
        forgotten, self._blocks = blocks[~left], blocks[left]
        self._count = self._blocks.size
        return forgotten, left

    @property
    def result(self) -> DramResult:
        """What everything came to that was done so far."""
        return self.result_with(np.zeros(0, BLOCK))

    def result_with(self, forgotten: Array) -> DramResult:
        """`result`, where `forgotten` records, with the fields of SUMS, stand for all blocks that were forgotten: sums
        of what was sent for several, the last cycle in which one was answered."""
        machine, organisation = self._machine[0], self.spec.organisation
        columns = told(self._blocks[: self._count])
        if forgotten.size:
            columns = np.concatenate([[forgotten[field] for field in TOLD], columns], axis=1)
        arrival, completion, *sent_for = columns
        cycles = max(int(machine["written"]), int(completion.max(initial=0)))
        ranks = machine["ranks"][: organisation.channels * organisation.ranks]
        still_open = ranks["open_banks"] > 0
        active = int(ranks["active_cycles"].sum() + (cycles - ranks["open_since"])[still_open].sum())
        sleeps, sleep_cycles = self._sleeps(cycles)
        return DramResult(
            spec=self.spec,
            cycles=cycles,
            channels=tuple(
                DramCounts(**dict(zip(COUNTS, map(int, row), strict=True)))
                for row in machine["counts"][: organisation.channels]
            ),
            active_rank_cycles=active,
            sleeps=_three(sleeps.sum(axis=0)),
            sleep_cycles=_three(sleep_cycles.sum(axis=0)),
            arrival_cycles=arrival,
            completion_cycles=completion,
            blocks=BlockCounts(*sent_for),
        )

    def _sleeps(self, cycles: int) -> tuple[Array, Array]:
        """[rank, SLEEPS] how often each rank slept before `cycles`, and how long."""
        machine, organisation = self._machine[0], self.spec.organisation
        count = organisation.channels * organisation.ranks
        sleeps, slept = machine["sleep_count"][:count].copy(), machine["sleep_cycles"][:count].copy()
        if not machine["sleeps"]:
            return sleeps, slept
        for rank, r in enumerate(machine["ranks"][:count]):
            slept[rank, r["last_sleep"]] -= max(0, int(r["woken"]) - cycles)
            kind, since = self._asleep(rank)
            sleeps[rank, kind] += since < cycles
            slept[rank, kind] += max(0, cycles - since)
        return sleeps, slept

    def _asleep(self, rank: int) -> tuple[int, int]:
        """How the rank sleeps now, and since when; FAR if it does not. As the kernel has it (rouse.py)."""
        machine = self._machine[0]
        r, channel = machine["ranks"][rank], machine["channels"][rank // self.spec.organisation.ranks]
        if r["state"] == SELF_REFRESH:
            return 2, int(r["since"])
        refreshed = channel["refreshes_owed"] > 0 and rank % self.spec.organisation.ranks == channel["refresh_rank"]
        if r["state"] == CLOSING or r["commands"] > 0 or refreshed:
            return 0, FAR
        asked, rested = int(r["asked"]), int(r["woken"] + machine["least_down"])
        since = max(asked + int(machine["power_down_after"]), int(r["quiet"]), rested)
        return int(r["open_banks"] == 0), since if since < asked + int(machine["self_refresh_after"]) else FAR

    @property
    def records(self) -> tuple[Array, Array, Array]:
        """Machine, log and the blocks of all requests so far, for a kernel that calls `advance` itself."""
        return self._machine, self._log, self._blocks[: self._count]

    @property
    def commands(self) -> Array:
        """The first `log_capacity` commands: [N] records of cycle, command, bank, row."""
        return self._log[: int(self._machine[0]["logged"])]

    def _advance(self, block: int, cycle: int, closing: bool) -> None:
        RUN_DRAM(self._machine, self._log, self._blocks[: self._count], block, cycle, closing)


def _behind(entries: Array, blocks: Array) -> Array:
    """[entries] the block behind the last one that each has bursts of: a series goes on in blocks of its kind."""
    found = np.zeros(entries.size, np.int64)
    for kind in range(2):
        mine = entries["kind"] == kind
        through = np.cumsum(np.where(blocks["is_write"] == kind, blocks["bursts"], 0))
        block, burst, count = (entries[name][mine] for name in ("block", "burst", "count"))
        last = through[block] - (blocks["first"] + blocks["bursts"])[block] + burst + count
        found[mine] = np.searchsorted(through, last) + 1
    return found


def _three(sums: Array) -> tuple[int, int, int]:
    first, second, third = map(int, sums)
    return first, second, third
