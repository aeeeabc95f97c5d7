"""The counts of one layer that SATA_Sim takes from SCALE-Sim v2, to the unit.

SATA_Sim runs SCALE-Sim twice: output-stationary for inputs and outputs, weight-stationary for weights. With the GEMM of
the layer on its *unpadded* map, Sr = E*F pixels of E = ceil((I - R + s)/s) rows, K = C*R*S, Sc = M, an H x W array and
c = Sc - (ceil(Sc/W) - 1)*W columns in use in the last fold:

    last output write (os)  f_os*(K + H + W - 2) - 1 - (W - c)                  f_os = ceil(Sr/H) * ceil(Sc/W)
    weight cycles (ws)      (f_ws - 1)*(Sr + 2H + W - 2) + H - 1 - max(0, H-K)  f_ws = ceil(K/H)  * ceil(Sc/W)
    SRAM: inputs            Sr*K*ceil(Sc/W)
          weights           K*Sc
          outputs           Sr*Sc + (H + W)*f_os     the second term is an artefact: a fold's demand matrix is counted
                                                     twice, the second time as H + W instead of H * W
    DRAM: inputs            see lifsim.hardware.read_buffer
          weights           K*Sc
          outputs           Sr*Sc, and W - 1 more where outputs fill half of their buffer, A bytes, with A a multiple
                            of W and Sr*Sc > A + 1: a line that is not full is flushed as if it were

Source: Yin et al., "SATA: Sparsity-aware training accelerator for spiking neural networks", IEEE TCAD 42(6), 2022, and
the code of SATA_Sim and SCALE-Sim v2. Every published `cycle-stat.yaml` at hand is equal to these.
"""

from __future__ import annotations

from lifsim.hardware.array import ArrayShape, ceil_div
from lifsim.hardware.read_buffer import Window, input_fetches
from lifsim.lazy_dataclass import dataclass


@dataclass(frozen=True)
class ScaleSimCounts:
    """One layer and timestep, as in SATA_Sim's cycle-stat.yaml. Accesses in elements, cycles as indices from 0.

    last_write_cycle: of the os run, `SRAM OFMAP Start Cycle + SRAM OFMAP Cycles`. weight_cycles: `SRAM Filter Cycles`.
    streaming_cycles, weight_streaming_cycles: the part of each in which operands stream, not fill or drain.
    """

    last_write_cycle: int
    weight_cycles: int
    streaming_cycles: int
    weight_streaming_cycles: int
    sram_input_reads: int
    sram_weight_reads: int
    sram_output_writes: int
    dram_input_reads: int
    dram_weight_reads: int
    dram_output_writes: int


def unpadded_output(size: int, kernel: int, stride: int) -> int:
    """Rows or columns that SCALE-Sim gives the output: ceil((I - R + s) / s), < 1 where the kernel does not fit."""
    return ceil_div(size - kernel + stride, stride)


def padded_output(size: int, kernel: int, stride: int) -> int:
    """Rows or columns that SATA_Sim counts operations on: padding 1 for every layer, floor((I + 2 - R) / s) + 1."""
    return (size + 2 - kernel) // stride + 1


def scalesim_counts(
    window: Window, filters: int, shape: ArrayShape, input_bytes: int, output_bytes: int
) -> ScaleSimCounts:
    """Counts of a layer of `filters` kernels sliding as `window` says, with input and output buffers of these sizes.

    SATA_Sim hands whole KiB to SCALE-Sim. Raises ValueError for an input buffer of less than one.
    """
    H, W = shape.rows, shape.cols
    Sr, Sc = window.out[0] * window.out[1], filters
    K = window.channels * window.kernel[0] * window.kernel[1]
    filter_folds = ceil_div(Sc, W)
    os_folds, ws_folds = ceil_div(Sr, H) * filter_folds, ceil_div(K, H) * filter_folds
    return ScaleSimCounts(
        last_write_cycle=os_folds * (K + H + W - 2) - 1 - (filter_folds * W - Sc),
        weight_cycles=(ws_folds - 1) * (Sr + 2 * H + W - 2) + H - 1 - max(0, H - K),
        streaming_cycles=os_folds * K,
        weight_streaming_cycles=(ws_folds - 1) * Sr,
        sram_input_reads=Sr * K * filter_folds,
        sram_weight_reads=K * Sc,
        sram_output_writes=Sr * Sc + (H + W) * os_folds,
        dram_input_reads=input_fetches(window, H, filter_folds, _whole_kib(input_bytes)),
        dram_weight_reads=K * Sc,
        dram_output_writes=Sr * Sc + _flushed_early(Sr * Sc, _whole_kib(output_bytes) // 2, W),
    )


def _whole_kib(size_bytes: int) -> int:
    return size_bytes // 1024 * 1024


def _flushed_early(outputs: int, half_bytes: int, line: int) -> int:
    return line - 1 if outputs > half_bytes + 1 and half_bytes % line == 0 else 0
