"""Machines x networks x sharings, each under five schedules, and which objective is beaten where."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import product

from lifsim.config.arch import load_arch
from lifsim.config.resolve import available
from lifsim.config.workload import load_workload
from lifsim.hardware.array import sparsity_of
from lifsim.memo import Shared
from lifsim.model.network import Input
from lifsim.simulate.inputs import load_inputs
from lifsim.simulate.options import options_of
from lifsim.simulate.pipeline import simulate
from lifsim.simulate.result import Totals
from lifsim.simulate.spikes import read_spikes

FIGURES: dict[str, Callable[[Totals], float]] = {
    "dram": lambda totals: totals.dram_bytes.total,
    "cycles": lambda totals: totals.cycles.total,
    "energy": lambda totals: totals.energy_pj.total.total,
}
"""By objective."""

SCHEDULES = {
    "tick": {"schedule": "tick"},
    "timestep": {"schedule": "timestep"},
    **{f"auto {name}": {"schedule": "auto", "objective": name} for name in FIGURES},
}
"""Options by what the table calls them."""

SHARINGS = ("none", "layer", "channel4")

ROUNDING = 1e-12
"""Sums of energy in another order."""


@dataclass(frozen=True)
class Case:
    """A network on a machine; a sharing holds where it fits."""

    arch: str
    workload: str
    sharing: str

    def rows(self) -> list[Row]:
        """What it takes under every schedule, on the same spikes."""
        sharing = self.sharing if self.sharing == "none" else f"{self.sharing}-where-possible"
        inputs = load_inputs(self.arch, self.workload, sharing, {})
        arch, network = inputs.arch, inputs.network
        spikes = read_spikes(network, inputs.sharing, inputs.options, sparsity_of(arch.array))
        shared, found = Shared(), []
        for schedule, given in SCHEDULES.items():
            result = simulate(arch, network, inputs.sharing, options_of(given), spikes, shared)
            figures = {name: figure(result.totals) for name, figure in FIGURES.items()}
            found.append(Row(self, schedule, len(result.plan.groups) if result.plan else 0, figures))
        return found


@dataclass(frozen=True)
class Row:
    """A run. figures: by objective."""

    case: Case
    schedule: str
    groups: int
    figures: dict[str, float]


def cases() -> list[Case]:
    """All that are shipped, have images of 32 x 32, and go together (the accounting satasim knows one schedule), small
    networks first."""
    archs = [name for name in available("arch") if load_arch(name).accounting == "lifsim"]
    networks = sorted(filter(_sees_32_by_32, available("workload")), key=_size)
    return [Case(arch, network, sharing) for network, arch, sharing in product(networks, archs, SHARINGS)]


def _size(workload: str) -> int:
    """Multiply-accumulates of a timestep."""
    return sum(layer.macs_per_round for layer in load_workload(workload).layers)


def _sees_32_by_32(workload: str) -> bool:
    nodes = load_workload(workload).nodes
    return any(isinstance(node, Input) and node.output.shape[1:] == (32, 32) for node in nodes)


def beaten(of_case: Sequence[Row]) -> Iterator[str]:
    """Sentences: which objective is beaten in its own figure, and by what."""
    by_schedule = {row.schedule: row for row in of_case}
    for name in FIGURES:
        own = by_schedule[f"auto {name}"].figures[name]
        for row in of_case:
            if row.figures[name] < own * (1 - ROUNDING):
                case = f"{row.case.arch}, {row.case.workload}, {row.case.sharing}"
                yield f"{case}: auto by {name} takes {own:,.0f}, {row.schedule} {row.figures[name]:,.0f}"
