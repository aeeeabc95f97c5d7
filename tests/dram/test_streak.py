"""Is a long run of row hits gone through without a look at everything, cycle by cycle?"""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest

from lifsim.config.dram import load_dram
from lifsim.hardware.dram.requests import sequential
from lifsim.hardware.dram.simulate import simulate

BURSTS = 400
PLAYED = f"""
import json
import numpy as np
from lifsim.config.dram import load_dram
from lifsim.hardware.dram import kernel
from lifsim.hardware.dram.requests import sequential
from lifsim.hardware.dram.state import FAR
from lifsim.hardware.dram.stream import DramStream

looks, look = [], kernel._tick
kernel._tick = lambda *given: (looks.append(given), look(*given))
stream = DramStream(load_dram("ddr4_2400"))
stream.submit(sequential({BURSTS} * 64))
machine, log, blocks = (records.view(np.recarray) for records in stream.records)
kernel.advance(machine, log, blocks, -1, FAR, True)
print(json.dumps([len(looks), stream.result.completion_cycles.tolist()]))
"""
"""The kernel as Python plays it, which counts the cycles in which it looks at everything."""


@pytest.mark.slow
def test_a_run_of_row_hits_is_looked_at_where_it_begins_and_ends() -> None:
    """Each of the 400 reads is a command, and 32 wait for those 8 that a bank has: most come in a streak."""
    environment = os.environ | {"NUMBA_DISABLE_JIT": "1"}
    played = subprocess.run([sys.executable, "-c", PLAYED], env=environment, check=True, capture_output=True, text=True)
    looks, answered = json.loads(played.stdout)
    assert answered == simulate(load_dram("ddr4_2400"), sequential(BURSTS * 64)).completion_cycles.tolist()
    assert looks < BURSTS / 2
