"""Does parallel time batching take the cycles of a walk over its window rows, and those that Prosperity published?"""

from __future__ import annotations

import csv
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import lifsim
from lifsim.hardware.array import DATAFLOWS, SPARSITIES, ArrayCycles, ArrayShape, Gemm, Kept, Laid
from lifsim.hardware.array.sparsity.ptb import packed
from lifsim.hardware.input_reads import InputMap
from tests.oracles import ptb as oracle

PTB = SPARSITIES["ptb"]


class Recorded:
    """Spikes [images, T, C, H, W]."""

    def __init__(self, spikes: np.ndarray) -> None:
        self.spikes, self.images = spikes, len(spikes)

    def read(self, step: int, first: int, last: int) -> np.ndarray:
        return self.spikes[first:last, step].astype(np.uint8)

    def read_parts(self, step: int, first: int, last: int) -> Iterator[np.ndarray]:
        yield self.read(step, first, last)


def laid(spikes: np.ndarray, filters: int, window: tuple[int, int, int], array: tuple[int, int], tick: bool = True):
    """(what is kept, the product on the array) of a convolution of (kernel, stride, padding)."""
    kernel, stride, padding = window
    C, H, W = spikes.shape[2:]
    out = [(n + 2 * padding - kernel) // stride + 1 for n in (H, W)]
    read = InputMap(C, 1, H, W, *out, (kernel, kernel), (stride, stride), (padding, padding), 1)
    gemm = Gemm(out[0] * out[1], C * kernel * kernel, filters)
    kept = PTB.keep(read, Recorded(spikes), len(spikes), spikes.shape[1])
    return kept, Laid(gemm, ArrayShape(*array), DATAFLOWS["os"], tick)


@st.composite
def cases(draw: st.DrawFn):
    shape = [draw(st.integers(1, n)) for n in (2, 10, 3, 5, 5)]
    kernel = draw(st.integers(1, min(3, *shape[3:])))
    rng = np.random.default_rng(draw(st.integers(0, 1000)))
    spikes = rng.random(shape) < draw(st.sampled_from([0.0, 0.05, 0.3, 1.0]))
    window = kernel, draw(st.integers(1, 2)), draw(st.integers(0, kernel // 2))
    return spikes, draw(st.integers(1, 9)), window, (draw(st.integers(1, 4)), draw(st.integers(1, 4)))


@settings(max_examples=60, deadline=None)
@given(cases())
def test_cycles_equal_a_walk_over_the_window_rows(case) -> None:
    spikes, filters, window, array = case
    kept, product = laid(*case)
    expected = [oracle.cycles(image, *window, filters, array) for image in spikes]
    assert sum(PTB.cycles(kept, product), ArrayCycles(0, 0, 0)).total == sum(expected)
    assert [blocks.sum() for blocks, _ in PTB.blocks(kept, product)] == expected


@settings(max_examples=30, deadline=None)
@given(cases())
def test_timestep_major_every_timestep_is_a_window(case) -> None:
    spikes, filters, window, array = case
    kept, product = laid(*case, tick=False)
    expected = [
        sum(oracle.cycles(image[[t]], *window, filters, array) for image in spikes) for t in range(len(spikes[0]))
    ]
    assert [one.total for one in PTB.cycles(kept, product)] == expected


def test_rows_that_share_no_input_pack_into_one() -> None:
    rows = np.packbits(np.array([[1, 0, 0], [1, 1, 0], [0, 0, 1], [0, 1, 0]], bool), axis=1)
    # The first takes the third, the second nobody: the fourth shares its input.
    assert np.unpackbits(packed(rows), axis=1, count=3).tolist() == [[1, 0, 1], [1, 1, 0], [0, 1, 0]]


def test_it_needs_its_own_maps_and_rows_that_hold_pixels() -> None:
    kept, product = laid(np.ones((1, 4, 1, 2, 2), bool), 1, (1, 1, 0), (2, 2))
    with pytest.raises(TypeError, match="must be given the maps"):
        PTB.cycles(Kept(kept.ones), product)
    assert "not ws" in PTB.refusal(DATAFLOWS["ws"])


def test_cycles_are_prosperitys_on_real_spikes(reference: Path) -> None:
    """Its PTB: 16 filters by 8 rows, T = 32."""
    with (reference / "peers" / "prosperity_lenet5.csv").open(encoding="utf-8") as file:
        published = {
            row["layer"]: int(row["compute_cycles"]) for row in csv.DictReader(file) if row["accelerator"] == "PTB"
        }
    with np.load(reference / "spike_traces" / "lenet5_mnist.npz") as trace:
        for layer, filters, kernel in (("conv2d_1", 16, 5), ("fc_0", 120, 1), ("fc_1", 84, 1)):
            spikes = trace[layer][None]
            maps = spikes if spikes.ndim == 5 else spikes[..., None, None]
            kept, product = laid(maps, filters, (kernel, 1, 0), (8, 16))
            assert sum(PTB.cycles(kept, product), ArrayCycles(0, 0, 0)).total == published[layer]


@pytest.mark.parametrize("schedule", ["tick", "timestep"])
def test_a_whole_run_balances(schedule: str) -> None:
    settings = ("array.dataflow=os", "array.sparsity=ptb", "array.rows=8", "array.cols=16", "lif.overlapped=true")
    result = lifsim.run("sata128", "lenet5_mnist", schedule=schedule, overrides=settings)
    assert result.totals.ops.macs_executed == result.totals.ops.macs_effective
    assert result.totals.cycles.array > 0
