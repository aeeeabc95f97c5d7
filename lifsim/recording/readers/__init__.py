"""Readers of neurons: what modules of a framework are, as neurons of LIFSim's."""

from lifsim.recording.readers.protocol import READERS, NeuronReader, Reading, number

__all__ = ["READERS", "NeuronReader", "Reading", "number"]
