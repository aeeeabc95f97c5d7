"""Tests of the recorder; those that need PyTorch, or a framework on it, skip where that is not installed."""
