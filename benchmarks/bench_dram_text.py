"""How fast are DRAM request traces of text read and simulated?"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from pathlib import Path

import numpy as np

from benchmarks.bench_dramsim3 import patterns, save
from benchmarks.bench_roofline import NEWLINES
from benchmarks.frame.figure import Figure, Target
from benchmarks.frame.paired import in_process, lifsim, processes
from benchmarks.frame.session import Session
from lifsim.config.dram import load_dram
from lifsim.interchange.dram_trace import read_dram_trace

DEVICE, BURST_BYTES, REQUESTS = "ddr4_2400", 64, 1_000_000
DRAMSIM3_BEST = 0.5
"""M requests/s: the most that was ever seen of DRAMsim3 on such traces; bench_dramsim3.py measures it, where it is."""
WORDS = {
    "DRAMsim3": "0x{0:X} {1} {2}",
    "Ramulator": "0x{0:X} {3}",
    "Ramulator 2": "{4} {0}",
}


def _write(file: Path, form: str) -> None:
    """A trace of REQUESTS lines."""
    drawn = np.random.default_rng(0).integers(0, 1 << 27, REQUESTS).tolist()
    with file.open("w") as text:
        for number, place in enumerate(drawn):
            kinds = ("WRITE", "W", "ST") if number % 4 == 3 else ("READ", "R", "LD")
            text.write(WORDS[form].format(BURST_BYTES * place, kinds[0], 4 * number, *kinds[1:]) + "\n")


def figures(session: Session) -> Iterator[Figure]:
    """Reading alone, warm; and `lifsim dram-bench TRACE` from the shell, with all that a process takes."""
    for form in WORDS:
        file = session.folder / f"{form.replace(' ', '')}.trace"
        _write(file, form)
        rate = in_process(partial(read_dram_trace, file), None, session.rounds).ours.rate(1e-6 * REQUESTS)
        limit = session.limit(NEWLINES)
        yield Figure(f"{form}'s form, read", "M lines/s", rate, better="more", target=Target(5.0), limit=limit)
    for pattern, requests in patterns(load_dram(DEVICE), REQUESTS).items():
        file = session.folder / f"{pattern}.trace"
        bursts = 1e-6 * save(file, requests, BURST_BYTES)
        words = "dram-bench", "--dram", DEVICE, file.name, "--format", "csv"
        past = lifsim(session.folder, *words, checkout=session.past) if session.past else None
        wall = processes(lifsim(session.folder, *words), past, session.rounds).wall_s
        ours, theirs = wall.ours.rate(bursts), wall.theirs and wall.theirs.rate(bursts)
        target, unit = Target(DRAMSIM3_BEST), "M requests/s"
        yield Figure(f"{pattern}, a process", unit, ours, "LIFSim before", theirs, "more", target)
