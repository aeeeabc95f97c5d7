"""How fast are DRAM request traces of text read and simulated?"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from pathlib import Path

import numpy as np
import numpy.typing as npt

from benchmarks.bench_roofline import NEWLINES
from benchmarks.frame.figure import Figure, Target
from benchmarks.frame.paired import in_process, lifsim, processes
from benchmarks.frame.session import Session
from lifsim.config.dram import load_dram
from lifsim.hardware.dram.requests import Requests, random, sequential, strided, tiled
from lifsim.interchange.dram_trace import read_dram_trace
from lifsim.interchange.dram_trace_out import write_dram_trace

DEVICE, BURST_BYTES, REQUESTS = "ddr4_2400", 64, 1_000_000
DRAMSIM3_BEST = 0.5
"""M requests/s: the most that was ever seen of DRAMsim3 on such traces, elsewhere; it is not on this machine."""
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


def _patterns() -> dict[str, Requests]:
    """Of REQUESTS bursts each."""
    spec, size = load_dram(DEVICE), BURST_BYTES * REQUESTS
    return {
        "sequential": sequential(size),
        "tile": tiled(spec, size, 4096),
        "strided": strided(spec, size, 4096),
        "random": random(spec, size, 64 << 20, seed=1),
    }


def _saved(file: Path, requests: Requests) -> int:
    """The bursts that were written, one asked for in each cycle."""
    cycles: npt.NDArray[np.int64] = np.cumsum(-(-requests.sizes_bytes // BURST_BYTES))
    addresses = requests.addresses.astype(np.int64)
    given = addresses, requests.sizes_bytes, requests.is_write, cycles
    return write_dram_trace(file, "dramsim3", *given, burst_bytes=BURST_BYTES)


def figures(session: Session) -> Iterator[Figure]:
    """Reading alone, warm; and `lifsim dram-bench TRACE` from the shell, with all that a process takes."""
    for form in WORDS:
        file = session.folder / f"{form.replace(' ', '')}.trace"
        _write(file, form)
        rate = in_process(partial(read_dram_trace, file), None, session.rounds).ours.rate(1e-6 * REQUESTS)
        limit = session.limit(NEWLINES)
        yield Figure(f"{form}'s form, read", "M lines/s", rate, better="more", target=Target(5.0), limit=limit)
    for pattern, requests in _patterns().items():
        file = session.folder / f"{pattern}.trace"
        bursts = 1e-6 * _saved(file, requests)
        words = "dram-bench", "--dram", DEVICE, file.name, "--format", "csv"
        past = lifsim(session.folder, *words, checkout=session.past) if session.past else None
        wall = processes(lifsim(session.folder, *words), past, session.rounds).wall_s
        ours, theirs = wall.ours.rate(bursts), wall.theirs and wall.theirs.rate(bursts)
        target, unit = Target(DRAMSIM3_BEST), "M requests/s"
        yield Figure(f"{pattern}, a process", unit, ours, "LIFSim before", theirs, "more", target)
