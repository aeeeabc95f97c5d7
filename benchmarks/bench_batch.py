"""How do time and memory of a run grow with its images?

    python -m benchmarks run batch                  # whole commands of 1 and 16 images, kept
    python -m benchmarks.bench_batch [--past TREE]  # up to 256, the exponent, the refusal; of a busy machine, printed

ResNet-19 on 224 x 224 under a DRAM that is simulated burst by burst, each batch in a process of its own: CPU seconds
and peak memory, of this tree and, in turns with it, of a source tree before; the exponent of the time; and how soon a
run that its DRAM has no room for is refused. The minimum of some rounds, as a busy machine adds but never takes.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from benchmarks.frame.figure import Figure
from benchmarks.frame.paired import lifsim, processes
from benchmarks.frame.session import Session

HERE = Path(__file__).resolve().parents[1]
WORKLOAD, DEVICE = "resnet19_imagenet100", "ddr4_2400"
BATCHES = (1, 16)
"""Of the figures that are kept: the device as it is has room for them."""
ROWS = 1 << 17
"""Of the device: 16 GiB, so that 256 images fit."""

CHILD = """
import json, resource, sys, time
import lifsim
batch, rows, device = int(sys.argv[1]), sys.argv[2], sys.argv[3]
overrides = [] if rows == "0" else [f"dram.device.organisation.rows={rows}"]
began = time.process_time()
try:
    cycles = lifsim.run(workload=sys.argv[4], batch=batch, dram=device or None, overrides=overrides).totals.cycles.total
except lifsim.InputError:
    cycles = 0
peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
print(json.dumps([time.process_time() - began, peak / 1024, cycles]))
"""


@dataclass(frozen=True)
class Measured:
    """cpu_s: of the call, without imports; peak_mib: of the process; cycles: of the run, 0 where it is refused."""

    cpu_s: float
    peak_mib: float
    cycles: int


def figures(session: Session) -> Iterator[Figure]:
    """Whole commands beside the LIFSim of before: seconds on the clock, and MB at most."""
    folders = [session.folder / side for side in ("ours", "past")]
    for folder in folders:
        folder.mkdir()
    for batch in BATCHES:
        words = ("run", "--workload", WORKLOAD, "--dram", DEVICE, "--batch", str(batch))
        past = None if session.past is None else lifsim(folders[1], *words, checkout=session.past)
        found = processes(lifsim(folders[0], *words), past, max(1, session.rounds // 2))
        case, wall, peak = f"ResNet-19, 224 x 224, batch {batch}", found.wall_s, found.peak_mb
        yield Figure(case, "s", wall.ours, "the past", wall.theirs)
        yield Figure(f"{case}: memory", "MB", peak.ours, "the past", peak.theirs)


def measured(tree: Path, batch: int, *, rows: int = ROWS, device: str = DEVICE) -> Measured:
    """One run of the source tree."""
    call = [sys.executable, "-c", CHILD, str(batch), str(rows), device, WORKLOAD]
    done = subprocess.run(call, cwd=tree, env=os.environ | {"PYTHONPATH": str(tree)}, capture_output=True, check=True)
    return Measured(*json.loads(done.stdout.splitlines()[-1]))


def best(found: list[Measured]) -> Measured:
    """The least time and memory; the figures must be the same."""
    if len({one.cycles for one in found}) != 1:
        raise ValueError(f"runs differ: {found}")
    return Measured(min(one.cpu_s for one in found), min(one.peak_mib for one in found), found[0].cycles)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--past", type=Path, help="a source tree before, which is measured in turns")
    parser.add_argument("--batch", type=int, nargs="+", default=[1, 4, 16, 64, 256])
    parser.add_argument("--rounds", type=int, default=3)
    asked = parser.parse_args()
    trees = {"now": HERE} | ({"past": asked.past.resolve()} if asked.past else {})
    print(f"load {os.getloadavg()[0]:.2f} on {os.cpu_count()} cores; minimum of {asked.rounds} rounds", flush=True)
    times = list[float]()
    for batch in asked.batch:
        found: dict[str, list[Measured]] = {name: [] for name in trees}
        for _ in range(asked.rounds):
            for name, tree in trees.items():
                found[name].append(measured(tree, batch))
        now = best(found["now"])
        times.append(now.cpu_s)
        line = f"batch {batch:4}: {now.cpu_s:8.2f} s CPU, {now.peak_mib:6.0f} MiB, {now.cycles:,} cycles"
        if "past" in found:
            past = best([*found["past"]])
            same = "the same figures" if past.cycles == now.cycles else "OTHER FIGURES"
            line += f"; past {past.cpu_s:.2f} s, {past.peak_mib:.0f} MiB, ratio {past.cpu_s / now.cpu_s:.2f}x, {same}"
        print(line, flush=True)
    if len(times) > 1:
        sizes, took = np.log(asked.batch), np.log(times)
        slope = float(np.polyfit(sizes[-3:], took[-3:], 1)[0])
        print(f"exponent of the largest batches: {slope:.2f} (at most 1.1)")
    for name, tree in trees.items():
        refused = best([measured(tree, 64, rows=0, device="") for _ in range(asked.rounds)])
        print(f"64 images beyond the DRAM are refused after {refused.cpu_s:.2f} s CPU ({name})")


if __name__ == "__main__":
    main()
