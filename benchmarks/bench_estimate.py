"""Is the time that a sweep says it has left right?

    python -m benchmarks.bench_estimate [--workers N] [NAME ...]

Every point of a sweep is run once and recorded with what it computes anew, by CPU time; then the sweep is replayed with
a simulated clock (`benchmarks.sweep_record`), which is exact and repeatable on a busy machine, too. Of every space: at
some of its points, what is told to be left over what is left in truth, with "<" where that is told as a bound;
"--dry-run" is what is told beforehand, over all. "resumed" are sweeps that were stopped at 40 % of their points,
"sampled" a third of them.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from dataclasses import replace

from benchmarks.sweep_record import Node, Worker, recorded, replay
from lifsim.sweeps.coarse import in_stretches, run_first, without
from lifsim.sweeps.estimate import estimate
from lifsim.sweeps.outcome import Outcome
from lifsim.sweeps.plan import Plan, plan
from lifsim.sweeps.remaining import remaining
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


def told(made: Plan, record: dict[int, Node], workers: int, stopped: Sequence[int] = ()) -> str:
    """The ratios of one sweep, `stopped` before at these points."""
    pending = list(without(made.points, stopped))
    first = run_first(made, pending)
    done = replay(record, in_stretches(made.job.space, first, without(pending, first), workers), workers)
    rest, took, all_took = remaining(made, pending), 0.0, sum(each.seconds for each in done)
    marks = {max(1, int(share * len(done))): share for share in SHARES}
    ratios = []
    for run, each in enumerate(done, start=1):
        rest.add(each.point, each.seconds)
        took += each.seconds
        if run in marks:
            # In processes that are as busy as they were so far.
            left = rest.left.seconds * each.done / took
            ratios.append(f"{marks[run]:.0%}: {left / (done[-1].done - each.done):.2f}{'' if rest.left.known else '<'}")
    return f"{counted(len(done), 'point')}, {len(first)} first, {all_took:.1f} s; {'  '.join(ratios)}"


def dry(made: Plan, record: dict[int, Node], workers: int) -> str:
    """What is told beforehand, over what all take."""
    worker = Worker(record)
    guess = estimate(made, workers, run=lambda point: Outcome(point, "", {}, seconds=worker.seconds(point)))
    points = in_stretches(made.job.space, *_parted(made), workers)
    return f"--dry-run: {guess.seconds / replay(record, points, workers)[-1].done:.2f}{'<' if guess.at_most else ''}"


def _parted(made: Plan) -> tuple[Sequence[int], Sequence[int]]:
    first = run_first(made, made.points)
    return first, without(made.points, first)


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
        first, others = _parted(made)
        stopped = [*first, *others][: 2 * len(made.points) // 5]
        print(f"    resumed: {told(made, record, asked.workers, stopped)}")
        sampled = replace(made, points=chosen_points(made.job.space, len(made.points) // 3, 0))
        print(f"    sampled: {told(sampled, record, asked.workers)}", flush=True)


if __name__ == "__main__":
    main(sys.argv[1:])
