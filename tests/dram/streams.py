"""Small random streams of requests, and the commands that the compiled controller makes of them."""

from __future__ import annotations

import numpy as np

from lifsim.hardware.dram.requests import Requests
from lifsim.hardware.dram.result import DramResult
from lifsim.hardware.dram.stream import DramStream
from lifsim.model.dram import DramSpec
from tests.oracles.dram_checker import Sent


def random_stream(spec: DramSpec, seed: int, count: int, writes: float, spread: int, pace: float) -> Requests:
    """`count` bursts of six rows and `spread` bursts within, a share `writes` of them written, `pace` a cycle."""
    rng = np.random.default_rng(seed)
    row = 1 << sum(segment.width for segment in spec.segments if segment.field != "ro")
    bursts = rng.integers(0, 6, count) * row + rng.integers(0, spread, count) * rng.choice([1, 7, 64], count) % row
    addresses = bursts.astype(np.uint64) << np.uint64(spec.offset_bits)
    arrivals = np.sort(rng.integers(0, max(1, int(count / pace)), count))
    return Requests(addresses, np.ones(count, np.int64), rng.random(count) < writes, arrivals)


def runs_of_bursts(spec: DramSpec, seed: int, count: int, longest: int, writes: float) -> Requests:
    """`count` runs of up to `longest` bursts: most go on where the one before ended, the others begin in one of eight
    rows or a little before that end, so that they ask again for what is on its way; a share `writes` of them written,
    several in a row; now and then not before a later cycle."""
    rng = np.random.default_rng(seed)
    row = 1 << sum(segment.width for segment in spec.segments if segment.field == "co")
    first, at = np.zeros(count, np.int64), 0
    sizes = rng.integers(1, longest + 1, count)
    for index in range(count):
        begins = (at, at, at, rng.integers(0, 8) * row + rng.integers(0, 4), max(0, at - rng.integers(0, 20)))
        first[index] = begins[rng.integers(0, len(begins))]
        at = first[index] + sizes[index]
    is_write = np.repeat(rng.random(count) < writes, rng.integers(1, 4, count))[:count]
    arrivals = np.cumsum(rng.integers(0, 8 * longest, count) * (rng.random(count) < 0.2))
    burst_bytes = spec.organisation.burst_bytes
    return Requests(first.astype(np.uint64) * np.uint64(burst_bytes), sizes * burst_bytes, is_write, arrivals)


def run(spec: DramSpec, requests: Requests) -> tuple[DramResult, list[Sent]]:
    """The result and every command."""
    stream = DramStream(spec, log_capacity=50_000)
    stream.submit(requests)
    result = stream.finish()
    organisation = spec.organisation
    sent = []
    for command in stream.commands:
        number, bank = divmod(int(command["bank"]), organisation.banks_per_group)
        number, group = divmod(number, organisation.bank_groups)
        channel, rank = divmod(number, organisation.ranks)
        sent.append(
            Sent(int(command["cycle"]), int(command["command"]), channel, rank, group, bank, int(command["row"]))
        )
    return result, sorted(sent)
