"""DRAM traffic of networks under sharings, schedules and batch sizes, as rows: bytes by tensor."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import product
from typing import Any

from lifsim.errors import Fault, InputError, collecting
from lifsim.graph.states import states_of
from lifsim.lazy_dataclass import dataclass
from lifsim.memo import Memo
from lifsim.model.arch import Arch
from lifsim.model.network import Network
from lifsim.model.sharing import Sharing
from lifsim.schedule.chip import Chip
from lifsim.schedule.partition import plan
from lifsim.schedule.plan import ScheduleOptions
from lifsim.schedule.traffic import DramBytes
from lifsim.schedule.window import TICK, TIMESTEP, Window
from lifsim.watch import Tally, Watch, unwatched

TENSORS = ("weights", "spikes_in", "spikes_out", "residual", "membrane_read", "membrane_write", "psum")


@dataclass(frozen=True)
class DramRow:
    """What `batch` images of one network move, all timesteps. groups: of the schedule, in words: layers first..last, of
    a layer alone how it runs."""

    workload: str
    sharing: str
    schedule: str
    batch: int
    dram: DramBytes
    groups: tuple[str, ...]

    def flat(self) -> dict[str, Any]:
        """One row of a table."""
        row: dict[str, Any] = {"workload": self.workload, "sharing": self.sharing}
        row |= {"schedule": self.schedule, "batch": self.batch}
        row |= {f"{tensor}_bytes": getattr(self.dram, tensor) for tensor in TENSORS}
        return row | {"total_bytes": self.dram.total, "groups": " ".join(self.groups)}


def dram_rows(
    networks: Sequence[Network],
    sharings: Sequence[Sharing],
    schedules: Sequence[str],
    batches: Sequence[int],
    arch: Arch,
    watch: Watch = unwatched,
) -> tuple[DramRow, ...]:
    """A row for every combination. Raises InputError with what is wrong with any of them."""
    faults: list[Fault] = []
    rows, chip, memo = [], Chip.of(arch), Memo()
    tally = Tally(watch, "schedules", len(networks) * len(batches) * len(schedules) * len(sharings))
    for network, batch, schedule, sharing in product(networks, batches, schedules, sharings):
        found: list[Fault] = []
        with collecting(found):
            chosen = plan(network, states_of(network, sharing), chip, ScheduleOptions(schedule, batch), memo)
            groups = tuple(group_name(network, group.first, group.last, group.window) for group in chosen.groups)
            rows.append(DramRow(network.name, str(sharing), schedule, batch, chosen.dram, groups))
        faults += [Fault(fault.message, fault.path, source=network.name) for fault in found]
        tally.add(1)
    if faults:
        raise InputError(dict.fromkeys(faults))
    return tuple(rows)


def group_name(network: Network, first: int, last: int, window: Window = TIMESTEP) -> str:
    """The name of the group of layers first..last (indices); a tick-batched layer is named alone."""
    names = [layer.name for layer in network.layers]
    if first < last:
        return f"{names[first]}..{names[last]}"
    return names[first] if window == TICK else f"{names[first]}:{window.word}"
