"""Does a network run on a trace of more images than there is memory for?"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

WORKLOAD = """
name: wide
timesteps: 2
input: {shape: [8192], encoding: rate}
layers:
  - {name: fc1, op: linear, out: 16}
  - {name: lif1, op: lif}
  - {name: fc2, op: linear, out: 10}
"""

RUN = """
import json, resource, sys
from pathlib import Path
import numpy as np
import lifsim
from lifsim.trace.writer import TraceWriter

folder, images = Path(sys.argv[1]), int(sys.argv[2])
lifsim.run(workload="lenet5_mnist", overrides=["dram.model=ideal"])  # what a first run imports is no part of the trace
pages = int(Path("/proc/self/statm").read_text().split()[0])
resource.setrlimit(resource.RLIMIT_AS, (pages * resource.getpagesize() + (96 << 20),) * 2)
path, together = folder / "wide.npz", 500
fired = np.arange(16) < 3
with TraceWriter(path, "wide", 2, images) as writer:
    for step in range(2):
        for first in range(0, images, together):
            spikes = np.zeros((together, 8192), np.bool_)
            spikes[np.arange(together), (first + np.arange(together)) % 8192] = True
            writer.write("fc1", step, spikes, first)
            writer.write("fc2", step, np.tile(fired, (together, 1)), first)
result = lifsim.run(workload=folder / "wide.yaml", trace=path, overrides=["dram.model=ideal"])
macs = {one.counts.name: one.counts.ops.macs_effective for one in result.records}
print(json.dumps({"bytes": path.stat().st_size, "macs": macs}))
"""


@pytest.mark.slow
@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="limits memory with Linux's RLIMIT_AS")
def test_a_trace_of_a_hundred_thousand_images_larger_than_memory_runs(tmp_path: Path) -> None:
    images = 100_000
    (tmp_path / "wide.yaml").write_text(WORKLOAD)
    command = [sys.executable, "-c", RUN, str(tmp_path), str(images)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=600, check=False)
    assert done.returncode == 0, done.stderr
    said = json.loads(done.stdout)
    assert said["bytes"] > 2 * (96 << 20)
    assert said["macs"] == {"fc1": 2 * images * 16, "fc2": 2 * images * 3 * 10}
