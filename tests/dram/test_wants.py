"""Does each bank of the kernel know when the constraints allow what it wants, and its channel who is next?"""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from lifsim.config.dram import load_dram
from lifsim.hardware.dram.state import NO_KEY
from lifsim.hardware.dram.stream import DramStream
from lifsim.hardware.dram.timing import Command
from lifsim.model.dram import MAX_CHANNELS
from tests.dram.streams import random_stream, runs_of_bursts


@pytest.mark.parametrize("name", ["ddr3_1866", "ddr4_2400", "lpddr4_2400", "hbm2", "two channels of 8 banks"])
@pytest.mark.parametrize("writes", [0.0, 0.4])
@pytest.mark.parametrize("few", [False, True])
def test_what_a_bank_wants_is_allowed_when_it_is_legal(name: str, writes: float, few: bool) -> None:
    """Where few banks have commands only these are gone through."""
    shipped = " " not in name
    spec = load_dram(name) if shipped else load_dram("lpddr3_1600_x32", ["organisation.channels=2"])
    requests = runs_of_bursts(spec, 3, 60, 12, writes) if few else random_stream(spec, 3, 600, writes, 4096, 4.0)
    stream = DramStream(spec)
    stream.submit(requests)
    waited = 0
    for cycle in range(10, 2500, 7):
        stream.run_until(cycle)
        m = stream.records[0][0]
        asks, wants = m["asks"][0], np.flatnonzero(m["asks"][0] >= 0)
        origin = m["channels"]["origin"][np.arange(asks.size) // spec.organisation.banks_per_channel % MAX_CHANNELS]
        allowed = (m["allowed"][0].astype(np.int64) >> m["turn_bits"]) + origin
        now = np.maximum(allowed[wants], stream.cycle)
        assert now.tolist() == [_legal(m, bank, asks[bank]) for bank in wants]
        assert (m["allowed"][0][asks < 0] == NO_KEY)[: wants.max(initial=0)].all()
        assert set(asks[wants].tolist()) <= {Command.ACTIVATE, Command.PRECHARGE, Command.READ, Command.WRITE}
        banks = spec.organisation.banks_per_channel
        for channel in range(spec.organisation.channels):
            own = wants[wants // banks == channel]
            c = m["channels"][channel]
            if own.size and not c["choices"] and c["due"] > stream.cycle:
                assert c["due"] == max(int(allowed[own].min()), stream.cycle + 1)
                waited += 1
    assert waited > 20


def _legal(m: Any, bank: int, command: int) -> int:
    """When its bank, its group and its rank allow it; what they do already they allow now."""
    b = m["banks"][bank]
    held = b, m["groups"][b["group"]], m["ranks"][b["rank"]]
    return max(int(m["cycle"]), *(int(by["legal"][command]) for by in held))
