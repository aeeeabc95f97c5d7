"""How much of a network is zero: where its spikes come from, and how sparse its gradients are."""

from __future__ import annotations

from pathlib import Path

from lifsim.lazy_dataclass import dataclass


@dataclass(frozen=True)
class Spikes:
    """Where a workload's spikes come from.

    source: "rates", "trace" or "engine". rates: per weight layer, the rate of ones among its inputs at each timestep
    (length T, or 1 for all). provenance: where the figures come from; measured: whether they were measured. trace:
    the file, with source "trace". pruned: whether they are those of a network whose weights are pruned.
    """

    source: str
    rates: dict[str, tuple[float, ...]]
    provenance: str
    measured: bool
    trace: Path | None = None
    pruned: bool = False


@dataclass(frozen=True)
class Gradients:
    """How sparse training is: shares of zeros among the gradients of membranes (what the backward convolutions work on)
    and among firing gradients (the surrogate's slope at a membrane). provenance: where the figures come from; measured:
    whether on this network."""

    membrane_sparsity: float
    firing_sparsity: float
    provenance: str
    measured: bool


DENSE_GRADIENTS = Gradients(
    membrane_sparsity=0.0,
    firing_sparsity=0.0,
    provenance="none, as behind a batch norm and under the ATan surrogate (SATA_Sim's training tool takes 70% and 60%; "
    "`lifsim gradients` measures them)",
    measured=False,
)
