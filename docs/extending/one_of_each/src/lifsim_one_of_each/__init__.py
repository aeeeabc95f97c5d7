"""One member of each kind that LIFSim does not ship, as short as can be."""
