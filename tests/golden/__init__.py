"""Whole runs whose figures must not change unless a commit says why.

`python -m tests.golden write FOLDER` keeps summary.json and layers.csv of every run; `compare FOLDER` tells every
figure that differs from those kept; `update` writes totals.csv, the few totals of each run that are kept with the code.
"""
