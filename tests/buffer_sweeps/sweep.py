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

MACHINES = {
    "os": ("sata128", ()),
    "ws": ("tpu_like_small", ()),
    "is": ("tpu_like_small", ("array.dataflow=is",)),
}
MEMORIES = {"simulated": (), "ideal": ("dram.model=ideal",)}
NETWORKS = ("vgg9_cifar10", "vgg16_cifar10")
SHARINGS = ("none", "layer", "channel4")
SCHEDULES = ("tick", "timestep", "auto")


@dataclass(frozen=True)
class Sweep:
    """machine: of `MACHINES`; memory: of `MEMORIES`."""

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
            inputs = load_inputs(arch, self.network, self.sharing, {"schedule": self.schedule}, overrides)
            sparsity = sparsity_of(inputs.arch.array)
            spikes = spikes or read_spikes(inputs.network, inputs.sharing, inputs.options, sparsity)
            yield simulate(inputs.arch, inputs.network, inputs.sharing, inputs.options, spikes, shared)


@dataclass(frozen=True)
class Rise:
    """From one size to the next. cycles: by how much, as a share; moved: DRAM bytes more, or fewer; why: what rose."""

    sweep: Sweep
    size: int
    cycles: float
    moved: int
    why: str

    @property
    def is_trade(self) -> bool:
        """Whether it is much, and bytes are saved by it, of which schedules take the fewest."""
        return self.moved < 0 and self.cycles > MOST

    @property
    def is_fault(self) -> bool:
        """Whether it must not be."""
        return self.moved > 0 or (self.cycles > MOST and not self.is_trade)

    def __str__(self) -> str:
        return (
            f"{', '.join(asdict(self.sweep).values())}, {format_bytes(self.size)} to {format_bytes(2 * self.size)}: "
            f"cycles {self.cycles:+.3%}, DRAM bytes {self.moved:+,}; {self.why}"
        )


def sweeps() -> list[Sweep]:
    """All of them."""
    return [Sweep(*names) for names in product(MACHINES, MEMORIES, NETWORKS, SHARINGS, SCHEDULES, BUFFERS)]


def rises(sweep: Sweep, sizes: Sequence[int] = SIZES) -> Iterator[Rise]:
    """Where cycles or bytes rise."""
    for (size, less), (_, more) in pairwise(zip(sizes, sweep.results(sizes), strict=True)):
        moved = more.totals.dram_bytes.total - less.totals.dram_bytes.total
        cycles = more.totals.cycles.total / less.totals.cycles.total - 1
        if moved > 0 or cycles > 0:
            yield Rise(sweep, size, cycles, moved, _why(less, more))


def _why(less: Result, more: Result) -> str:
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
