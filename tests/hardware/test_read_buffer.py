"""Does the input buffer fetch what SCALE-Sim's sets of addresses fetch?"""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lifsim.hardware.read_buffer import Window, input_fetches
from tests.oracles import read_buffer as oracle


@st.composite
def windows(draw: st.DrawFn) -> Window:
    axes = []
    for _ in range(2):
        kernel, stride = draw(st.integers(1, 4)), draw(st.integers(1, 3))
        size = draw(st.integers(kernel, 9))
        axes.append((size, kernel, stride, -(-(size - kernel + stride) // stride)))
    sizes, kernels, strides, outs = zip(*axes, strict=True)
    return Window(sizes, draw(st.integers(1, 5)), kernels, strides, outs)


@settings(max_examples=60, deadline=None)
@given(windows(), st.integers(1, 7), st.integers(1, 3), st.sampled_from([100, 199, 200, 350, 1000]))
def test_fetches_equal_those_of_literal_sets(window: Window, rows: int, filter_folds: int, buffer_bytes: int) -> None:
    found = input_fetches(window, rows, filter_folds, buffer_bytes)
    assert found == oracle.input_fetches(window, rows, filter_folds, buffer_bytes)


@pytest.mark.parametrize(
    ("size", "channels", "kernel", "filters", "kib", "published"),
    [
        (32, 64, 3, 64, 32, 649682),
        (16, 64, 3, 128, 32, 276832),
        (8, 128, 3, 128, 8, 225922),
        (4, 256, 3, 256, 8, 135492),
        (32, 64, 3, 64, 8, 1814723),
    ],
)
def test_fetches_equal_those_that_sata_sim_published(
    size: int, channels: int, kernel: int, filters: int, kib: int, published: int
) -> None:
    out = size - kernel + 1
    window = Window((size, size), channels, (kernel, kernel), (1, 1), (out, out))
    assert input_fetches(window, 16, -(-filters // 8), kib * 1024) == published


def test_an_endless_buffer_fetches_every_element_once() -> None:
    window = Window((12, 12), 3, (3, 3), (1, 1), (10, 10))
    assert input_fetches(window, 16, 4, 1 << 20) == 12 * 12 * 3


def test_less_than_one_set_is_refused() -> None:
    with pytest.raises(ValueError, match="must be >= 100, is 99"):
        input_fetches(Window((4, 4), 1, (3, 3), (1, 1), (2, 2)), 16, 1, 99)
