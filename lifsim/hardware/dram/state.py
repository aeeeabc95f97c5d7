"""What the DRAM kernel works on: one record of fixed layout, so that one compilation serves every DRAM."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from lifsim.hardware.dram.timing import CONSTRAINTS, QUIET_AFTER, Command, Scope
from lifsim.model.dram import KEY_BITS, MAX_BANKS, MAX_CHANNELS, MAX_QUEUED, DramSpec

Array = npt.NDArray[Any]

FAR = 1 << 62
NO_KEY = 1 << KEY_BITS
"""Behind all keys (clock.py)."""
LINE = 64
"""Bytes of a line of a processor's cache."""
_MERGED_READS = 32768
PACE_BITS = 16
BANK_BITS = (MAX_BANKS - 1).bit_length()
_SEGMENTS = 64
ROW = MAX_BANKS + 16
"""Numbers of a table of banks: those of one bank do not stand whole pages apart, which processors take for the same."""
CROWDS = 1 << 12
"""Counts of entries by their row: so many that two of the few hundred rows that wait seldom share one."""
COMMANDS = len(Command)
BANK_COMMANDS = COMMANDS - 1
"""All but a refresh, which is of a rank."""
WANTS = 3
"""What a bank may have to choose from (wants.py)."""
BANK_QUEUES = 4
"""Its commands, and the reads and the writes that wait for it (queues.py). One is not used: nothing is divided by 3."""
SLEEPS = 3
"""How a rank sleeps: active power-down, precharge power-down, self-refresh (rouse.py numbers them)."""
AWAKE, CLOSING, SELF_REFRESH = np.arange(3)
"""States of a rank. CLOSING: its rows are being closed, so that it can enter self-refresh. Power-down is AWAKE here."""


def _record(*fields: str) -> np.dtype[Any]:
    return np.dtype([(field, np.int64) for field in fields])


def _padded(record: np.dtype[Any], size: int) -> np.dtype[Any]:
    """`record` in `size` bytes, a power of two: the place of one is found by a shift, and it lies in few lines."""
    names = list(record.names or ())
    return np.dtype({"names": names, "formats": [record[name] for name in names], "itemsize": size})


def _held_record(*fields: str) -> np.dtype[Any]:
    """Of a bank, a group or a rank: `legal` [command] is the first cycle in which the constraints within it allow it,
    of a rank those of other ranks, too. A bank's command is legal when all three do."""
    return np.dtype([*((field, np.int64) for field in fields), ("legal", np.int64, (BANK_COMMANDS,))])


