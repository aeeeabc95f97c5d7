"""How long does it take to look at, draw and export a sweep of a million points, and how much memory?

    python -m benchmarks.bench_store [--points N] [--rounds N] [--past CHECKOUT]

Rows of VGG-9 that were run, again and again with other energies, areas and stalls, so that no two are the same. Whole
processes: seconds of CPU, the least of the rounds, beside those of an earlier LIFSim, in turn; MB at most.
"""

from __future__ import annotations

import hashlib
import tempfile
from pathlib import Path

import click
import numpy as np

from benchmarks.frame.paired import Pair, lifsim, processes
from lifsim.sweeps.evaluate import Evaluator
from lifsim.sweeps.outcome import Outcome
from lifsim.sweeps.plan import Job, plan
from lifsim.sweeps.request import options_document, read_request
from lifsim.sweeps.store import Store
from lifsim.units import counted

SWEEP = (
    "--workload", "vgg9_cifar10", "--sharing", "none,layer,channel2,channel4", "--schedule", "timestep",
    "--vary", "buffers.membrane.size_bytes=4KiB:200KiB:+4KiB", "--vary", "buffers.weight.size_bytes=4KiB:200KiB:+4KiB",
    "--vary", "buffers.spike_in.size_bytes=1KiB:100KiB:+1KiB",
)  # fmt: skip
ALL = 1_000_000
"""Its points."""

PARETO = ("plot", "sweep", "s", "--pareto", "energy_pj.total,cycles.total", "--by", "sharing", "--force", "--out")
COMMANDS: dict[str, tuple[str, ...]] = {
    "store show": ("store", "show", "s"),
    "store show --where --top": ("store", "show", "s", "--where", "sharing = channel2", "--top", "20"),
    "plot sweep --x": ("plot", "sweep", "s", "--x", "buffers.membrane.size_bytes", "--by", "sharing", "--force"),
    "plot sweep --heat": (
        "plot", "sweep", "s", "--heat", "buffers.weight.size_bytes,buffers.membrane.size_bytes", "--force",
    ),
    "plot sweep --pareto, PNG": (*PARETO, "p.png"),
    "plot sweep --pareto, PDF": (*PARETO, "p.pdf"),
    "sweep, all points there": ("sweep", *SWEEP, "--out", "s"),
    "store export --format parquet": ("store", "export", "s", "--format", "parquet", "--force"),
    "store export --format csv": ("store", "export", "s", "--format", "csv", "--force"),
    "store export --format json": ("store", "export", "s", "--format", "json", "--force"),
}  # fmt: skip
RUN = 60
"""Points of each sharing that are run."""


@click.command(help=__doc__)
@click.option("--points", default=ALL, show_default=True, type=click.IntRange(4, ALL))
@click.option("--rounds", default=3, show_default=True, type=click.IntRange(1))
@click.option("--past", type=click.Path(exists=True, file_okay=False, path_type=Path), help="Source tree before.")
@click.option("--only", default="", help="Commands with this in their name.")
def main(points: int, rounds: int, past: Path | None, only: str) -> None:
    """Make the store, then time every command."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        make(folder / "s", points)
        size = (folder / "s").stat().st_size
        print(f"{counted(points, 'point')}, {size / points:,.0f} B each; seconds of CPU, MB at most")
        for said, words in COMMANDS.items():
            if only in said and (points == ALL or words[0] != "sweep"):
                before = None if past is None else lifsim(folder, *words, checkout=past)
                found = processes(lifsim(folder, *words), before, rounds, warm_up=0)
                print(f"{said}: {_told(found.cpu_s, 's', 1)}, {_told(found.peak_mb, 'MB', 0)}", flush=True)


def make(path: Path, points: int) -> None:
    """A store of so many points, spread over the sweep. Its rows are those of the points as far as sums go."""
    axes = tuple(value for option, value in zip(SWEEP[::2], SWEEP[1::2], strict=True) if option == "--vary")
    options = {"workload": ["vgg9_cifar10"], "sharing": SWEEP[3].split(","), "schedule": ["timestep"]}
    job = plan(read_request(None, options_document(options, (), axes))).job
    run = _run(job)
    each = job.space.points // len(run)
    with Store.create_or_open(path, job.description()) as store:
        for number in range(points):
            point = number * job.space.points // points
            some = run[point // each]
            store.add(_changed(point, some[point % len(some)]), job.space.at(point))


def _run(job: Job) -> list[list[Outcome]]:
    """Points of each sharing."""
    evaluator, chance = Evaluator(job), np.random.default_rng(0)
    sharings = len(SWEEP[3].split(","))
    each = job.space.points // sharings
    return [
        [evaluator.outcome(place * each + int(point)) for point in chance.choice(each, RUN, replace=False)]
        for place in range(sharings)
    ]


def _changed(point: int, outcome: Outcome) -> Outcome:
    """`outcome` as that of `point`."""
    chance, figures = np.random.default_rng(point), dict(outcome.figures or {})
    more = int(chance.integers(100_000))
    for name in ("cycles.stall_weights", "cycles.total", "dram_bytes.weights", "dram_bytes.total"):
        figures[name] += more
    for name in ("energy_pj.total", "energy_pj.total.work", "area_mm2"):
        figures[name] *= 1 + float(chance.random())
    return Outcome(point, hashlib.sha256(str(point).encode()).hexdigest(), figures)


def _told(pair: Pair, unit: str, digits: int) -> str:
    ours = min(pair.ours.rounds)
    if pair.theirs is None:
        return f"{ours:.{digits}f} {unit}"
    theirs = min(pair.theirs.rounds)
    return f"{ours:.{digits}f} {unit} (before {theirs:.{digits}f}, {theirs / ours:.1f}x)"


if __name__ == "__main__":
    main()
