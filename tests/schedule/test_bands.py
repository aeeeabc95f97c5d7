"""Skewed strips in bands of columns: the literal interpreter moves what the plan counts, in an order that can be."""

from __future__ import annotations

from itertools import product
from math import ceil

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from lifsim.schedule.waves.bands.bands import Banded, Sweep
from lifsim.schedule.waves.cut import first_starts, pieces_of, starts_of
from tests.schedule import build
from tests.schedule.bands import by_hand, cases, two_layers
from tests.schedule.legality.bands import otherwise

QUIET = settings(deadline=None, suppress_health_check=list(HealthCheck))


@pytest.mark.parametrize("timesteps", [1, 3])
@pytest.mark.parametrize(("rows", "columns", "half"), [(1, 4, (0, 1)), (5, 6, (1, 1)), (6, 5, (1, 2)), (4, 7, (2, 0))])
@pytest.mark.parametrize(("height", "width"), [(1, 1), (2, 3), (3, 2)])
def test_every_pixel_is_computed_behind_all_that_it_needs(
    timesteps: int, rows: int, columns: int, half: tuple[int, int], height: int, width: int
) -> None:
    """Spikes of the layer before at the same timestep; the state of the last layer at the timestep before. The state
    that waits at the borders of bands and the pieces at work are no more than they are said to be."""
    layers, done, live, most = 3, set[tuple[int, int, int, int]](), set[tuple[int, int]](), 0
    down, across = (tuple(one * layer for layer in range(layers)) for one in half)
    waves = Banded(4, height, rows, down, Sweep(4, width, columns, across))
    for wave in range(waves.count(timesteps)):
        for layer, t in product(range(layers), range(timesteps)):
            begin, end = waves.columns(4 + layer, timesteps)[t, wave].tolist()
            part = waves.rows(4 + layer, wave, t, timesteps)
            for row, column in product(part, range(begin, end)):
                if layer:
                    high, wide = (range(max(0, one - by), min(of, one + by + 1)) for one, by, of in
                                  ((row, half[0], rows), (column, half[1], columns)))  # fmt: skip
                    assert all((t, layer - 1, r, c) in done for r in high for c in wide)
                elif t:
                    assert (t - 1, layers - 1, row, column) in done
                assert (t, layer, row, column) not in done
                done.add((t, layer, row, column))
                live.add((row, column))
                most = max(most, len(live))
                if (t, layer) == (timesteps - 1, layers - 1):
                    live.discard((row, column))
    assert len(done) == timesteps * layers * rows * columns
    assert most <= waves.state_rows(timesteps) * width + rows * waves.waits(timesteps)
    assert waves.bands(timesteps) == ceil((columns + timesteps * across[-1]) / width)
    assert waves.skewed


@pytest.mark.parametrize(("height", "width", "together"), [(1, 1, 1), (2, 3, 1), (3, 2, 2), (5, 7, 2), (4, 4, 9)])
def test_the_first_pixels_of_tiles_are_found_all_at_once(height: int, width: int, together: int) -> None:
    waves = Banded(4, height, 5, (0, 1, 2), Sweep(4, width, 7, (0, 1, 1)))
    for layer in range(4, 7):
        pieces, _ = pieces_of(waves, layer, 0, 7, together)
        assert first_starts(waves, layer, 7, together) == starts_of(pieces)


def test_what_the_state_of_a_band_takes_over_is_what_others_leave() -> None:
    """Two layers, 3 x 3, two timesteps, seven columns in bands of three: lags of 0, 1, 1 and 2 columns."""
    waves = Banded(0, 1, 4, (0, 1), Sweep(0, 3, 7, (0, 1)))
    taken, left = waves.handed_over(2)
    # Column 2 comes to the next band behind the first call, column 1 behind the third, and so do 5 and 4: each time
    # from the first layer to the second. Column 6 is of one band.
    assert left.tolist() == [4, 0]
    assert taken.tolist() == [0, 4]
    assert waves.waits(2) == 2


@pytest.mark.parametrize("encoding", ["rate", "direct"])
@pytest.mark.parametrize("kernel", [[1, 1], [3, 1], [1, 3]])
def test_columns_between_windows_are_not_read(kernel: list[int], encoding: str) -> None:
    """A first layer of stride 2, whose windows lie apart along rows, or columns, or both."""
    net = two_layers((8, 8, 10), {"kernel": kernel, "stride": 2, "padding": [one // 2 for one in kernel]}, encoding)
    walked = 0
    for sizes in ({"spike_in": 40}, {"spike_in": build.ENDLESS}):
        for case in list(by_hand(net, build.arch(membrane=150, **sizes)))[::3]:
            assert not list(otherwise(case.told, case.walked()))
            walked += 1
    assert walked > 4


@pytest.mark.slow
@settings(QUIET, max_examples=15)
@given(st.data())
def test_the_interpreter_moves_the_same_bytes(data: st.DataObject) -> None:
    case = data.draw(cases())
    assume(case is not None)
    walker = case.walked()
    assert not list(otherwise(case.told, walker))
    assert walker.most_spikes <= case.cost.waiting(case.group.in_waves, every_row=False)
    residency = case.group.residency
    assert walker.most_membranes <= sum(residency.permanent.values()) + residency.transient
