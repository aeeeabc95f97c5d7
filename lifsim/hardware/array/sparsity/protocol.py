"""What a sparsity must say of itself."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from lifsim.hardware.array.dataflow import Dataflow
from lifsim.hardware.array.gemm import ArrayCycles, ArrayShape, Gemm
from lifsim.hardware.input_reads import InputMap
from lifsim.hardware.sram_banks import Banks, Ints
from lifsim.hardware.sram_ports import Ports, PortStalls
from lifsim.registry import Registry

Ones = NDArray[np.int32]
"""[B, runs, groups, pixels]: ones in the receptive field of each output pixel, per image and run."""


@dataclass(frozen=True)
class Laid:
    """A layer's product on an array. tick_batched: all runs back to back, else the layer is visited once a run."""

    gemm: Gemm
    shape: ArrayShape
    dataflow: Dataflow
    tick_batched: bool


class Sparsity(Protocol):
    """What a spike of zero saves. `ones` [B, runs, groups, pixels] are those of each output pixel's receptive field.

    name: as architectures spell it. gates: whether a multiply-accumulate of a zero burns no operation energy. skips:
    whether it takes no PE's cycle either.
    """

    name: str
    gates: bool
    skips: bool

    def refusal(self, dataflow: Dataflow) -> str:
        """The rule that `dataflow` breaks, '' where both go together."""
        return ""

    def cycles(self, ones: Ones, laid: Laid) -> tuple[ArrayCycles, ...]:
        """[runs] that each run adds, all images; what tick batching does once for all runs is the first one's."""
        ...

    def blocks(self, ones: Ones, laid: Laid) -> Iterator[tuple[NDArray[np.int64], int]]:
        """([visits, blocks] cycles between two finished sets of outputs, images that it holds for), of all images."""
        ...

    def waits(self, ones: Ones, laid: Laid, read: InputMap, ports: Ports) -> PortStalls:
        """For the ports of the buffers that feed the array, all images."""
        ...

    def input_words(self, laid: Laid, read: InputMap, banks: Banks) -> int:
        """That the array reads from spike_in in one run of one image."""
        ...


def effective_macs(ones: Ones | Ints, gemm: Gemm) -> int:
    """Multiply-accumulates whose input is a one: sum of ones [.., groups, pixels] times the Sc filters of a group."""
    return int(np.sum(ones, dtype=np.int64)) * gemm.filters


SPARSITIES: Registry[Sparsity] = Registry("sparsity", "lifsim.hardware.array.sparsity", "lifsim.sparsities")
