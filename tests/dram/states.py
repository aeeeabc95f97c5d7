"""What a DRAM is at a moment, so that two of them can be compared."""

from __future__ import annotations

from lifsim.hardware.dram.stream import DramStream


def state_of(stream: DramStream) -> dict[str, object]:
    """All that the DRAM is, but for which of the free entries serves whom: what waits in each queue stands for it; and
    but for who was of a set of banks before: those who are stand for it."""
    machine = stream.records[0][0]
    entries = machine["entries"]
    named = [name for name in entries.dtype.names if name not in ("before", "next")]
    waits: list[list[object]] = []
    for queue in machine["queues"]:
        left, entry = int(queue["count"]), queue["first"]
        waits.append([])
        while left > 0:
            waits[-1].append(entries[entry][named].tolist())
            left, entry = left - int(entries[entry]["count"]), entries[entry]["next"]
    channels = machine["channels"].copy()
    channels["entry"] = -1
    members = [
        machine["members"][which, first : first + machine["member_count"][channel, which]].tolist()
        for channel, first in enumerate(range(0, machine["members"].shape[1], int(machine["banks_per_channel"])))
        if channel < machine["channel_count"]
        for which in range(machine["members"].shape[0])
    ]
    left_out = ("free", "entries", "queues", "channels", "members")
    rest = {name: machine[name].tobytes() for name in machine.dtype.names if name not in left_out}
    free = len(set(machine["free"][: machine["free_count"]].tolist()))
    return rest | {"waits": waits, "channels": channels.tolist(), "free": free, "members": members}
