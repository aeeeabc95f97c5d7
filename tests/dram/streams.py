"""Small random streams of requests, and the commands that the compiled controller makes of them."""

from __future__ import annotations

import numpy as np

from lifsim.config.dram import DramSpec
from lifsim.hardware.dram.requests import Requests
from lifsim.hardware.dram.result import DramResult
from lifsim.hardware.dram.stream import DramStream
from tests.oracles.dram_checker import Sent


def random_stream(spec: DramSpec, seed: int, count: int, writes: float, spread: int, pace: float) -> Requests:
    """`count` bursts of six rows and `spread` bursts within, a share `writes` of them written, `pace` a cycle."""
    rng = np.random.default_rng(seed)
    row = 1 << sum(segment.width for segment in spec.segments if segment.field != "ro")
    bursts = rng.integers(0, 6, count) * row + rng.integers(0, spread, count) * rng.choice([1, 7, 64], count) % row
    addresses = bursts.astype(np.uint64) << np.uint64(spec.offset_bits)
    arrivals = np.sort(rng.integers(0, max(1, int(count / pace)), count))
    return Requests(addresses, np.ones(count, np.int64), rng.random(count) < writes, arrivals)


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
