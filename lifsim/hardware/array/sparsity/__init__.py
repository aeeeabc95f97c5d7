"""Sparsities: what a spike of zero saves."""

from lifsim.hardware.array.sparsity.protocol import SPARSITIES, Kept, Ones, Sparsity, SpikeMaps

__all__ = ["SPARSITIES", "Kept", "Ones", "Sparsity", "SpikeMaps"]
