"""What a traversal reads of an input whose first bytes are on chip, against a walk over every byte."""

from __future__ import annotations

from hypothesis import example, given, settings
from hypothesis import strategies as st

from lifsim.config.arch import load_arch
from lifsim.model.sharing import Sharing
from lifsim.schedule.tensors.input_reads import strip_reads, strip_windows
from tests.schedule.networks import network
from tests.schedule.on_arch import facts_on


@settings(max_examples=60, deadline=None)
@given(st.integers(1, 3), st.integers(1, 4), st.integers(1, 3), st.integers(0, 70), st.data())
@example(3, 1, 2, 29, None)
def test_bytes_that_are_there_are_not_read_in_any_strip(
    kernel: int, stride: int, images: int, resident: int, data: st.DataObject | None
) -> None:
    layer = {"name": "conv", "op": "conv", "out": 2, "kernel": kernel, "stride": stride}
    net = network([layer, {"name": "lif", "op": "lif"}], (10, 9, 5), 2)
    facts = facts_on(net, Sharing(), load_arch("sata128")).layers[0]
    axis, size = facts.rows.axis, facts.rows.row_bytes
    inner = [1] if data is None else data.draw(st.lists(st.integers(1, max(1, axis.rows_out - 1)), unique=True))
    starts = (0, *sorted(y for y in inner if y < axis.rows_out))
    tiles = [range(a, b) for a, b in zip(starts, (*starts[1:], axis.rows_out), strict=True)]
    held = [{y * stride + r for y in tile for r in range(kernel)} for tile in tiles]

    def absent(image: int, row: int) -> int:
        at = (image * axis.rows_in + row) * size
        return sum(byte >= resident for byte in range(at, at + size))

    strips = [sum(absent(image, row) for row in rows for image in range(images)) for rows in held]
    assert strip_reads.__wrapped__(facts, images, resident, 0, starts)[0] == sum(strips) * facts.tile_counts[0]
    windows, newly = strip_windows(facts, images, resident, starts)
    assert windows.tolist() == strips
    every = set().union(*held)
    assert newly.sum() == sum(absent(image, row) for row in every for image in range(images))
