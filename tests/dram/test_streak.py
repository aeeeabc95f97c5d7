"""Is a long run of row hits gone through without a look at everything, cycle by cycle?"""

from __future__ import annotations

import json
import os
import subprocess
import sys

import numpy as np
import pytest

from lifsim.config.dram import load_dram
from lifsim.hardware.dram.requests import Requests
from lifsim.hardware.dram.simulate import simulate

BURSTS = 400
PLAYED = """
import json
import sys
import numpy as np
from lifsim.config.dram import load_dram
from lifsim.hardware.dram import kernel, streak
from lifsim.hardware.dram.requests import Requests
from lifsim.hardware.dram.state import FAR
from lifsim.hardware.dram.stream import DramStream

def counted(module, name):
    calls, function = [], getattr(module, name)
    setattr(module, name, lambda *given: (calls.append(name), function(*given))[1])
    return calls

looks, sent = counted(kernel, "go_on"), counted(streak, "send")
stream = DramStream(load_dram("ddr4_2400"))
addresses, *others = map(np.array, json.loads(sys.argv[1]))
stream.submit(Requests(addresses.astype(np.uint64), *others))
machine, log, blocks = (records.view(np.recarray) for records in stream.records)
kernel.advance(machine, log, blocks, -1, FAR, True)
print(json.dumps([len(looks), len(sent), stream.result.completion_cycles.tolist()]))
"""
"""The kernel as Python plays it, which counts the cycles in which it looks at everything, and the hits
that a streak sends one by one."""


@pytest.mark.slow
@pytest.mark.parametrize("waiting", [0, 7])
def test_a_run_of_row_hits_is_looked_at_where_it_begins_and_ends(waiting: int) -> None:
    """Each of the 400 reads is a command, and 32 wait for those 8 that a bank has: most come in a streak, and of these
    the most at once, whether writes wait for their turn or not."""
    first, sizes, is_write = [1 << 20, 0], [waiting * 64, BURSTS * 64], [True, False]
    given = [column[waiting == 0 :] for column in (first, sizes, is_write, [0, 0])]
    environment = os.environ | {"NUMBA_DISABLE_JIT": "1"}
    command = [sys.executable, "-c", PLAYED, json.dumps(given)]
    played = subprocess.run(command, env=environment, check=True, capture_output=True, text=True)
    looks, sent, answered = json.loads(played.stdout)
    addresses, *others = map(np.array, given)
    expected = simulate(load_dram("ddr4_2400"), Requests(addresses.astype(np.uint64), *others))
    assert answered == expected.completion_cycles.tolist()
    assert looks < BURSTS / 2
    assert sent < BURSTS / 2
