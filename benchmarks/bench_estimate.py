"""Is the time that a sweep says it has left right?

    python -m benchmarks.bench_estimate [--workers N] [NAME ...]

Every point of a sweep is run once and recorded with what it computes anew, by CPU time; then the sweep is replayed with
a simulated clock (`benchmarks.sweep_record`), which is exact and repeatable on a busy machine, too. Of every space: at
some of its points, what is told to be left over what is left in truth, or that it is being estimated; "--dry-run" is
what is told beforehand, over all, with "<" where that is told as a bound. "resumed" are sweeps that were stopped at 40%
of their points, "sampled" a third of them.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from dataclasses import replace

from benchmarks.sweep_record import Node, Replayed, Worker, recorded, replay
from lifsim.sweeps.coarse import coarse_grid, without
from lifsim.sweeps.course import course
from lifsim.sweeps.estimate import estimate
from lifsim.sweeps.outcome import Outcome
from lifsim.sweeps.plan import Plan, plan
from lifsim.sweeps.request import options_document, read_request
from lifsim.sweeps.space import chosen_points
from lifsim.units import counted

MEMBRANE = "buffers.membrane.size_bytes=8KiB:80KiB:+8KiB"
FEW_MEMBRANES = "buffers.membrane.size_bytes=8KiB:64KiB:x2"
WEIGHT = "buffers.weight.size_bytes=16KiB:256KiB:x2"
SPIKES = "buffers.spike_in.size_bytes=8KiB:128KiB:x2"
BUFFERS = (MEMBRANE, WEIGHT, SPIKES)
SHARINGS = ["none", "layer", "channel2", "channel4"]
NETWORKS = ["lenet5_mnist", "vgg9_cifar10", "vgg16_cifar10"]
ARRAYS = ("array.rows=16,32,64,128", "array.cols=16,32,64,128")
DEVICES = "dram.device=ddr3_1866,ddr4_2400,hbm2"

SPACES: dict[str, tuple[dict[str, object], tuple[str, ...]]] = {
    "none": ({"sharing": ["none"]}, BUFFERS),
    "layer": ({"sharing": ["layer"]}, BUFFERS),
    "channel2": ({"sharing": ["channel2"]}, BUFFERS),
    "sharings": ({"sharing": SHARINGS}, (FEW_MEMBRANES, WEIGHT, SPIKES)),
    "devices": ({"sharing": ["none", "layer"]}, (DEVICES, MEMBRANE, WEIGHT)),
    "arrays": ({"sharing": ["none"]}, (*ARRAYS, WEIGHT)),
    "networks": ({"sharing": ["none", "layer"], "workload": NETWORKS}, (MEMBRANE, WEIGHT)),
    "batches": (
        {"sharing": ["none", "channel2"], "workload": ["vgg9_cifar10"], "batch": [1, 2, 4]},
        (MEMBRANE, WEIGHT),
    ),
    "accelerators": (
        {"arch": ["sata128", "eyeriss_like", "tpu_like_small"], "sharing": ["none", "channel2"]},
        (FEW_MEMBRANES, WEIGHT, SPIKES),
    ),
    "schedules": (
        {"schedule": ["tick", "timestep", "fused", "auto"], "sharing": SHARINGS[:2], "workload": ["vgg9_cifar10"]},
        (MEMBRANE, WEIGHT),
    ),
    "failures": (
        {
            "workload": ["lenet5_mnist", "digits_cnn", "vgg9_cifar10"],
            "batch": [1, 2, 4],
            "schedule": ["tick", "timestep"],
        },
        (FEW_MEMBRANES, WEIGHT),
    ),
    "training": (
        {"mode": ["training"], "workload": ["lenet5_mnist"], "batch": [2], "sharing": SHARINGS[:2]},
        (MEMBRANE, WEIGHT),
    ),
    "clocks": ({"sharing": ["none", "layer"]}, ("clock_hz=200MHz,400MHz,800MHz", WEIGHT, SPIKES)),
}
SHARES = (0.05, 0.1, 0.25, 0.5, 0.75)


def told(made: Plan, record: dict[int, Node], workers: int, before: Sequence[Replayed] = (), costs: bool = True) -> str:
    """The ratios of one sweep, which was stopped `before`; costs: with what points of the coarse grid took then."""
    pending = list(without(made.points, [each.point for each in before]))
    grid = set(coarse_grid(made.job.space).points())
    known = {each.point: each.seconds for each in before if costs and each.point in grid}
    found = course(made, pending, workers, known)
    done = replay(record, found.points, workers)
    took, all_took = 0.0, sum(each.seconds for each in done)
    marks = {max(1, int(share * len(done))): share for share in SHARES}
    ratios = []
    for run, each in enumerate(done, start=1):
        found.rest.add(each.point, each.seconds)
        took += each.seconds
        if run in marks:
            left = found.rest.left
            # In processes that are as busy as they were so far.
            ratio = left.seconds * each.done / took / (done[-1].done - each.done)
            ratios.append(f"{marks[run]:.0%}: {f'{ratio:.2f}' if left.known else 'estimating'}")
    return f"{counted(len(done), 'point')}, {len(found.first)} first, {all_took:.1f} s; {'  '.join(ratios)}"


def dry(made: Plan, record: dict[int, Node], workers: int) -> str:
    """What is told beforehand, over what all take."""
    worker = Worker(record)
    guess = estimate(made, workers, run=lambda point: Outcome(point, "", {}, seconds=worker.seconds(point)))
    took = replay(record, course(made, made.points, workers).points, workers)[-1].done
    return f"--dry-run: {guess.seconds / took:.2f}{'<' if guess.at_most else ''}"


def main(arguments: Sequence[str]) -> None:
    """Of each space, or of those that are named."""
    parser = argparse.ArgumentParser(prog="bench_estimate")
    parser.add_argument("names", nargs="*", metavar="NAME", help=", ".join(SPACES))
    parser.add_argument("--workers", type=int, default=1, help="processes of the sweep")
    asked = parser.parse_args(arguments)
    for name in asked.names or SPACES:
        options, vary = SPACES[name]
        made = plan(read_request(None, options_document(options, (), vary)))
        record = recorded(made.job, made.points)
        print(f"{name}: {told(made, record, asked.workers)}; {dry(made, record, asked.workers)}", flush=True)
        points = course(made, made.points, asked.workers).points
        before = replay(record, points, asked.workers)[: 2 * len(made.points) // 5]
        print(f"    resumed: {told(made, record, asked.workers, before)}")
        print(f"    resumed, by an older store: {told(made, record, asked.workers, before, costs=False)}")
        sampled = replace(made, points=chosen_points(made.job.space, len(made.points) // 3, 0))
        print(f"    sampled: {told(sampled, record, asked.workers)}", flush=True)


if __name__ == "__main__":
    main(sys.argv[1:])
