"""The PE array: cycles and buffer accesses of a layer under each dataflow and sparsity."""

from lifsim.hardware.array.built import dataflow_of, shape_of, sparsity_of
from lifsim.hardware.array.cut import Chains, Cut
from lifsim.hardware.array.dataflow import DATAFLOWS, Dataflow, Folds, per_round
from lifsim.hardware.array.dense import ArrayAccesses, buffer_accesses, dense_cycles, dense_waits, output_blocks
from lifsim.hardware.array.laid import Laid
from lifsim.hardware.array.sparsity import SPARSITIES, AnalogueMaps, Kept, Sparsity, kept_of_image
from lifsim.hardware.gemm import ArrayCycles, ArrayShape, Gemm, ceil_div, pe_utilisation

__all__ = [
    "DATAFLOWS",
    "SPARSITIES",
    "AnalogueMaps",
    "ArrayAccesses",
    "ArrayCycles",
    "ArrayShape",
    "Chains",
    "Cut",
    "Dataflow",
    "Folds",
    "Gemm",
    "Kept",
    "Laid",
    "Sparsity",
    "buffer_accesses",
    "ceil_div",
    "dataflow_of",
    "dense_cycles",
    "dense_waits",
    "kept_of_image",
    "output_blocks",
    "pe_utilisation",
    "per_round",
    "shape_of",
    "sparsity_of",
]
