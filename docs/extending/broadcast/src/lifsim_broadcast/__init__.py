"""Output-stationary with broadcast buses: every PE of a row and column gets its operands in the same cycle.

    fold = K        folds, operands and waits as os

An example of a dataflow that LIFSim does not ship.
"""

from __future__ import annotations

from dataclasses import replace

from lifsim.hardware.array import ArrayShape, Folds, Gemm
from lifsim.hardware.array.dataflow import FoldWords
from lifsim.hardware.array.dataflow.output_stationary import OutputStationary


class Broadcast(OutputStationary):
    """No skew, so nothing to fill and to drain."""

    name = "broadcast"
    title = "output-stationary with broadcast buses"

    def folds(self, gemm: Gemm, shape: ArrayShape) -> Folds:
        """K operands a fold, no more."""
        return replace(super().folds(gemm, shape), fill_drain_cycles=0)

    def words(self, gemm: Gemm, shape: ArrayShape) -> FoldWords:
        """As os, without the skew."""
        return replace(super().words(gemm, shape), fill_drain="0", why="nothing: operands are broadcast")
