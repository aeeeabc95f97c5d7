"""A whole training run of a small network, counted from the documents: docs/model.md, sections 3 to 5 and 11.

Nothing here imports lifsim. What a plan decides (groups, tiles, what stays) is told; what that moves and works is
walked or summed up row by row, and where the documents say that the best is taken, all are tried.
"""