BANK = _held_record(
    "rank", "group", "channel", "open_row", "row_hits", "queued_hits", "queued_writes", "want", "entry",
    "second", "third", "has_choice",
)  # fmt: skip
GROUP = _held_record()
RANK = _held_record(
    "refresh_at", "open_banks", "open_since", "active_cycles", "activates", "commands", "asked", "quiet", "state",
    "since", "woken", "last_sleep",
)  # fmt: skip
"""refresh_at: the first cycle in which the constraints allow a refresh; commands: in the queues of its banks; asked:
the cycle behind the last one that went out for a request; quiet: when all that was sent to it is done; state: AWAKE,
CLOSING or, since `since`, SELF_REFRESH (rouse.py); woken: when its last sleep ended, last_sleep: which of SLEEPS it
was."""
CHANNEL = _padded(_record(
    "turn", "commands", "draining", "refresh_due", "refresh_rank", "refreshes_owed", "due", "next", "command",
    "entry", "choices", "origin",
), 2 * LINE)  # fmt: skip
# 32 bits for each: the queues of a bank are one line.
QUEUE = _padded(np.dtype([(field, np.int32) for field in ("first", "last", "count")]), LINE // BANK_QUEUES)
ENTRY = _record("series", "burst", "count", "row", "kind", "block", "before", "next")
"""A series of bursts that follow one another, in the address and in time, in one row: number of the series in order of
age, first burst, how many, its row, read or write, the block that asks for the first burst."""

BLOCK = np.dtype(
    [
        *((field, np.int64) for field in ("first", "arrival", "pace", "first_completion", "completion")),
        *((field, np.int32) for field in ("bursts", "remaining", "is_write", "activates", "accesses", "row_hits")),
    ]
)
"""A series of bursts in one request: first burst, how many, read or write, the first cycle in which the front end may
take the first of them, and how much later it may take each next one, in cycles of which PACE_BITS are fractions; how
many are still to be answered, and the cycles in which the first and the last one were; the commands that were sent for
it. As long as a line of a processor's cache: random requests are blocks of one burst, and each is gone through. What
counts bursts has 32 bits, for requests.py allows no more than MAX_BURSTS in one."""

LOG = _record("cycle", "command", "bank", "row")
COUNTS = ("acts", "pres", "reads", "writes", "refs", "row_hits")

_CONSTANTS = (
    "channel_count", "rank_count", "banks_per_group", "banks_per_rank", "banks_per_channel",
    "turn_bits", "read_queue", "write_queue", "command_queue", "drain_above", "row_hit_limit",
    "requests_per_cycle", "dual_command", "read_cycles", "write_cycles", "faw_cycles", "refresh_cycles",
    "row_series_bits", "segment_count", "merged_reads", "sleeps", "power_down_after", "self_refresh_after",
    "least_down", "least_self_refresh", "down_exit", "self_refresh_exit",
)  # fmt: skip
_FRONT = (
    "cycle", "block", "offset", "decoded", "bank", "row", "series", "free_count", "merged",
    "reads_open", "writes_open", "written", "logged", "fed",
)  # fmt: skip


MACHINE = np.dtype(
    [
        *((field, np.int64) for field in (*_CONSTANTS, *_FRONT)),
        ("last_burst", np.int64, (2,)),
        ("last_series", np.int64, (2,)),
        ("gaps", np.int64, (len(Command), len(Scope), COMMANDS)),
        ("waits", np.int32, (len(Command), len(Scope), COMMANDS)),
        ("quiet_after", np.int64, (COMMANDS,)),
        ("segments", np.int64, (3, _SEGMENTS)),
        ("activated", np.int64, (MAX_BANKS, 4)),
        ("banks", BANK, (MAX_BANKS,)),
        ("groups", GROUP, (MAX_BANKS,)),
        ("allowed", np.int32, (WANTS, ROW)),
        ("asks", np.int32, (WANTS, ROW)),
        ("numbers", np.int32, (ROW,)),
        ("ranks", RANK, (MAX_BANKS,)),
        ("sleep_count", np.int64, (MAX_BANKS, SLEEPS)),
        ("sleep_cycles", np.int64, (MAX_BANKS, SLEEPS)),
        ("channels", CHANNEL, (MAX_CHANNELS,)),
        ("wake", np.int64, (MAX_CHANNELS,)),
        ("transactions", np.int64, (MAX_CHANNELS, 2)),
        ("members", np.int64, (3, MAX_BANKS)),
        ("member_count", np.int64, (MAX_CHANNELS, 3)),
        ("place", np.int64, (3, MAX_BANKS)),
        ("queues", QUEUE, (BANK_QUEUES * MAX_BANKS,)),
        ("free", np.int32, (MAX_QUEUED + _MERGED_READS,)),
        ("waiters", np.int64, (64,)),
        ("crowd", np.uint16, (CROWDS,)),
        ("counts", np.int64, (MAX_CHANNELS, len(COUNTS))),
        ("entries", ENTRY, (MAX_QUEUED + _MERGED_READS,)),
    ]
)
"""One DRAM. Banks are numbered ((channel x ranks + rank) x bank groups + group) x banks + bank.

series: how many there were; last_burst, last_series [kind]: the read, the write that came in last, and the number of
its series, which the next one of its kind continues if it follows it (front_end.py); gaps [earlier command, scope,
later command]: the constraints in cycles, 0 where there is none, of a group those of its rank, too; quiet_after
[command]: when a rank may sleep behind it; sleep_count, sleep_cycles [rank, SLEEPS]: sleeps that have ended, by state;
waits: the same as gaps, in keys (clock.py); activated [rank, 4] the last four activates;
banks: wants.py; asks [WANTS, bank] the commands that it wants, the one that it wants most first, -1 for none, allowed
[WANTS, bank] the first key of the cycle in which each is legal, NO_KEY for none; numbers: of the banks; channels: the
bank that is the `next` to send, the cycle in which it is `due`, what it sends (turns.py, keys.py), choices: banks with
more than one want, origin: the cycle from which on its keys count; wake: each channel's next cycle of interest;
transactions [channel, kind] how many reads, writes wait; members [set, place] sets of banks of
a channel, from the place of its first bank on, member_count [channel, set] of them, place [set, bank] -1 outside
(members.py); queues: BANK_QUEUES of each bank (queues.py); waiters: chains of reads that share another's command, by
hash of the burst; crowd: how many entries wait, by hash of their row (queues.py); segments [(shift, mask,
place), ..] the address mapping; counts [channel, COUNTS]; fed: the first cycle in which the front end takes
another burst, where it is ahead (front_end.py).
"""


def on_lines(memory: Array, element: np.dtype[Any], field: str) -> Array:
    """Bytes of `memory`, but for LINE of them, as records whose `field` begins with a line of the processor's cache: a
    record or a vector as long as a line lies in one, not in two."""
    offset = element.fields[field][1] if element.fields else 0
    start = -(memory.ctypes.data + offset) % LINE
    return memory[start : start + (memory.size - LINE) // element.itemsize * element.itemsize].view(element)


def new_machine(spec: DramSpec) -> Array:
    """An idle DRAM before cycle 0, all rows closed: array [1] of MACHINE."""
    machine = on_lines(np.zeros(MACHINE.itemsize + LINE, np.uint8), MACHINE, "allowed")
    m = machine[0]
    _set_constants(m, spec)
    organisation = spec.organisation
    banks, index = m["banks"], np.arange(MAX_BANKS)
    banks["channel"], banks["rank"] = index // organisation.banks_per_channel, index // organisation.banks_per_rank
    banks["group"], banks["open_row"], banks["second"] = index // organisation.banks_per_group, -1, -1
    m["allowed"], m["asks"], m["channels"]["due"] = NO_KEY, -1, FAR
    m["channels"]["refresh_due"] = m["refresh_cycles"]
    m["wake"] = min(m["refresh_cycles"], m["self_refresh_after"])
    m["activated"], m["place"], m["waiters"] = -FAR, -1, -1
    m["ranks"]["woken"] = -m["least_down"]
    m["free"] = np.arange(m["free"].size, dtype=np.int32)[::-1]  # the first are used first: the others' pages never are
    m["free_count"], m["decoded"], m["last_burst"], m["cycle"] = m["free"].size, -1, -2, -1
    return machine


def _set_constants(m: Any, spec: DramSpec) -> None:
    organisation, controller, timing = spec.organisation, spec.controller, spec.timing
    m["channel_count"], m["rank_count"] = organisation.channels, organisation.ranks
    m["banks_per_group"] = organisation.banks_per_group
    m["turn_bits"] = (organisation.banks_per_channel - 1).bit_length()
    m["banks_per_rank"], m["banks_per_channel"] = organisation.banks_per_rank, organisation.banks_per_channel
    m["read_queue"], m["write_queue"] = controller.read_queue, controller.write_queue
    m["command_queue"], m["drain_above"] = controller.command_queue, controller.drain_above
    m["row_hit_limit"], m["requests_per_cycle"] = controller.row_hit_limit, controller.requests_per_cycle
    m["dual_command"] = controller.dual_command
    m["read_cycles"] = timing.read_latency_cycles + organisation.burst_cycles
    m["write_cycles"] = timing.write_latency_cycles + organisation.burst_cycles
    m["faw_cycles"], m["refresh_cycles"] = timing.tFAW, timing.tREFI // organisation.ranks
    m["merged_reads"] = _MERGED_READS
    _set_sleep(m, spec)
    for rule in CONSTRAINTS:
        m["gaps"][rule.earlier, rule.scope, rule.later] = max(0, rule.cycles(spec))
    m["gaps"][:, Scope.SAME_GROUP] = np.maximum(m["gaps"][:, Scope.SAME_GROUP], m["gaps"][:, Scope.SAME_RANK])
    m["waits"], m["numbers"] = m["gaps"] << m["turn_bits"], np.arange(ROW)
    segments = _segment_table(spec)
    m["segments"][:, : len(segments)] = segments.T
    m["segment_count"] = len(segments)
    lowest = spec.segments[0] if spec.segments else None
    m["row_series_bits"] = lowest.width if lowest and lowest.field == "co" else 0


def _set_sleep(m: Any, spec: DramSpec) -> None:
    controller, timing = spec.controller, spec.timing
    m["sleeps"] = controller.sleeps
    m["power_down_after"] = _cycles(controller.power_down_after_cycles)
    m["self_refresh_after"] = _cycles(controller.self_refresh_after_cycles)
    m["least_down"], m["down_exit"] = timing.tCKE or 0, timing.tXP or 0
    m["least_self_refresh"], m["self_refresh_exit"] = timing.self_refresh_least_cycles, timing.tXS or 0
    for command, cycles in QUIET_AFTER.items():
        m["quiet_after"][command] = cycles(spec)


def _cycles(after: int | str) -> int:
    return FAR if isinstance(after, str) else after


def _segment_table(spec: DramSpec) -> Array:
    """[segment, (shift, mask, place)] of burst numbers: the bank is a sum of parts, and behind BANK_BITS the row."""
    organisation = spec.organisation
    weight = {"ba": 1, "bg": organisation.banks_per_group, "ra": organisation.banks_per_rank}
    weight |= {"ch": organisation.banks_per_channel, "ro": MAX_BANKS}
    rows = [
        (
            segment.low - spec.offset_bits,
            (1 << segment.width) - 1,
            weight[segment.field].bit_length() - 1 + segment.position,
        )
        for segment in spec.segments
        if segment.field != "co"
    ]
    return np.array(rows, np.int64).reshape(-1, 3)
