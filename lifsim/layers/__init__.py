"""Layer kinds: what a layer that the array computes reads, is, and puts out."""

from lifsim.layers.protocol import LAYERS, LayerKind

__all__ = ["LAYERS", "LayerKind"]
