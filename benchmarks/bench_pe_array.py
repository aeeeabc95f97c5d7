"""How fast is the array model?

Cycles and accesses of the thirteen convolutions of VGG-16. bench_scalesim.py holds whole processes against SCALE-Sim's.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np
import pytest
from pytest_benchmark.fixture import BenchmarkFixture

from benchmarks.frame.figure import Figure
from benchmarks.frame.paired import in_process
from benchmarks.frame.session import Session
from lifsim.hardware.array import (
    DATAFLOWS,
    ArrayShape,
    Gemm,
    buffer_accesses,
    dense_cycles,
    output_blocks,
)
from lifsim.hardware.lif_unit import lif_bank, lif_cycles, lif_passes
from lifsim.model.arch import LifUnits
from tests.hardware.skipping import skip_blocks, skip_cycles

SHAPE = ArrayShape(16, 8)
CHANNELS = [3, 64, 64, 128, 128, 256, 256, 256, 512, 512, 512, 512, 512, 512]
PIXELS = [32**2] * 2 + [16**2] * 2 + [8**2] * 3 + [4**2] * 3 + [2**2] * 3
VGG16 = [Gemm(pixels, 9 * c, m) for pixels, c, m in zip(PIXELS, CHANNELS, CHANNELS[1:], strict=False)]


def _dense(dataflow: str) -> Callable[[], list[object]]:
    return lambda: [
        (
            dense_cycles(DATAFLOWS[dataflow], gemm, SHAPE, 1, tick_batched=True),
            buffer_accesses(DATAFLOWS[dataflow], gemm, SHAPE, 1, tick_batched=True),
        )
        for gemm in VGG16
    ]


def figures(session: Session) -> Iterator[Figure]:
    """Every dataflow of SCALE-Sim."""
    for dataflow in ("os", "ws", "is"):
        yield Figure(f"VGG-16, {dataflow}", "us", in_process(_dense(dataflow), None, session.rounds).ours.scaled(1e6))


@pytest.mark.parametrize("dataflow", ["os", "ws", "is"])
def test_dense_vgg16(benchmark: BenchmarkFixture, dataflow: str) -> None:
    assert len(benchmark(_dense(dataflow))) == 13


@pytest.mark.parametrize("timesteps", [4, 16])
def test_skip_and_overlapped_lif_of_vgg16(benchmark: BenchmarkFixture, timesteps: int) -> None:
    rng = np.random.default_rng(0)
    layers = [(gemm, rng.binomial(gemm.reduction, 0.1, (timesteps, 1, gemm.pixels))) for gemm in VGG16]
    bank = lif_bank(LifUnits(overlapped=True), SHAPE.pes, 4)

    def figures() -> int:
        total = 0
        for gemm, ones in layers:
            passes = lif_passes(gemm.pixels, gemm.filters, gemm.groups, SHAPE)
            total += skip_cycles(ones, gemm, SHAPE).total
            total += lif_cycles(
                bank.pass_cycles, passes, timesteps, skip_blocks(ones, gemm, SHAPE), tick_batched=True, overlapped=True
            )
        return total

    assert benchmark(figures) > 0


def test_overlapped_lif_of_a_large_map(benchmark: BenchmarkFixture) -> None:
    gemm, timesteps = Gemm(224 * 224, 9 * 64, 64), 5
    passes = lif_passes(gemm.pixels, gemm.filters, 1, SHAPE)
    blocks = output_blocks(DATAFLOWS["os"], gemm, SHAPE, timesteps, tick_batched=True)
    assert benchmark(lif_cycles, 4, passes, timesteps, blocks, True, True) == 4
