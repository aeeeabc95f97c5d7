"""Layers in one group, a few rows in turn, all timesteps of a window: fused, or skewed where they share a state."""
