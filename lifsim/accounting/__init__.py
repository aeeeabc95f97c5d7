"""The rules that count and price a run: LIFSim's own, or those of a tool that it is checked against."""

from lifsim.accounting.protocol import ACCOUNTINGS, Accounting, Asked, Setup

__all__ = ["ACCOUNTINGS", "Accounting", "Asked", "Setup"]
