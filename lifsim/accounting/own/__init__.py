"""LIFSim's own accounting."""

from lifsim.accounting.own.accounting import Own

__all__ = ["Own"]
