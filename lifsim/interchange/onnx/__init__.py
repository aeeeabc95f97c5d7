"""ONNX files as workloads and their weights: ReLU becomes neurons.

`file` reads what a file says, in a process of its own; `convert` walks it, node by node, and what an operation of
ONNX is in LIFSim stands in `products`, `pools`, `shapes`, `sums` and `firing`; `refused` has words for the others.
"""
