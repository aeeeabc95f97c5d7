"""Are the closed forms the counts that SATA_Sim's SCALE-Sim prints?"""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from lifsim.accounting.satasim.scalesim import padded_output, scalesim_counts, unpadded_output
from lifsim.hardware.array import ArrayShape
from lifsim.hardware.read_buffer import Window
from lifsim.report.validation.satasim import published_figures

KIB = 1024


def counts_of(attributes: dict[str, int], input_bytes: int = 32 * KIB) -> dict[str, float]:
    """The layer of a SATA_Sim workload on its published array, under the names of cycle-stat.yaml."""
    size = (attributes["IFMAP Height"], attributes["IFMAP Width"])
    kernel = (attributes["Filter Height"], attributes["Filter Width"])
    stride = (attributes["Strides"],) * 2
    out = tuple(unpadded_output(i, r, s) for i, r, s in zip(size, kernel, stride, strict=True))
    window = Window(size, attributes["Channels"], kernel, stride, (out[0], out[1]))
    counts = scalesim_counts(window, attributes["Num Filter"], ArrayShape(16, 8), input_bytes, 32 * KIB)
    return {
        "DRAM Filter Reads": counts.dram_weight_reads,
        "DRAM IFMAP Reads": counts.dram_input_reads,
        "DRAM OFMAP Writes": counts.dram_output_writes,
        "SRAM Filter Cycles": counts.weight_cycles,
        "SRAM Filter Reads": counts.sram_weight_reads,
        "SRAM IFMAP Reads": counts.sram_input_reads,
        "SRAM OFMAP Writes": counts.sram_output_writes,
        "last write": counts.last_write_cycle,
    }


def test_every_layer_equals_the_published_cycle_statistics(figures: Path) -> None:
    layers = yaml.safe_load((figures / "satasim_bntt" / "workload.yaml").read_text())["Layers"]
    published = published_figures(figures / "satasim_bntt.csv")["cycle-stat"]
    for index, layer in enumerate(layers):
        row = published[f"Layer {index}"]
        row["last write"] = row["SRAM OFMAP Start Cycle"] + row["SRAM OFMAP Cycles"]
        found = counts_of(layer["attributes"])
        assert found == {key: row[key] for key in found}, layer["name"]


def layer(size: int, channels: int, kernel: int, filters: int, stride: int = 1) -> dict[str, int]:
    maps = {"IFMAP Height": size, "IFMAP Width": size, "Filter Height": kernel, "Filter Width": kernel}
    return maps | {"Channels": channels, "Num Filter": filters, "Strides": stride}


# SATA_Sim's published results/sata/T2 (input buffer of 8 KiB) and TT-SNN/res-19/baseline (T = 4; its last layer has
# 10 filters, two columns of the last fold, and two layers have stride 2).
VGG9 = [layer(32, 3, 3, 64), layer(32, 64, 3, 64), layer(16, 64, 3, 128), layer(8, 128, 3, 128), layer(4, 128, 3, 256)]
VGG9 += [layer(4, 256, 3, 256), layer(4, 256, 3, 256), layer(1, 1024, 1, 1024), layer(1, 1024, 1, 512)]
RESNET19 = [layer(32, 3, 3, 64), *[layer(32, 64, 3, 64)] * 4, layer(16, 64, 3, 128), layer(16, 128, 3, 128)]
RESNET19 += [layer(16, 128, 3, 128, 2), layer(16, 128, 3, 128), layer(8, 128, 3, 256), *[layer(8, 256, 3, 256)] * 3]
RESNET19 += [layer(4, 256, 3, 512, 2), *[layer(4, 512, 3, 512)] * 3, layer(1, 512, 1, 10)]


@pytest.mark.parametrize(
    ("layers", "timesteps", "input_kib", "cycles", "dram_inputs"),
    [(VGG9, 2, 8, 3192049, 2739531), (RESNET19, 4, 32, 20276593, 6373740)],
)
def test_totals_equal_those_of_other_published_networks(
    layers: list[dict[str, int]], timesteps: int, input_kib: int, cycles: int, dram_inputs: int
) -> None:
    found = [counts_of(attributes, input_kib * KIB) for attributes in layers]
    assert sum(row["last write"] * timesteps + row["SRAM Filter Cycles"] for row in found) == cycles
    assert sum(row["DRAM IFMAP Reads"] for row in found) == dram_inputs


def oblong(channels: int, rows: int, cols: int, filters: int) -> dict[str, int]:
    return layer(48, channels, 1, filters) | {"Filter Height": rows, "Filter Width": cols}


# SATA_Sim's results/TT-SNN/res-34/stt: layers 2, 10, 11, 16 and 129. DRAM IFMAP Reads, last write, SRAM OFMAP Writes.
@pytest.mark.parametrize(
    ("attributes", "published"),
    [
        (oblong(24, 3, 1, 24), (189450, 38844 + 71, 62928)),
        (oblong(22, 3, 1, 22), (170188, 36364 + 65, 58512)),
        (oblong(22, 1, 3, 22), (153763, 36364 + 65, 58512)),
        (oblong(17, 1, 1, 64), (313344, 44911 + 16, 175104)),
        (layer(1, 512, 1, 101), (512, 6412 + 526, 413)),
    ],
)
def test_oblong_filters_equal_the_published_statistics(attributes: dict[str, int], published: tuple[int, ...]) -> None:
    found = counts_of(attributes)
    assert tuple(found[key] for key in ("DRAM IFMAP Reads", "last write", "SRAM OFMAP Writes")) == published


def test_operations_are_counted_on_another_map_than_cycles() -> None:
    assert [padded_output(size, 3, 1) for size in (32, 4)] == [32, 4]
    assert [unpadded_output(size, 3, 1) for size in (32, 4)] == [30, 2]
    assert padded_output(1, 1, 1) == 3  # a linear layer becomes a 3 x 3 map
    assert (padded_output(16, 3, 2), unpadded_output(16, 3, 2)) == (8, 8)  # ceil where a convolution floors
