"""Sparsities: what a spike of zero saves."""

from lifsim.hardware.array.sparsity.analogue import AnalogueMaps, kept_of_image
from lifsim.hardware.array.sparsity.protocol import SPARSITIES, Kept, Sparsity, SpikeMaps, ones_of

__all__ = ["SPARSITIES", "AnalogueMaps", "Kept", "Sparsity", "SpikeMaps", "kept_of_image", "ones_of"]
