"""The PE array: cycles and buffer accesses of a layer under each dataflow and sparsity."""

from lifsim.hardware.pe_array.accesses import ArrayAccesses, buffer_accesses
from lifsim.hardware.pe_array.dense import dense_cycles, output_blocks, weight_load_cycles
from lifsim.hardware.pe_array.gemm import ArrayCycles, ArrayShape, Dataflow, Gemm, ceil_div, pe_utilisation
from lifsim.hardware.pe_array.skip import effective_macs, skip_blocks, skip_cycles, slowest_rows

__all__ = [
    "ArrayAccesses",
    "ArrayCycles",
    "ArrayShape",
    "Dataflow",
    "Gemm",
    "buffer_accesses",
    "ceil_div",
    "dense_cycles",
    "effective_macs",
    "output_blocks",
    "pe_utilisation",
    "skip_blocks",
    "skip_cycles",
    "slowest_rows",
    "weight_load_cycles",
]
