"""How fast are spike traces read, drawn and counted? Run: pytest benchmarks/bench_trace.py"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import numpy as np
import pytest
from pytest_benchmark.fixture import BenchmarkFixture

import lifsim
from benchmarks.frame.figure import Figure
from benchmarks.frame.paired import in_process
from benchmarks.frame.session import Session
from lifsim.trace.draws import bernoulli
from lifsim.trace.opening import open_trace
from lifsim.trace.receptive import ones_per_pixel
from lifsim.trace.source import Trace
from lifsim.trace.synthesise import synthesise
from lifsim.trace.writer import save

STREAM = "triad, threads: 1"
"""What no reader of all spikes goes beyond."""


def _ones(trace: Trace, network: lifsim.Network) -> int:
    """Ones of all receptive fields, all layers and timesteps: what a `skip` array is simulated on."""
    total = 0
    for layer in network.layers:
        spikes = trace.layer(layer.name)
        for step in range(spikes.timesteps):
            block = spikes.read(step, 0, trace.batch)
            total += int(ones_per_pixel(block, layer.kernel, layer.stride, layer.padding, layer.groups).sum())
    return total


def _opened(network: lifsim.Network, file: Path) -> int:
    with open_trace(file, network) as trace:
        return _ones(trace, network)


def _drawn(network: lifsim.Network) -> int:
    return _ones(synthesise(network, 1, 0), network)


def figures(session: Session) -> Iterator[Figure]:
    """Whole networks, one image."""
    for workload in ("vgg16_cifar10", "resnet19_imagenet100"):
        network, file = lifsim.load_workload(workload), session.folder / f"{workload}.npz"
        save(synthesise(network, 1, 0), file)
        calls: dict[str, Callable[[], object]] = {
            "opened and counted": partial(_opened, network, file),
            "drawn and counted": partial(_drawn, network),
        }
        spikes = sum(one.tensor.elements * one.tensor.timesteps for one in network.traced)
        limit = session.seconds(STREAM, spikes / 1e6)  # of ms, of a byte each
        for name, call in calls.items():
            ours = in_process(call, None, session.rounds).ours
            yield Figure(f"{workload}, {name}", "ms", ours.scaled(1e3), limit=limit)


@pytest.mark.parametrize("workload", ["vgg16_cifar10", "resnet19_imagenet100"])
def test_open_and_count_receptive_fields(benchmark: BenchmarkFixture, tmp_path: Path, workload: str) -> None:
    network = lifsim.load_workload(workload)
    save(synthesise(network, 1, 0), tmp_path / "t.npz")

    assert benchmark(lambda: _opened(network, tmp_path / "t.npz")) > 0


@pytest.mark.parametrize("workload", ["vgg16_cifar10", "resnet19_imagenet100"])
def test_draw_and_count_receptive_fields(benchmark: BenchmarkFixture, workload: str) -> None:
    network = lifsim.load_workload(workload)
    assert benchmark(_drawn, network) > 0


def test_draw_bits(benchmark: BenchmarkFixture) -> None:
    spikes = np.empty(10_000_000, np.uint8)
    benchmark(lambda: bernoulli(0.15, np.random.PCG64(0), spikes))
    assert 0.149 < spikes.mean() < 0.151
