"""LIFSim's figures against those of other tools: one module per section, each with TITLE, INTRO, TOLERANCE, LARGE and
compare()."""
