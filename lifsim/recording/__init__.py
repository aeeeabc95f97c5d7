"""The recorder: a PyTorch model becomes a network of LIFSim's and a trace of its spikes, by being run once.

Needs PyTorch (extra `torch`), which nothing else in LIFSim imports, and this room only when something is recorded.
"""
