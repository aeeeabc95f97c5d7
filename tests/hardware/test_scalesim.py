"""Does the array model give SCALE-Sim v3's figures, and SATA_Sim's, to the digit?"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from lifsim.hardware.array import (
    DATAFLOWS,
    ArrayShape,
    Gemm,
    buffer_accesses,
    dense_cycles,
    pe_utilisation,
)
from lifsim.report.validation.comparison import csv_rows
from lifsim.report.validation.satasim import published_figures

LAYERS = [f"Conv{n}" for n in range(1, 14)]


def gemm_of(height: int, width: int, filter_h: int, filter_w: int, channels: int, filters: int, stride: int) -> Gemm:
    """Of a map given with its padding. Where a stride does not fit, SCALE-Sim rounds the output size up and a
    convolution rounds it down; the reference has stride 1 only."""
    pixels = ((height - filter_h) // stride + 1) * ((width - filter_w) // stride + 1)
    return Gemm(pixels, filter_h * filter_w * channels, filters)


@pytest.fixture(scope="module")
def rows(figures: Path) -> dict[tuple[str, str], dict[str, str]]:
    return {(row["dataflow"], row["layer"]): row for row in csv_rows(figures / "scalesim_vgg16_16x8.csv")}


def case(row: dict[str, str]) -> tuple[Gemm, ArrayShape]:
    sizes = ("ifmap_h", "ifmap_w", "filter_h", "filter_w", "channels", "filters", "stride")
    return gemm_of(*(int(row[size]) for size in sizes)), ArrayShape(int(row["array_rows"]), int(row["array_cols"]))


def test_every_row_of_the_reference_is_checked(rows):
    assert set(rows) == {(dataflow, layer) for dataflow in ("os", "ws", "is") for layer in LAYERS}


@pytest.mark.parametrize("layer", LAYERS)
@pytest.mark.parametrize("dataflow", ["os", "ws", "is"])
def test_cycles_are_one_more_than_the_last_index_it_prints(rows, dataflow, layer):
    row = rows[dataflow, layer]
    gemm, shape = case(row)
    for tick_batched in (True, False):
        assert (
            dense_cycles(DATAFLOWS[dataflow], gemm, shape, 1, tick_batched=tick_batched).total
            == int(row["total_cycles_reported"]) + 1
        )


@pytest.mark.parametrize("layer", LAYERS)
@pytest.mark.parametrize("dataflow", ["os", "ws", "is"])
def test_buffer_accesses_are_its_sram_reads_and_writes(rows, dataflow, layer):
    row = rows[dataflow, layer]
    gemm, shape = case(row)
    accesses = buffer_accesses(DATAFLOWS[dataflow], gemm, shape, 1, tick_batched=True)
    assert accesses.inputs == int(row["sram_ifmap_reads"])
    assert accesses.weights == int(row["sram_filter_reads"])
    if dataflow == "os":  # its os writes are those of skewed matrices, not of outputs
        assert accesses.outputs == gemm.pixels * gemm.filters
    else:
        assert accesses.outputs == int(row["sram_ofmap_writes"])


@pytest.mark.parametrize("layer", LAYERS)
@pytest.mark.parametrize("dataflow", ["os", "ws", "is"])
def test_efficiencies_follow_from_folds_and_cycles(rows, dataflow, layer):
    row = rows[dataflow, layer]
    gemm, shape = case(row)
    cycles = dense_cycles(DATAFLOWS[dataflow], gemm, shape, 1, tick_batched=True)
    streamed = {"os": gemm.reduction, "ws": gemm.pixels, "is": gemm.filters}[dataflow]
    mapped = gemm.macs // streamed  # PEs that hold something, over all folds
    assert 100 * mapped / (cycles.folds * shape.pes) == pytest.approx(float(row["mapping_efficiency_pct"]), abs=1e-4)
    # Under ws and is it divides by the length of its demand matrices, W - 1 rows a fold longer than the fold itself.
    matrix_rows = cycles.total + (0 if dataflow == "os" else cycles.folds * (shape.cols - 1))
    utilisation = 100 * pe_utilisation(gemm.macs, shape, matrix_rows)
    assert utilisation == pytest.approx(float(row["compute_utilisation_pct"]), abs=1e-4)


SATA_LAYERS = [*(f"Conv{n}" for n in range(1, 8)), "FC1", "FC2"]


@pytest.fixture(scope="module")
def sata(figures: Path) -> dict[str, tuple[Gemm, dict[str, float]]]:
    """Per layer its GEMM (SATA_Sim ran SCALE-Sim on maps without padding) and its cycle statistics."""
    workload: Any = yaml.safe_load((figures / "satasim_bntt" / "workload.yaml").read_text())
    stats = published_figures(figures / "satasim_bntt.csv")["cycle-stat"]
    keys = ("IFMAP Height", "IFMAP Width", "Filter Height", "Filter Width", "Channels", "Num Filter", "Strides")
    return {
        layer["name"]: (
            gemm_of(*(layer["attributes"][key] for key in keys)),
            stats[f"Layer {index}"],
        )
        for index, layer in enumerate(workload["Layers"])
    }


@pytest.mark.parametrize("name", SATA_LAYERS)
def test_satasim_composes_the_cycles_and_accesses_of_os_and_ws(sata, name):
    gemm, stat = sata[name]
    shape = ArrayShape(16, 8)
    last_output = int(stat["SRAM OFMAP Start Cycle"] + stat["SRAM OFMAP Cycles"])
    last_weight = int(stat["SRAM Filter Cycles"])
    assert dense_cycles(DATAFLOWS["os"], gemm, shape, 1, tick_batched=True).total == last_output + 1
    folds = DATAFLOWS["ws"].folds(gemm, shape)
    assert (folds.count - 1) * folds.cycles + shape.rows == last_weight + 1
    assert buffer_accesses(DATAFLOWS["os"], gemm, shape, 1, tick_batched=True).inputs == int(stat["SRAM IFMAP Reads"])
    assert buffer_accesses(DATAFLOWS["ws"], gemm, shape, 1, tick_batched=True).weights == int(stat["SRAM Filter Reads"])


def test_every_layer_of_satasim_is_checked(sata):
    assert list(sata) == SATA_LAYERS
