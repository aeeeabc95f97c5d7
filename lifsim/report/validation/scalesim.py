"""SCALE-Sim's cycles and accesses of VGG-16."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from lifsim.errors import Fault, InputError
from lifsim.hardware.array import DATAFLOWS, ArrayShape, Gemm, buffer_accesses, ceil_div, dense_cycles
from lifsim.report.validation.comparison import Comparison, csv_rows
from lifsim.report.validation.references import References

TITLE = "SCALE-Sim: cycles and accesses of the array"

INTRO = """\
The 13 convolutions of VGG-16 on a 16 x 8 array under os, ws and is, from SCALE-Sim v3.0.0 (Raj et al., ISPASS 2025).
SCALE-Sim prints the index of the last cycle, so LIFSim's count less one stands beside it. Its output writes under os
count rows + cols of every fold twice over the true Sr*Sc, an artefact of its demand matrices: LIFSim's figure with that
term added stands beside them. Its utilisation is not compared: under ws and is it divides by W - 1 more cycles a fold
than its cycle count has."""

TOLERANCE = 0.0

LARGE = ()

FILE = "scalesim_vgg16_16x8.csv"


def compare(references: References) -> list[Comparison]:
    """Cycles and accesses of every row of the file."""
    path = references.find(FILE)
    comparisons = [comparison for row in csv_rows(path) for comparison in _row(row)]
    if not comparisons:
        raise InputError(Fault("must have rows", source=str(path)))
    return comparisons


def _row(row: Mapping[str, str]) -> Iterator[Comparison]:
    dataflow, shape = DATAFLOWS[row["dataflow"]], ArrayShape(int(row["array_rows"]), int(row["array_cols"]))
    gemm = _gemm(row)
    cycles = dense_cycles(dataflow, gemm, shape, 1, tick_batched=True)
    accesses = buffer_accesses(dataflow, gemm, shape, 1, tick_batched=True)
    folds = ceil_div(gemm.pixels, shape.rows) * ceil_div(gemm.filters, shape.cols)
    artefact = (shape.rows + shape.cols) * folds if dataflow.sums_in_pes else 0
    name = f"{dataflow.name} {row['layer']}"
    yield Comparison(f"{name} last cycle", int(row["total_cycles_reported"]), cycles.total - 1)
    yield Comparison(f"{name} input reads", int(row["sram_ifmap_reads"]), accesses.inputs)
    yield Comparison(f"{name} weight reads", int(row["sram_filter_reads"]), accesses.weights)
    yield Comparison(f"{name} output writes", int(row["sram_ofmap_writes"]), accesses.outputs + artefact)


def _gemm(row: Mapping[str, str]) -> Gemm:
    """The layer of a row; its map holds its padding."""
    size = {key: int(row[key]) for key in ("ifmap_h", "ifmap_w", "filter_h", "filter_w", "channels", "stride")}
    out = [ceil_div(size[f"ifmap_{axis}"] - size[f"filter_{axis}"] + size["stride"], size["stride"]) for axis in "hw"]
    reduction = size["channels"] * size["filter_h"] * size["filter_w"]
    return Gemm(out[0] * out[1], reduction, int(row["filters"]))
