"""What the DRAM kernel works on: one record of fixed layout, so that one compilation serves every DRAM."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from lifsim.config.dram import MAX_BANKS, MAX_CHANNELS, MAX_QUEUED, DramSpec
from lifsim.hardware.dram.timing import CONSTRAINTS, Command

Array = npt.NDArray[Any]

FAR = 1 << 62
_MERGED_READS = 4096
_HASHES = 16384


def _record(*fields: str) -> np.dtype[Any]:
    return np.dtype([(field, np.int64) for field in fields])


BANK = _record("rank", "group", "channel", "open_row", "row_hits", "queued_hits", "queued_writes", "ready", "place")
RANK = _record("open_banks", "open_since", "active_cycles", "activates")
CHANNEL = _record(
    "wake", "turn", "active", "commands", "draining", "movable_reads", "movable_writes",
    "refresh_due", "refresh_rank", "refreshes_owed",
)  # fmt: skip
QUEUE = _record("first", "last", "count")
ENTRY = _record("burst", "row", "bank", "block", "kind", "next", "merged")

RULE = _record("scope", "later", "cycles")

BLOCK = _record("first", "bursts", "is_write", "arrival", "remaining", "completion")
"""A run of bursts in one request: first burst, how many, read or write, the first cycle in which the front end may take
them; how many are still to be answered, and the cycle in which the last one was."""

LOG = _record("cycle", "command", "bank", "row")
COUNTS = ("acts", "pres", "reads", "writes", "refs", "row_hits")

_CONSTANTS = (
    "channel_count", "rank_count", "banks_per_rank", "banks_per_channel", "bank_count", "read_queue", "write_queue",
    "command_queue", "drain_above", "row_hit_limit", "requests_per_cycle", "dual_command", "read_cycles",
    "write_cycles", "faw_cycles", "refresh_cycles", "row_run_bits", "segment_count",
)  # fmt: skip
_FRONT = (
    "cycle",
    "block",
    "offset",
    "decoded",
    "bank",
    "row",
    "free_count",
    "reads_open",
    "writes_open",
    "written",
    "logged",
)


MACHINE = np.dtype(
    [
        *((field, np.int64) for field in (*_CONSTANTS, *_FRONT)),
        ("rules", RULE, (len(CONSTRAINTS),)),
        ("rules_of", np.int64, (len(Command) + 1,)),
        ("segments", np.int64, (64, 4)),
        ("legal_in_bank", np.int64, (MAX_BANKS, 8)),
        ("legal_in_group", np.int64, (MAX_BANKS, 8)),
        ("legal_in_rank", np.int64, (MAX_BANKS, 8)),
        ("activated", np.int64, (MAX_BANKS, 4)),
        ("banks", BANK, (MAX_BANKS,)),
        ("ranks", RANK, (MAX_BANKS,)),
        ("channels", CHANNEL, (MAX_CHANNELS,)),
        ("queues", QUEUE, (MAX_BANKS + 2 * MAX_CHANNELS,)),
        ("waiting", np.int64, (MAX_BANKS, 2)),
        ("active", np.int64, (MAX_BANKS,)),
        ("pending", np.int16, (2, _HASHES)),
        ("entries", ENTRY, (MAX_QUEUED + _MERGED_READS,)),
        ("free", np.int32, (MAX_QUEUED + _MERGED_READS,)),
        ("counts", np.int64, (MAX_CHANNELS, len(COUNTS))),
    ]
)
"""One DRAM. Banks are numbered ((channel x ranks + rank) x bank groups + group) x banks + bank.

rules: the constraints, those of command c from rules_of[c] to rules_of[c + 1]; legal_in_* [.., command] the first cycle
in which the constraints of that level allow it; activated [rank, 4] the last four activates; queues of each bank, then
read and write queue of each channel; waiting [bank, 2] reads and writes in those for each bank; active: the banks of
each channel with a queue; pending [read or write, hash] how many queued bursts have that hash; segments [.., (shift,
mask, bank weight, row weight)] the address mapping; counts [channel, COUNTS].
"""


def new_machine(spec: DramSpec) -> Array:
    """An idle DRAM before cycle 0, all rows closed: array [1] of MACHINE."""
    machine = np.zeros(1, MACHINE)
    m = machine[0]
    _set_constants(m, spec)
    organisation = spec.organisation
    banks, index = m["banks"], np.arange(MAX_BANKS)
    banks["channel"], banks["rank"] = index // organisation.banks_per_channel, index // organisation.banks_per_rank
    banks["group"], banks["open_row"], banks["ready"] = index // organisation.banks_per_group, -1, FAR
    m["channels"]["wake"] = m["channels"]["refresh_due"] = m["refresh_cycles"]
    m["queues"]["first"] = -1
    m["activated"] = -FAR
    m["free"] = np.arange(m["free"].size)
    m["free_count"], m["decoded"], m["cycle"] = m["free"].size, -1, -1
    return machine


def _set_constants(m: Any, spec: DramSpec) -> None:
    organisation, controller, timing = spec.organisation, spec.controller, spec.timing
    m["channel_count"], m["rank_count"] = organisation.channels, organisation.ranks
    m["banks_per_rank"], m["banks_per_channel"] = organisation.banks_per_rank, organisation.banks_per_channel
    m["bank_count"] = organisation.channels * organisation.banks_per_channel
    m["read_queue"], m["write_queue"] = controller.read_queue, controller.write_queue
    m["command_queue"], m["drain_above"] = controller.command_queue, controller.drain_above
    m["row_hit_limit"], m["requests_per_cycle"] = controller.row_hit_limit, controller.requests_per_cycle
    m["dual_command"] = controller.dual_command
    m["read_cycles"] = timing.read_latency_cycles + organisation.burst_cycles
    m["write_cycles"] = timing.write_latency_cycles + organisation.burst_cycles
    m["faw_cycles"], m["refresh_cycles"] = timing.tFAW, timing.tREFI // organisation.ranks
    rules = sorted(CONSTRAINTS, key=lambda rule: rule.earlier)
    for place, rule in enumerate(rules):
        m["rules"][place] = rule.scope, rule.later, max(0, rule.cycles(spec))
    m["rules_of"] = np.searchsorted([rule.earlier for rule in rules], range(len(Command) + 1))
    segments = _segment_table(spec)
    m["segments"][: len(segments)] = segments
    m["segment_count"] = len(segments)
    lowest = spec.segments[0] if spec.segments else None
    m["row_run_bits"] = lowest.width if lowest and lowest.field == "co" else 0


def _segment_table(spec: DramSpec) -> Array:
    """[segment, (shift, mask, bank weight, row weight)] of burst numbers: bank and row are weighted sums of parts."""
    organisation = spec.organisation
    weight = {"ba": 1, "bg": organisation.banks_per_group, "ra": organisation.banks_per_rank}
    weight["ch"] = organisation.banks_per_channel
    rows = [
        (
            segment.low - spec.offset_bits,
            (1 << segment.width) - 1,
            weight.get(segment.field, 0) << segment.position,
            1 << segment.position if segment.field == "ro" else 0,
        )
        for segment in spec.segments
        if segment.field != "co"
    ]
    return np.array(rows, np.int64).reshape(-1, 4)
