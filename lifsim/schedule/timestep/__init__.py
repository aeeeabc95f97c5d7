"""Layers in one group, timestep-major, whole maps or strips at a time: bytes, membranes, spikes, steps."""
