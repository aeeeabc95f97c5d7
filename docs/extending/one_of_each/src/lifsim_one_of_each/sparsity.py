"""A PE sleeps through an output whose whole receptive field is silent, and burns energy for every input of others.

effective MACs = outputs that see a spike * K        cycles as without sparsity
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from lifsim.hardware.array import Gemm, Kept
from lifsim.hardware.array.sparsity import SpikeMaps, ones_of
from lifsim.hardware.array.sparsity.dense import Gated
from lifsim.hardware.input_reads import InputMap


@dataclass(frozen=True, eq=False)
class Awake(Kept):
    """Ones of each output, which say whether it sees any."""

    def effective_macs(self, timestep: int, gemm: Gemm) -> int:
        return int(np.count_nonzero(self.ones[:, timestep])) * gemm.reduction * gemm.filters


class WakeOnSpike(Gated):
    """Gating by the output, not by the input."""

    name = "wake"
    title = "a PE sleeps where no input of its output spikes"

    def keep(self, read: InputMap, spikes: SpikeMaps, batch: int, rounds: int) -> Kept:
        return Awake(ones_of(read, spikes, batch, rounds))
