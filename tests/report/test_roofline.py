"""Does no layer stand above its roofs?"""

from __future__ import annotations

import itertools
import math

import pandas as pd
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


def test_what_bounds_layers_is_said_in_words() -> None:
    busy = pd.Series([0.25, 0.5])
    assert roofline.bound_words("compute", busy) == "bound by array work, 25 to 50 % of its PEs busy"
    assert roofline.bound_words("lif", busy) == "bound by LIF units"
    assert roofline.bound_words("writeback", busy) == "waiting for writeback"


def test_zeros_that_are_skipped_stand_under_no_roof() -> None:
    """At rates this low the dense multiply-accumulates would come to several times the peak."""
    result = lifsim.run("sata128_skip", "vgg9_cifar10", rate=0.03, overrides=["buffers.weight.port_bits=512"])
    frame = roofline.table(result)
    assert (frame["macs_per_s"] <= frame["attainable_macs_per_s"]).all()
    assert frame["macs"].iloc[-1] == result.totals.ops.macs_effective < result.totals.ops.macs_dense / 5
    assert result.totals.ops.macs_dense / result.totals.time_s > 2 * frame["peak_macs_per_s"].iloc[0]
    (axes,) = lifsim.plot.roofline(result).axes
    assert axes.get_xlabel() == "operational intensity [effective MACs per DRAM byte]"
    assert axes.get_ylim()[0] <= frame["macs_per_s"].min()
    assert axes.get_ylim()[1] > frame["macs_per_s"].max()


@pytest.mark.parametrize(("workload", "by_name"), [("resnet19_cifar10", False), ("vgg16_cifar10", True)])
def test_every_layer_is_labelled_and_an_empty_array_is_told(workload: str, *, by_name: bool) -> None:
    """By its name, or where names are long by its number, alone or in a range; labels cover neither each other nor a
    point."""
    result = lifsim.run(workload=workload, overrides=["dram.model=ideal"])
    figure = lifsim.plot.roofline(result)
    (axes,) = figure.axes
    labels = [text for text in axes.texts if text.get_text()]
    names = [record.counts.name for record in result.records]
    told: list[str] = []
    for text in labels:
        for part in text.get_text().split(", "):
            first, _, last = part.partition("-")
            stem = first.rstrip("0123456789")
            told += [
                f"{stem}{number}" for number in range(int(first[len(stem) :]), int(last or first[len(stem) :]) + 1)
            ]
    assert sorted(told) == sorted(names if by_name else [str(index + 1) for index in range(len(names))])
    figure.draw_without_rendering()
    boxes = [text.get_window_extent() for text in labels]
    assert not any(a.overlaps(b) for a, b in itertools.combinations(boxes, 2))
    frame = roofline.table(result).iloc[:-1]
    places = axes.transData.transform(frame[["macs_per_byte", "macs_per_s"]].to_numpy())
    assert not any(box.contains(x, y) for box in boxes for x, y in places)
    (legend,) = figure.legends
    named = legend.get_title().get_text().replace("\n", " ")
    assert by_name or all(f"{index} {name}" in named for index, name in enumerate(names, 1))
    entries = [text.get_text() for text in legend.get_texts()]
    assert "all 16 x 8 PEs busy at 400 MHz: 51.2 GMAC/s" in entries
    assert "bound by compute" not in entries
    least, most = 100 * frame["pe_utilisation"].min(), 100 * frame["pe_utilisation"].max()
    assert f"bound by array work, {least:.0f} to {most:.0f} % of its PEs busy" in entries


def test_layers_that_count_up_are_a_range_of_names() -> None:
    names = ["conv1", "conv2", "conv4", "pool", "fc", "fc2", "fc3", "conv09", "conv10"]
    told = {
        (1, 2): "conv1-2",
        (2, 3): "conv2, conv4",
        (4, 5): "pool, fc",
        (5, 6, 7): "fc, fc2, fc3",
        (1, 3): "conv1, conv4",
    }
    assert {numbers: roofline.name_ranges(names, numbers) for numbers in told} == told
    assert roofline.name_ranges(names, [8, 9]) == "conv09, conv10"


@pytest.mark.parametrize(
    ("numbers", "text"), [([1], "1"), ([3, 4], "3-4"), ([1, 4, 5, 6], "1, 4-6"), ([9, 2, 1, 7], "1-2, 7, 9")]
)
def test_numbers_in_a_row_are_a_range(numbers: list[int], text: str) -> None:
    assert ranges(numbers) == text
