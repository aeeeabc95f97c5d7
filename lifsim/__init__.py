"""LIFSim: cycle-level simulator and memory cost modeler for spiking-neural-network accelerators."""

__version__ = "0.1.0"
