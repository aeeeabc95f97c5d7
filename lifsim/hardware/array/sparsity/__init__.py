"""Sparsities: what a spike of zero saves."""

from lifsim.hardware.array.sparsity.protocol import SPARSITIES, Kept, Laid, Ones, Sparsity, SpikeMaps

__all__ = ["SPARSITIES", "Kept", "Laid", "Ones", "Sparsity", "SpikeMaps"]
