"""The recorder: runs a PyTorch model once and makes it a LIFSim network and a trace of its spikes.

Needs PyTorch (extra `torch`), which nothing else in LIFSim imports, and this room only when something is recorded.
"""
