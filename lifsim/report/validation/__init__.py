"""LIFSim beside other tools' figures: one module a section, each with TITLE, INTRO, TOLERANCE, LARGE and compare()."""
