"""Does more buffer ever cost? Each buffer from 1 KiB to 16 MiB: DRAM bytes never rise, cycles hardly.

`python -m tests.buffer_sweeps FILE.csv` sweeps every buffer of machines of each dataflow, with a simulated DRAM and
with one that nobody waits for; it prints and writes every rise of cycles with the layers and causes that it comes from,
and exits 1 where bytes rise, or cycles by more than 0.3 % while as many bytes move.
"""
