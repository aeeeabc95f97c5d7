"""Sparsities: what a spike of zero saves."""

from lifsim.hardware.array.sparsity.protocol import SPARSITIES, Laid, Ones, Sparsity, effective_macs

__all__ = ["SPARSITIES", "Laid", "Ones", "Sparsity", "effective_macs"]
