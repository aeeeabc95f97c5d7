"""DRAM, burst by burst: a spec (lifsim.config.dram) and requests in, cycles, commands and energy out."""
