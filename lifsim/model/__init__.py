"""The objects: architecture, DRAM, network, layers, sharing; frozen, and valid once constructed."""
