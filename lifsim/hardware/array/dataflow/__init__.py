"""Dataflows: what stays in the PEs of an array while the rest streams through."""

from lifsim.hardware.array.dataflow.protocol import (
    DATAFLOWS,
    Dataflow,
    Folds,
    FoldWords,
    Operands,
    OutputBlock,
    per_round,
)

__all__ = ["DATAFLOWS", "Dataflow", "FoldWords", "Folds", "Operands", "OutputBlock", "per_round"]
