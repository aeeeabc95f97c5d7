"""One buffer of a machine, from small to large."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from itertools import pairwise, product

from lifsim.accounting.prices import BUFFERS
from lifsim.hardware.array import sparsity_of
from lifsim.memo import Shared
from lifsim.simulate.inputs import load_inputs
from lifsim.simulate.pipeline import simulate
from lifsim.simulate.result import Result
from lifsim.simulate.spikes import read_spikes
from lifsim.units import format_bytes

SIZES = tuple(1 << power for power in range(10, 25))

MOST = 0.003
"""By which cycles may rise."""

BY_CYCLES = "cycles"

MACHINES = {
    "os": ("sata128", ()),
    "ws": ("tpu_like_small", ()),
    "is": ("tpu_like_small", ("array.dataflow=is",)),
}
MEMORIES = {"simulated": (), "ideal": ("dram.model=ideal",)}
NETWORKS = ("vgg9_cifar10", "vgg16_cifar10")
SHARINGS = ("none", "layer", "channel4")
SCHEDULES = {
    "tick": {"schedule": "tick"},
    "timestep": {"schedule": "timestep"},
    "auto": {"schedule": "auto"},
    BY_CYCLES: {"schedule": "auto", "objective": "cycles"},
}
"""Options by what a sweep calls them: all but one ask for the fewest bytes."""


@dataclass(frozen=True)
class Sweep:
    """machine: of `MACHINES`; memory: of `MEMORIES`; schedule: of `SCHEDULES`."""

    machine: str
    memory: str
    network: str
    sharing: str
    schedule: str
    buffer: str

    def results(self, sizes: Sequence[int] = SIZES) -> Iterator[Result]:
        """Runs with a buffer of each size, on the same spikes."""
        arch, settings = MACHINES[self.machine]
        spikes, shared = None, Shared()
        for size in sizes:
            sized = f"buffers.{self.buffer}.size_bytes={size}"
            overrides = [*settings, *MEMORIES[self.memory], sized]
            inputs = load_inputs(arch, self.network, self.sharing, SCHEDULES[self.schedule], overrides)
            sparsity = sparsity_of(inputs.arch.array)
            spikes = spikes or read_spikes(inputs.network, inputs.sharing, inputs.options, sparsity)
            yield simulate(inputs.arch, inputs.network, inputs.sharing, inputs.options, spikes, shared)


@dataclass(frozen=True)
class Rise:
    """From one size to the next. cycles: by how much, as a share; work: of it, that of array and LIF units, the rest
    are waits; moved: DRAM bytes more, or fewer; replanned: whether any layer is cut, or keeps, another way; where: what
    rose."""

    sweep: Sweep
    size: int
    cycles: float
    work: float
    moved: int
    replanned: bool
    where: str

    @property
    def is_trade(self) -> bool:
        """Whether it is much, and another plan saves bytes by it, of which schedules take the fewest."""
        return self.cycles > MOST and self.moved < 0 and self.replanned and self.sweep.schedule != BY_CYCLES

    @property
    def is_fault(self) -> bool:
        """Whether nothing explains it: bytes that rise where the fewest are asked for, or many cycles."""
        if self.sweep.schedule == BY_CYCLES:
            return self.cycles > MOST
        return self.moved > 0 or (self.cycles > MOST and not self.is_trade)

    @property
    def why(self) -> str:
        """In words."""
        longer = "works" if self.work > self.cycles / 2 else "waits"
        if self.is_fault:
            return "nothing explains it" if self.cycles > MOST else "bytes must not rise"
        if self.sweep.schedule == BY_CYCLES:
            return f"another plan that {longer} longer, by 0.3 % at most" if self.replanned else QUEUE
        if self.moved < 0 and self.replanned:
            fewer = f"bytes fall by {-self.moved:,}"
            return f"{fewer}: the objective prefers them, and the plan that saves them {longer} longer"
        if self.moved < 0:
            return f"bytes fall by {-self.moved:,}; {QUEUE}"
        return f"a tie: another plan moves as many bytes, and {longer} longer" if self.replanned else QUEUE

    def __str__(self) -> str:
        return (
            f"{', '.join(asdict(self.sweep).values())}, {format_bytes(self.size)} to {format_bytes(2 * self.size)}: "
            f"cycles {self.cycles:+.3%}, DRAM bytes {self.moved:+,}: {self.why}; {self.where}"
        )


QUEUE = "the queue: the plan is the same, and loads that come earlier hold up others"


def sweeps() -> list[Sweep]:
    """All of them."""
    return [Sweep(*names) for names in product(MACHINES, MEMORIES, NETWORKS, SHARINGS, SCHEDULES, BUFFERS)]


def rises(sweep: Sweep, sizes: Sequence[int] = SIZES) -> Iterator[Rise]:
    """Where cycles rise, or bytes do and must not."""
    for (size, less), (_, more) in pairwise(zip(sizes, sweep.results(sizes), strict=True)):
        total = less.totals.cycles.total
        rise = Rise(
            sweep=sweep,
            size=size,
            cycles=more.totals.cycles.total / total - 1,
            work=(_work(more) - _work(less)) / total,
            moved=more.totals.dram_bytes.total - less.totals.dram_bytes.total,
            replanned=[record.counts.tiling for record in less.records]
            != [record.counts.tiling for record in more.records],
            where=_where(less, more),
        )
        if rise.cycles > 0 or rise.is_fault:
            yield rise


def _work(result: Result) -> int:
    cycles = result.totals.cycles
    return cycles.array + cycles.fill_drain + cycles.lif


def _where(less: Result, more: Result) -> str:
    """The three layers that rise most, with the causes, and how they were cut."""
    found = []
    for before, after in zip(less.records, more.records, strict=True):
        rise = after.counts.cycles.total - before.counts.cycles.total
        if rise > 0:
            was, now = asdict(before.counts.cycles), asdict(after.counts.cycles)
            causes = [f"{name} {now[name] - was[name]:+,}" for name in was if name != "total" and now[name] > was[name]]
            tiling = f" ({before.counts.tiling} -> {after.counts.tiling})"
            told = tiling if before.counts.tiling != after.counts.tiling else " (cut as before)"
            found.append((rise, f"{after.counts.name}: {', '.join(causes)}{told}"))
    return "; ".join(sentence for _, sentence in sorted(found, reverse=True)[:3])
