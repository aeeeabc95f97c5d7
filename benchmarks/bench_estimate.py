"""Is the time that a sweep says it has left right?

    python -m benchmarks.bench_estimate [NAME ...]

By CPU time of one process, so that it serves on a busy machine, too: at 10, 25 and 50 % of the points, what is told to
be left over what is left in truth; "<" beside what is told as a bound, since not all lines of the space are run.
"--dry-run" is what is told beforehand, over all.
"""

from __future__ import annotations

import sys
import time

from lifsim.sweeps.estimate import estimate
from lifsim.sweeps.evaluate import Evaluator
from lifsim.sweeps.lines import run_first, without
from lifsim.sweeps.plan import Plan, plan
from lifsim.sweeps.remaining import remaining
from lifsim.sweeps.request import options_document, read_request
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
    "clocks": ({"sharing": ["none", "layer"]}, ("clock_hz=200MHz,400MHz,800MHz", WEIGHT, SPIKES)),
}
SHARES = (0.1, 0.25, 0.5)


def told(made: Plan) -> str:
    """The ratios of one space."""
    clock, time.monotonic = time.monotonic, time.process_time
    try:
        guess = estimate(made, 1)
    finally:
        time.monotonic = clock
    first = run_first(made, made.points)
    points = [*first, *without(made.points, first)]
    rest, evaluator = remaining(made, made.points), Evaluator(made.job)
    marks = {int(share * len(points)): share for share in SHARES}
    said, took = list[tuple[float, float, float, bool]](), 0.0
    for run, point in enumerate(points, start=1):
        before = time.process_time()
        evaluator.outcome(point)
        seconds = time.process_time() - before
        rest.add(point, seconds)
        took += seconds
        if run in marks:
            left = rest.left
            said.append((marks[run], took, left.seconds, left.known))
    ratios = [f"{share:.0%}: {left / (took - then):.2f}{'' if known else '<'}" for share, then, left, known in said]
    ratios.insert(0, f"--dry-run: {guess.seconds / took:.2f}{'<' if guess.at_most else ''}")
    return f"{counted(len(points), 'point')}, {len(first)} on lines, {took:.1f} s; {'  '.join(ratios)}"


def main() -> None:
    """Of each space, or of those that are named."""
    for name in sys.argv[1:] or SPACES:
        options, vary = SPACES[name]
        print(f"{name}: {told(plan(read_request(None, options_document(options, (), vary))))}", flush=True)


if __name__ == "__main__":
    main()
