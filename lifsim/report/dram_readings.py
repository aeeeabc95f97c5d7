"""DRAM accesses of networks under sharings in every reading of EfficientLIF-Net's figure 9, as rows of one table.

A: the membranes alone, if a shared state stays on chip between its layers. B: all bytes, likewise. S: all bytes on this
machine, timestep by timestep, and the same over sizes of the membrane buffer. D: each under its own best schedule.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from lifsim.graph.states import states_of
from lifsim.lazy_dataclass import dataclass
from lifsim.model.arch import Arch
from lifsim.model.network import Network
from lifsim.model.sharing import Sharing
from lifsim.report.dram_table import DramRow, dram_rows, group_name
from lifsim.schedule.chip import Chip
from lifsim.schedule.sizing import facts_of
from lifsim.schedule.timestep.plan import plan_group
from lifsim.schedule.timestep.resident import resident
from lifsim.schedule.traffic import DramBytes
from lifsim.watch import Tally, Watch, unwatched

if TYPE_CHECKING:
    import pandas as pd

CURVE_BYTES = tuple(1 << bits for bits in range(10, 28))
"""Sizes of the membrane buffer of the curve: 1 KiB to 128 MiB."""
CURVE = "S curve"
SCHEDULES = {"S": "timestep", "D": "auto"}


@dataclass(frozen=True)
class Reading:
    """DRAM bytes of a network's batch in one reading. membrane_buffer_bytes: the machine's, or what the residency of A
    and B needs."""

    reading: str
    membrane_buffer_bytes: int
    row: DramRow

    def flat(self) -> dict[str, Any]:
        """One row of a table."""
        return {"reading": self.reading, "membrane_buffer_bytes": self.membrane_buffer_bytes, **self.row.flat()}


def readings(
    networks: Sequence[Network],
    sharings: Sequence[Sharing],
    batches: Sequence[int],
    arch: Arch,
    curve: Sequence[int] = CURVE_BYTES,
    watches: tuple[Watch, Watch] = (unwatched, unwatched),
) -> tuple[Reading, ...]:
    """Every reading of every network, sharing and batch; the `watches` see the machine's own schedules, and those of
    the curve. Raises InputError with what is wrong with any of them."""
    has = arch.buffers.membrane.size_bytes
    planned = dram_rows(networks, sharings, list(SCHEDULES.values()), batches, arch, watches[0])
    reading_of = {schedule: name for name, schedule in SCHEDULES.items()}
    found = [Reading(reading_of[row.schedule], has, row) for row in planned]
    found += _resident(networks, sharings, batches, Chip.of(arch))
    found += _curve(networks, sharings, batches, arch, curve, watches[1])
    return tuple(found)


def _resident(
    networks: Sequence[Network], sharings: Sequence[Sharing], batches: Sequence[int], chip: Chip
) -> Iterator[Reading]:
    for network in networks:
        whole = (group_name(network, 0, len(network.layers) - 1),)
        for sharing in sharings:
            facts = facts_of(network, states_of(network, sharing), chip.precision, chip.psums)
            for batch in batches:
                kept = resident(facts, chip.room, batch)
                moved = kept.dram
                alone = DramBytes(membrane_read=moved.membrane_read, membrane_write=moved.membrane_write)
                for name, dram in (("A", alone), ("B", moved)):
                    row = DramRow(network.name, str(sharing), "timestep", batch, dram, whole)
                    yield Reading(name, kept.membrane_buffer, row)


def _curve(
    networks: Sequence[Network],
    sharings: Sequence[Sharing],
    batches: Sequence[int],
    arch: Arch,
    sizes: Sequence[int],
    watch: Watch,
) -> Iterator[Reading]:
    tally = Tally(watch, "schedules over buffers", len(networks) * len(sharings) * len(batches) * len(sizes))
    chip = Chip.of(arch)
    for network in networks:
        last = len(network.layers) - 1
        whole = (group_name(network, 0, last),)
        for sharing in sharings:
            # The same facts at every size: what does not depend on it is found once.
            facts = facts_of(network, states_of(network, sharing), chip.precision, chip.psums)
            for batch in batches:
                for size in sizes:
                    buffer = arch.buffers.membrane.model_copy(update={"size_bytes": size})
                    room = replace(chip.room, membrane=buffer.usable_bytes)
                    moved = plan_group(facts, 0, last, room, batch, None).dram
                    row = DramRow(network.name, str(sharing), "timestep", batch, moved, whole)
                    yield Reading(CURVE, size, row)
                    tally.add(1)


def table(found: Sequence[Reading]) -> pd.DataFrame:
    """A row each, with its total over that of `none` in the same reading, and whether, along the curve, the sign of
    the change is another one than at the last buffer where there was a change."""
    import pandas as pd

    unshared = {_place(one): one.row.dram.total for one in found if one.row.sharing == "none"}
    ratio = [_ratio(one.row.dram.total, unshared[_place(one)]) for one in found]
    changes = []
    before: dict[tuple[str, str, int], int] = {}
    for one, value in zip(found, ratio, strict=True):
        sign = _sign(value) if one.reading == CURVE else 0
        changes.append(sign * before.get(_line(one), 0) < 0)
        before |= {_line(one): sign} if sign else {}
    frame = pd.DataFrame([one.flat() for one in found])
    return frame.assign(normalised=ratio, sign_changes=changes)


def _place(one: Reading) -> tuple[str, str, int, int]:
    size = one.membrane_buffer_bytes if one.reading == CURVE else 0
    return one.reading, one.row.workload, one.row.batch, size


def _line(one: Reading) -> tuple[str, str, int]:
    return one.row.workload, one.row.sharing, one.row.batch


def _ratio(moved: int, unshared: int) -> float:
    """The ratio; 1 if neither moves anything."""
    return 1.0 if moved == unshared else moved / unshared if unshared else float("inf")


def _sign(ratio: float) -> int:
    return (ratio > 1) - (ratio < 1)
