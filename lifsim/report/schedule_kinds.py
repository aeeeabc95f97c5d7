"""DRAM bytes of networks under sharings and every kind of schedule: on a machine, and over sizes of its membrane
buffer."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from lifsim.errors import InputError
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
from lifsim.units import counted
from lifsim.watch import Tally, Watch

if TYPE_CHECKING:
    import pandas as pd

KINDS = ("tick", "timestep", "windows", "fused", "skewed", "auto")
"""windows: those of as many timesteps as move the fewest bytes."""
NAMED = KINDS[:-1]
"""Those that are no search's."""
MACHINE, MAP = "machine", "map"
"""Rows on the machine as it is, and over sizes of its membrane buffer."""


@dataclass(frozen=True)
class Case:
    """A batch of a network on a membrane buffer of this many bytes. panel: whether that is the machine's own."""

    panel: str
    network: Network
    batch: int
    buffer_bytes: int


@dataclass(frozen=True)
class KindRow:
    """What a case moves under a sharing and a kind of schedule. schedule: as it is asked for; dram: None if it is
    not legal, and `why` not."""

    case: Case
    sharing: Sharing
    kind: str
    schedule: str
    dram: DramBytes | None
    why: str = ""

    def flat(self) -> dict[str, Any]:
        """One row of a table."""
        case = self.case
        row: dict[str, Any] = {"panel": case.panel, "workload": case.network.name, "batch": case.batch}
        row |= {"membrane_buffer_bytes": case.buffer_bytes, "sharing": str(self.sharing), "kind": self.kind}
        row |= {"schedule": self.schedule}
        moved = dict.fromkeys(DramBytes().shown()) if self.dram is None else self.dram.shown()
        return row | {f"{tensor}_bytes": count for tensor, count in moved.items()} | {"why_not": self.why}


def cases_of(
    networks: Sequence[Network], batches: Sequence[int], arch: Arch, mapped: Network, sizes: Sequence[int]
) -> list[Case]:
    """Every network and batch on the machine as it is, and one image of the `mapped` one over `sizes`."""
    own = arch.buffers.membrane.size_bytes
    found = [Case(MACHINE, network, batch, own) for network in networks for batch in batches]
    return found + [Case(MAP, mapped, 1, size) for size in sizes]


def kind_rows(cases: Sequence[Case], sharings: Sequence[Sharing], arch: Arch, watch: Watch) -> tuple[KindRow, ...]:
    """A row for every case, sharing and kind; what two panels have in common is planned once."""
    tally, memo = Tally(watch, "schedules", len(cases) * len(sharings) * len(KINDS)), Memo()
    found, seen = [], dict[tuple[Case, Sharing, str], KindRow]()
    for case in cases:
        membrane = arch.buffers.membrane.model_copy(update={"size_bytes": case.buffer_bytes})
        chip = Chip.of(arch)
        chip = replace(chip, room=replace(chip.room, membrane=membrane.usable_bytes))
        for sharing in sharings:
            for kind in KINDS:
                alike = replace(case, panel=MACHINE), sharing, kind
                row = seen[alike] = seen.get(alike) or _planned(case, sharing, kind, chip, memo)
                found.append(replace(row, case=case))
                tally.add(1)
    return tuple(found)


def words_of(kind: str, timesteps: int) -> list[str]:
    """The schedules that are of a kind, as options spell them."""
    return [f"window:{steps}" for steps in range(2, timesteps)] if kind == "windows" else [kind]


def _planned(case: Case, sharing: Sharing, kind: str, chip: Chip, memo: Memo) -> KindRow:
    """The schedule of its kind that moves the fewest bytes."""
    best: KindRow | None = None
    why = f"of {counted(case.network.timesteps, 'timestep')} there is no window between one and all"
    for word in words_of(kind, case.network.timesteps):
        options = ScheduleOptions(word, case.batch)
        try:
            chosen = plan(case.network, states_of(case.network, sharing), chip, options, memo)
        except InputError as error:
            why = _why(kind, options, error)
            continue
        if kind in ("fused", "skewed") and not any(group.in_turn.waves == kind for group in chosen.groups):
            why = f"no layers run {kind}: it is as tick"
            continue
        row, moved = KindRow(case, sharing, kind, word, chosen.dram), chosen.dram
        if best is None or best.dram is None or moved.total < best.dram.total:
            best = row
    return best or KindRow(case, sharing, kind, kind, None, why)


def _why(kind: str, options: ScheduleOptions, error: InputError) -> str:
    """The first fault; of windows, of which nobody asked for these, without how long they are."""
    message = error.faults[0].message
    if kind != "windows":
        return message
    return f"windows: {message.removeprefix(f'{options.schedule} ').replace(str(options.window), 'in windows')}"


def table(rows: Sequence[KindRow]) -> pd.DataFrame:
    """A row each; beside its bytes those over what the first sharing moves tick-batched, and, of a map, whether nothing
    under any sharing and named kind moves fewer in this buffer."""
    import pandas as pd

    frame = pd.DataFrame([row.flat() for row in rows])
    first = {_place(row): row.dram.total for row in reversed(rows) if row.kind == "tick" and row.dram is not None}
    least = _least(rows)
    over = [row.dram.total / first.get(_place(row), math.nan) if row.dram is not None else math.nan for row in rows]
    wins = [row.dram is not None and row.kind in NAMED and row.dram.total == least[_place(row)] for row in rows]
    return frame.assign(normalised=over, wins=wins)


Place = tuple[str, str, int, int]


def _place(row: KindRow) -> Place:
    case = row.case
    return case.panel, case.network.name, case.batch, case.buffer_bytes


def _least(rows: Sequence[KindRow]) -> Mapping[Place, int]:
    least: dict[Place, int] = {}
    for row in _legal(rows):
        assert row.dram is not None  # noqa: S101  # it is legal
        place = _place(row)
        least[place] = min(row.dram.total, least.get(place, row.dram.total))
    return least


def _legal(rows: Sequence[KindRow]) -> Iterator[KindRow]:
    return (row for row in rows if row.dram is not None and row.kind in NAMED)
