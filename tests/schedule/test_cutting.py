"""Are steps that are too large for a buffer cut into parts that fit, which together do and move the same?"""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from lifsim.hardware.pipeline.kinds import Kind
from lifsim.model.buffers import Buffer
from lifsim.schedule.tensors.cutting import MAX_PARTS, cut
from lifsim.schedule.tensors.moves import Moves, Visit, moves_of
from tests.schedule.build import PORTS


def buffer(size: int, *, double: bool = False) -> Buffer:
    return Buffer.model_validate({"size_bytes": size, "double_buffered": double, **PORTS})


def visit_of(outputs: list[int], rows: list[tuple[int, Kind, int, int, int, int, int]]) -> Visit:
    """rows: step, kind, region, offset, extent_bytes, extents, pitch."""
    step, kind, region, offset, size, extents, pitch = (
        np.array(column, np.int64) for column in zip(*rows, strict=True)
    )
    moves = moves_of(kind, region, step, offset, size, extents, pitch)
    return Visit(3, None, np.array(outputs), moves, ("weights:x", "tensor:y", "tensor:z"), 5)


def listed(moves: Moves) -> list[tuple[int, ...]]:
    return [tuple(int(getattr(moves, name)[i]) for name in Moves.__dataclass_fields__) for i in range(moves.step.size)]


TWO_STEPS = visit_of(
    [7, 4],
    [
        (0, Kind.WEIGHTS, 0, 100, 5, 2, 50),
        (0, Kind.SPIKES_OUT, 1, 40, 3, 1, 0),
        (1, Kind.SPIKES_IN, 2, 8, 3, 2, 9),
    ],
)


def test_a_step_of_ten_bytes_in_a_buffer_of_four_by_hand() -> None:
    # Three parts: of 7 outputs 2, 2, 3 and of 10 bytes 3, 3, 4; the second step fits and stays.
    for weights in (buffer(4), buffer(8, double=True)):
        found = cut(TWO_STEPS, {Kind.WEIGHTS: weights, Kind.SPIKES_IN: buffer(6)})
        assert (found.layer, found.round, found.regions, found.timestep) == (3, None, TWO_STEPS.regions, 5)
        assert found.outputs.tolist() == [2, 2, 3, 4]
        assert listed(found.moves) == [
            (0, Kind.WEIGHTS, 0, 100, 3, 1, 50),
            (0, Kind.SPIKES_OUT, 1, 40, 1, 1, 0),
            (1, Kind.WEIGHTS, 0, 103, 3, 1, 50),
            (1, Kind.SPIKES_OUT, 1, 41, 1, 1, 0),
            (2, Kind.WEIGHTS, 0, 106, 4, 1, 50),
            (2, Kind.SPIKES_OUT, 1, 42, 1, 1, 0),
            (3, Kind.SPIKES_IN, 2, 8, 3, 2, 9),
        ]


def test_the_buffer_that_holds_the_least_decides() -> None:
    buffers = {Kind.WEIGHTS: buffer(5), Kind.SPIKES_OUT: buffer(1), Kind.SPIKES_IN: buffer(2)}
    assert cut(TWO_STEPS, buffers).outputs.tolist() == [2, 2, 3, 1, 1, 2]


def test_what_fits_to_the_byte_is_not_cut() -> None:
    assert cut(TWO_STEPS, {Kind.WEIGHTS: buffer(10), Kind.SPIKES_IN: buffer(6)}) is TWO_STEPS
    assert cut(TWO_STEPS, {Kind.MEMBRANE_READ: buffer(1)}) is TWO_STEPS
    assert cut(TWO_STEPS, {Kind.WEIGHTS: buffer(9)}).outputs.tolist() == [3, 4, 4]


def test_a_buffer_of_no_bytes_is_not_followed_byte_by_byte() -> None:
    large = visit_of([1 << 20], [(0, Kind.WEIGHTS, 0, 0, 1 << 20, 1, 0)])
    for size in (0, 1):
        found = cut(large, {Kind.WEIGHTS: buffer(size)})
        assert found.outputs.tolist() == [1 << 8] * MAX_PARTS


@settings(deadline=None)
@given(st.lists(st.tuples(st.integers(0, 50), st.integers(1, 40)), min_size=1, max_size=6), st.integers(1, 20))
def test_parts_fit_and_add_up(steps: list[tuple[int, int]], size: int) -> None:
    rows = [(step, Kind.SPIKES_IN, 1, 1000 * step, moved, 1, 0) for step, (_, moved) in enumerate(steps)]
    found = cut(visit_of([outputs for outputs, _ in steps], rows), {Kind.SPIKES_IN: buffer(size)})
    assert found.moves.bytes.max() <= size
    assert found.outputs.sum() == sum(outputs for outputs, _ in steps)
    places = np.concatenate(
        [np.arange(begin, begin + n) for begin, n in zip(found.moves.offset, found.moves.bytes, strict=True)]
    )
    assert places.tolist() == [1000 * step + byte for step, (_, moved) in enumerate(steps) for byte in range(moved)]
    assert (np.diff(found.moves.step) == 1).all()
