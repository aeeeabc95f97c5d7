"""SATA_Sim's composition: the cycles of an output-stationary array, and behind them those that a weight-stationary one
needs until its last weights are loaded. `lifsim.accounting.satasim.scalesim` has the equations.

A weight fold waits there for pixels that the output-stationary folds have streamed already, so that no array spends
this time: it is a rule of that accounting, and an architecture that LIFSim counts itself is `os`.

Source: SATA_Sim (Yin et al., "SATA: Sparsity-aware training accelerator for spiking neural networks", IEEE TCAD 2022).
"""

from __future__ import annotations

from lifsim.hardware.array.dataflow.output_stationary import OutputStationary
from lifsim.hardware.array.dataflow.protocol import DATAFLOWS

ACCOUNTING = "satasim"


@DATAFLOWS.register
class Sata(OutputStationary):
    """Inputs and outputs as os; weights once, as SATA_Sim counts them. Its zeros are gated by the workload's mean rate,
    so that no row is known to skip any."""

    name = "sata"
    title = "SATA_Sim's: output-stationary, and the cycles of a weight-stationary pass; under accounting satasim only"
    holds_pixels = False

    def refusal(self, accounting: str) -> str:
        """No other accounting knows the pass."""
        if accounting == ACCOUNTING:
            return ""
        why = f"its weight-stationary pass is a rule of accounting {ACCOUNTING}, not time that an array spends"
        return f"{self.name!r} must be os under accounting {accounting}: {why}"
