"""Is the time that a sweep says it has left right?

    python -m benchmarks.bench_estimate [--workers N] [--records FOLDER [--keep]] [NAME ...]

Every point of a sweep is run once and recorded with what it computes anew, by CPU time; then the sweep is replayed with
a simulated clock (`benchmarks.sweep_record`), which is exact and repeatable on a busy machine, too. Of every space: at
some of its points, what is told to be left over what is left in truth, or that it is being estimated; "--dry-run" is
what is told beforehand, over all, with "<" where that is told as a bound. "resumed" are sweeps that were stopped at 40%
of their points, "sampled" a third of them. Records of a folder are replayed in the place of new ones, or made (--keep).
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from benchmarks.kept_record import keep, kept
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
STOPPED, SAMPLED = 0.4, 1 / 3


def ratios(
    made: Plan, record: dict[int, Node], workers: int, before: Sequence[Replayed] = (), *, costs: bool = True
) -> dict[float, float | None]:
    """At each of SHARES of the points of a sweep what is told to be left, over what is; None while it is being
    estimated. before: the part that was run by an earlier process; costs: whether it kept what its points took."""
    pending = list(without(made.points, [each.point for each in before]))
    grid = set(coarse_grid(made.job.space).points())
    known = {each.point: each.seconds for each in before if costs and each.point in grid}
    found, took, told = course(made, pending, workers, known), 0.0, dict[float, float | None]()
    done = replay(record, found.points, workers)
    marks = {max(1, int(share * len(done))): share for share in SHARES}
    for run, each in enumerate(done, start=1):
        found.rest.add(each.point, each.seconds)
        took += each.seconds
        if run in marks:
            left = found.rest.left
            # In processes that are as busy as they were so far.
            ratio = left.seconds * each.done / took / (done[-1].done - each.done)
            told[marks[run]] = ratio if left.known else None
    return told


def _in_words(ratios: dict[float, float | None]) -> str:
    return "  ".join(
        f"{share:.0%}: {'estimating' if told is None else f'{told:.2f}'}" for share, told in ratios.items()
    )


def stopped(made: Plan, record: dict[int, Node], workers: int) -> Sequence[Replayed]:
    """The first part of a sweep."""
    return replay(record, course(made, made.points, workers).points, workers)[: int(STOPPED * len(made.points))]


def sampled(made: Plan) -> Plan:
    """Some of the points."""
    return replace(made, points=chosen_points(made.job.space, int(SAMPLED * len(made.points)), 0))


def dry(made: Plan, record: dict[int, Node], workers: int) -> str:
    """What is told beforehand, over what all take."""
    worker = Worker(record)
    guess = estimate(made, workers, run=lambda point: Outcome(point, "", {}, seconds=worker.seconds(point)))
    took = replay(record, course(made, made.points, workers).points, workers)[-1].done
    return f"--dry-run: {guess.seconds / took:.2f}{'<' if guess.at_most else ''}"


def planned(name: str) -> Plan:
    """The sweep of one of SPACES."""
    options, vary = SPACES[name]
    return plan(read_request(None, options_document(options, (), vary)))


def _record(made: Plan, path: Path | None, *, keeping: bool) -> dict[int, Node]:
    if path is not None and not keeping:
        return kept(path)
    record = recorded(made.job, made.points)
    if path is not None:
        keep(record, path)
    return record


def main(arguments: Sequence[str]) -> None:
    """Of each space, or of those that are named."""
    parser = argparse.ArgumentParser(prog="bench_estimate")
    parser.add_argument("names", nargs="*", metavar="NAME", help=", ".join(SPACES))
    parser.add_argument("--workers", type=int, default=1, help="processes of the sweep")
    parser.add_argument("--records", type=Path, metavar="FOLDER")
    parser.add_argument("--keep", action="store_true", help="Make them.")
    asked = parser.parse_args(arguments)
    for name in asked.names or SPACES:
        made = planned(name)
        record = _record(made, None if asked.records is None else asked.records / f"{name}.json.gz", keeping=asked.keep)
        some, before = sampled(made), stopped(made, record, asked.workers)
        lines = {
            f"{name}, {counted(len(made.points), 'point')}": ratios(made, record, asked.workers),
            "  resumed": ratios(made, record, asked.workers, before),
            "  resumed, by an older store": ratios(made, record, asked.workers, before, costs=False),
            "  sampled": ratios(some, record, asked.workers),
        }
        for said, found in lines.items():
            print(f"{said}: {_in_words(found)}")
        print(f"  {dry(made, record, asked.workers)}; sampled {dry(some, record, asked.workers)}", flush=True)


if __name__ == "__main__":
    main(sys.argv[1:])
