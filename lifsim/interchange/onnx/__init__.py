"""ONNX files as workloads and their weights: ReLU becomes neurons.

`file` reads the content of a file in a process of its own. `convert` walks it node by node; `products`, `pools`,
`shapes`, `sums` and `firing` convert single operations; `refused` has messages for all others.
"""
