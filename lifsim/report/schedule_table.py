"""The effect of sharing on DRAM traffic under different schedules: compared with `none` under the same schedule, and
under its own.

Layers that share membranes run timestep-major and fetch their weights repeatedly; unshared ones need not. So the sign
of the saving depends on what sharing is compared with.
"""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

from lifsim.errors import InputError
from lifsim.graph.states import State, states_of
from lifsim.memo import Memo
from lifsim.model.sharing import Sharing
from lifsim.schedule.partition import plan
from lifsim.schedule.plan import Begin, Plan, ScheduleOptions
from lifsim.simulate.result import Result
from lifsim.sweeps.beside import Comparison
from lifsim.units import change_text, format_bytes

if TYPE_CHECKING:
    from rich.table import Table


def schedule_table(result: Result, comparison: Comparison | None) -> Table | None:
    """DRAM bytes of a shared run's network under `tick`, `timestep` and its own schedule: shared, without sharing in
    the same groups of layers, and without sharing in its own; None if every layer is tick-batched, so that there is
    nothing to compare. A schedule that one of the three cannot run under, for want of a buffer, is told as such."""
    if comparison is None or result.plan is None or result.stages:
        return None
    if all(group.tick_batched for group in result.plan.groups):
        return None
    from rich.table import Table

    table = Table(title="DRAM, schedule by schedule", title_justify="left", title_style="bold", header_style="bold")
    table.add_column("schedule")
    for heading in (str(result.sharing), "none, alike", "change", "none, as it is", "change"):
        table.add_column(heading, justify="right")
    moved = {schedule: _bytes(result, schedule, comparison.parts) for schedule in ("tick", "timestep")}
    if result.options.schedule not in moved:
        runs = (result, comparison.alike.result, comparison.machine.result)
        moved[result.options.schedule] = tuple(run.totals.dram_bytes.total for run in runs)
    for schedule, each in moved.items():
        if not each:
            table.add_row(schedule, "cannot run", *["-"] * 4)
            continue
        shared, *unshared = each
        cells = (f"{format_bytes(other)}|{change_text(shared / other - 1)}".split("|") for other in unshared)
        table.add_row(schedule, format_bytes(shared), *(cell for pair in cells for cell in pair))
    return table


def _bytes(result: Result, schedule: str, memo: Memo) -> tuple[int, ...]:
    """(shared, unshared in the same groups, unshared) under `schedule`, nothing where one of them is refused; what
    `memo` has was planned for the runs."""
    if result.plan is None:
        raise ValueError(f"{result.name} must have a schedule")
    network, chip, batch = result.network, result.plan.chip, result.options.batch or 1
    alone = states_of(network, Sharing())

    def planned(states: tuple[State, ...], groups: tuple[Begin, ...] | None = None) -> Plan:
        asked = ScheduleOptions(schedule, batch, result.options.chunk, groups)
        return memo.of(plan, network, states, chip, asked, memo)

    with suppress(InputError):
        shared = planned(states_of(network, result.sharing))
        return tuple(one.dram.total for one in (shared, planned(alone, shared.begins), planned(alone)))
    return ()
