"""Is a request trace simulated sooner than by DRAMsim3?

Whole processes, from the text of the trace to the figures, at one request a cycle. DRAMsim3's program must be on the
PATH as `dramsim3main`; it is given the same device and as many cycles as the trace takes.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import numpy.typing as npt

from benchmarks.frame.figure import Figure, Target
from benchmarks.frame.paired import Command, lifsim, processes
from benchmarks.frame.session import Session
from lifsim.config.dram import load_dram
from lifsim.hardware.dram.requests import Requests, random, sequential, strided, tiled
from lifsim.hardware.dram.simulate import simulate
from lifsim.interchange.dram_trace import read_dram_trace
from lifsim.interchange.dram_trace_out import write_dram_trace
from lifsim.model.dram import DramSpec

PROGRAM, PEER = "dramsim3main", "DRAMsim3"
PROTOCOLS = {"ddr3_1866": "DDR3", "ddr4_2400": "DDR4", "lpddr4_2400": "LPDDR4", "hbm2": "HBM"}
REQUESTS = 250_000

TIMINGS = (
    "AL", "CL", "CWL", "tRCD", "tRP", "tRAS", "tCCD_S", "tCCD_L", "tRRD_S", "tRRD_L", "tFAW", "tWR", "tWTR_S", "tWTR_L",
    "tRTP", "tRFC", "tREFI", "tRTRS", "tPPD",
)  # fmt: skip


def patterns(spec: DramSpec, bursts: int) -> dict[str, Requests]:
    """Of so many bursts each."""
    size = spec.organisation.burst_bytes * bursts
    return {
        "sequential": sequential(size),
        "tile": tiled(spec, size, 4096),
        "strided": strided(spec, size, 4096),
        "random": random(spec, size, 64 << 20, seed=1),
    }


def device_file(spec: DramSpec, protocol: str) -> str:
    """The device in DRAMsim3's words: sections of `key = value`."""
    organisation, timing, controller = spec.organisation, spec.timing, spec.controller
    # Of HBM it counts pairs of columns, and has names of its own for tRCD.
    paired = protocol == "HBM"
    cycles = {name: getattr(timing, name) for name in TIMINGS}
    cycles |= {"tRCDRD": timing.tRCD, "tRCDWR": timing.activate_to_write_cycles} if paired else {}
    structure = {
        "protocol": protocol,
        "bankgroups": organisation.bank_groups,
        "banks_per_group": organisation.banks_per_group,
        "rows": organisation.rows,
        "columns": organisation.columns // 2 if paired else organisation.columns,
        "device_width": organisation.device_bits,
        "BL": organisation.burst_length,
    }
    system = {
        "channel_size": organisation.capacity_bytes // organisation.channels >> 20,
        "channels": organisation.channels,
        "bus_width": organisation.bus_bits,
        "address_mapping": spec.mapping,
        "queue_structure": "PER_BANK",
        "refresh_policy": "RANK_LEVEL_STAGGERED",
        "row_buf_policy": "OPEN_PAGE",
        "cmd_queue_size": controller.command_queue,
        "trans_queue_size": controller.read_queue,
    }
    sections = {"dram_structure": structure, "timing": {"tCK": timing.tCK_ns, **cycles}, "system": system}
    lines = (
        line
        for section, keys in sections.items()
        for line in (f"[{section}]", *(f"{key} = {value}" for key, value in keys.items()), "")
    )
    return "\n".join(lines)


def save(file: Path, requests: Requests, burst_bytes: int) -> int:
    """The bursts that were written, one a cycle: those of a request are asked for when its first one is."""
    bursts = -(-requests.sizes_bytes // burst_bytes)
    cycles: npt.NDArray[np.int64] = np.cumsum(bursts) - bursts
    addresses = requests.addresses.astype(np.int64)
    given = addresses, requests.sizes_bytes, requests.is_write, cycles
    return write_dram_trace(file, "dramsim3", *given, burst_bytes=burst_bytes)


def _cycles(spec: DramSpec, trace: Path) -> int:
    """That the trace takes."""
    read = read_dram_trace(trace)
    sizes = np.full(len(read.addresses), spec.organisation.burst_bytes, np.int64)
    return simulate(spec, Requests(read.addresses, sizes, read.is_write, read.cycles)).cycles


def figures(session: Session) -> Iterator[Figure]:
    """Every device and pattern."""
    program = shutil.which(PROGRAM)
    for device, protocol in PROTOCOLS.items():
        spec = load_dram(device)
        settings = session.folder / f"{device}.ini"
        settings.write_text(device_file(spec, protocol))
        for pattern, requests in patterns(spec, REQUESTS).items():
            trace = session.folder / f"{device}-{pattern}.trace"
            bursts = 1e-6 * save(trace, requests, spec.organisation.burst_bytes)
            ours = lifsim(session.folder, "dram-bench", "--dram", device, trace.name, "--format", "csv")
            theirs = None
            if program is not None:
                until = str(_cycles(spec, trace))
                words = program, settings.name, "-c", until, "-t", trace.name, "-o", "."
                theirs = Command(words, session.folder)
            wall = processes(ours, theirs, session.rounds).wall_s
            found = wall.theirs and wall.theirs.rate(bursts)
            target = Target(1.0, "ratio")
            yield Figure(f"{device}, {pattern}", "M requests/s", wall.ours.rate(bursts), PEER, found, "more", target)
