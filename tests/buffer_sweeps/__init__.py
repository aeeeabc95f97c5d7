"""Does more buffer ever cost? Each buffer from 1 KiB to 16 MiB: DRAM bytes never rise, cycles hardly.

`python -m tests.buffer_sweeps FILE.csv` sweeps every buffer of machines of each dataflow, with a simulated DRAM and
with one that nobody waits for, under every schedule and under `auto --objective cycles`. It prints and writes every
rise of cycles with what explains it, found from the two runs, and with the layers and causes that it comes from. It
exits 1 where nothing does: bytes rise where the fewest are asked for; cycles rise by more than 0.3 % while as many
bytes move, or by the same plan; by cycles, whenever they rise by more than that.
"""
