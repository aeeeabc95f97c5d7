"""Are rates, silent neurons and spike counts those of the spikes, also where the trace is larger than memory?"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from lifsim.trace.opening import open_trace
from lifsim.trace.statistics import layer_statistics, statistics
from lifsim.trace.synthesise import synthesise
from tests.trace.networks import small_network


def test_statistics_equal_those_of_the_whole_array() -> None:
    trace = synthesise(small_network(), 3, 1)
    layer = trace.layer("conv2")
    spikes = np.stack([layer.read(step, 0, 3) for step in range(3)])
    count = spikes.sum(axis=0)
    found = layer_statistics(layer)
    assert found.ones == tuple(spikes.reshape(3, -1).sum(axis=1))
    assert found.fired == tuple(int((count == times).sum()) for times in range(4))
    assert found.rates == pytest.approx(spikes.reshape(3, -1).mean(axis=1))
    assert found.rate == pytest.approx(spikes.mean())
    assert found.silent_share == pytest.approx((count == 0).mean())
    assert found.always_share == pytest.approx((count == 3).mean())
    assert found.spikes_per_active_neuron == pytest.approx(count[count > 0].mean())


def test_a_layer_that_never_fires_is_silent() -> None:
    layer = synthesise(small_network(rates={"conv2": (0.0,), "fc": (1.0,)}), 1, 0).layer("conv2")
    found = layer_statistics(layer)
    assert (found.silent_share, found.rate, found.spikes_per_active_neuron) == (1, 0, 0)


@pytest.mark.parametrize("name", ["lenet5_mnist", "vgg16_cifar10"])
def test_statistics_of_a_real_trace(spike_trace: Callable[[str], Path], name: str) -> None:
    path = spike_trace(name)
    with np.load(path) as arrays, open_trace(path) as trace:
        for found in statistics(trace):
            spikes = arrays[found.name]
            assert found.rate == pytest.approx(spikes.mean())
            assert found.silent_share == pytest.approx(1 - spikes.any(axis=0).mean())


_LARGER_THAN_MEMORY = """
import resource, sys
from pathlib import Path
import numpy as np
from lifsim.trace.opening import open_trace
from lifsim.trace.statistics import statistics
from lifsim.trace.writer import TraceWriter

pages = int(Path("/proc/self/statm").read_text().split()[0])
allowance_bytes = 48 << 20
resource.setrlimit(resource.RLIMIT_AS, (pages * resource.getpagesize() + allowance_bytes,) * 2)
path = Path(sys.argv[1])
spikes = np.zeros((1, 64, 128, 128), np.bool_)
spikes[0, 0, 0, 5] = True
with TraceWriter(path, "big", 64, 8) as writer:
    for step in range(64):
        for image in range(8):
            writer.write("conv1", step, spikes, image)
assert path.stat().st_size > allowance_bytes
with open_trace(path) as trace:
    print(sum(sum(layer.ones) for layer in statistics(trace)))
"""


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="limits memory with Linux's RLIMIT_AS")
def test_a_trace_larger_than_memory_is_written_and_read(tmp_path: Path) -> None:
    command = [sys.executable, "-c", _LARGER_THAN_MEMORY, str(tmp_path / "big.npz")]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    assert done.stderr == ""
    assert int(done.stdout) == 64 * 8
