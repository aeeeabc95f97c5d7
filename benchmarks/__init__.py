"""How fast LIFSim is, in pairs on an idle machine (`python -m benchmarks`); and what made files of reference."""
