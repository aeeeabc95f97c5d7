"""DRAM, burst by burst: a spec (lifsim.model.dram) and requests in, cycles, commands and energy out."""
