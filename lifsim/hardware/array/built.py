"""The array that an architecture describes, as its cost model takes it."""

from __future__ import annotations

from lifsim.hardware.array.dataflow import DATAFLOWS, Dataflow
from lifsim.hardware.array.sparsity import SPARSITIES, Sparsity
from lifsim.hardware.gemm import ArrayShape
from lifsim.model.arch import Array


def shape_of(array: Array) -> ArrayShape:
    """Its rows and columns."""
    return ArrayShape(array.rows, array.cols)


def dataflow_of(array: Array) -> Dataflow:
    """How it lays out a layer."""
    return DATAFLOWS[array.dataflow]


def sparsity_of(array: Array) -> Sparsity:
    """What a spike of zero saves on it."""
    return SPARSITIES[array.sparsity]
