"""Is any objective beaten in its own figure by another, by `tick` or by `timestep`?

`python -m tests.objectives FILE.csv` runs all shipped networks of 32 x 32 on all shipped machines that schedule, under
three sharings and five schedules; it prints the table, writes it, and exits 1 where an objective is beaten.
"""
