"""Does no layer stand above its roofs?"""

from __future__ import annotations

import itertools
import math

import pytest

import lifsim
from lifsim.report.figures import roofline
from lifsim.report.figures.numbers import ranges


@pytest.mark.parametrize("model", ["ideal", "bandwidth"])
def test_no_layer_achieves_more_than_array_and_memory_allow(model: str) -> None:
    slow = ["dram.bandwidth_bytes_per_s=500MB"] if model == "bandwidth" else []
    overrides = [f"dram.model={model}", *slow]
    result = lifsim.run(workload="mobilenet_cifar10", overrides=overrides)
    frame = roofline.table(result)
    assert (frame["macs_per_s"][:-1] <= frame["peak_macs_per_s"][:-1]).all()
    whole = frame.iloc[-1]
    assert whole["macs_per_s"] <= whole["attainable_macs_per_s"]
    assert whole["macs"] == result.totals.ops.macs_dense
    assert math.isinf(whole["bandwidth_bytes_per_s"]) == (model == "ideal")


def test_layers_are_numbered_and_named_and_an_empty_array_is_told() -> None:
    """In the figure every layer has its number, alone or in a range; numbers cover neither each other nor a point."""
    result = lifsim.run(workload="resnet19_cifar10", overrides=["dram.model=ideal"])
    figure = lifsim.plot.roofline(result)
    (axes,) = figure.axes
    numbers = [text for text in axes.texts if text.get_text()]
    told: list[int] = []
    for text in numbers:
        for part in text.get_text().split(", "):
            first, _, last = part.partition("-")
            told += range(int(first), int(last or first) + 1)
    assert sorted(told) == list(range(1, len(result.records) + 1))
    figure.draw_without_rendering()
    boxes = [text.get_window_extent() for text in numbers]
    assert not any(a.overlaps(b) for a, b in itertools.combinations(boxes, 2))
    frame = roofline.table(result).iloc[:-1]
    places = axes.transData.transform(frame[["macs_per_byte", "macs_per_s"]].to_numpy())
    assert not any(box.contains(x, y) for box in boxes for x, y in places)
    named = figure.get_supxlabel()
    assert all(f"{index} {record.counts.name}" in named for index, record in enumerate(result.records, 1))
    labels = [text.get_text() for text in axes.get_legend().get_texts()]
    assert "bound by compute" not in labels
    least, most = 100 * frame["pe_utilisation"].min(), 100 * frame["pe_utilisation"].max()
    assert f"bound by array work,\n{least:.0f} to {most:.0f} % of its PEs busy" in labels


@pytest.mark.parametrize(
    ("numbers", "text"), [([1], "1"), ([3, 4], "3-4"), ([1, 4, 5, 6], "1, 4-6"), ([9, 2, 1, 7], "1-2, 7, 9")]
)
def test_numbers_in_a_row_are_a_range(numbers: list[int], text: str) -> None:
    assert ranges(numbers) == text
