"""Comparison of any number of runs: the differences between their inputs and between their figures."""
