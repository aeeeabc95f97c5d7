"""How the backward pass gets the membrane of every LIF call: stored, undone, or computed again."""

from lifsim.keeping.protocol import KEEPINGS, CallsOnState, Keeping, Kept

__all__ = ["KEEPINGS", "CallsOnState", "Keeping", "Kept"]
