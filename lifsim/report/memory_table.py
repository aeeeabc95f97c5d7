"""Memory of networks under sharings as rows: bytes, what they are of, and how many times less than unshared."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from lifsim.errors import Fault, InputError, collecting
from lifsim.model.arch import Arch
from lifsim.model.network import Network
from lifsim.model.sharing import Sharing
from lifsim.schedule.memory import Memory, PhaseBytes, memory_of
from lifsim.units import format_bytes
from lifsim.watch import Tally, Watch, unwatched

if TYPE_CHECKING:
    from rich.table import Table


@dataclass(frozen=True)
class MemoryRow:
    """One network under one sharing; `memory` is that of `batch` images."""

    workload: str
    sharing: str
    timesteps: int
    batch: int
    memory: Memory

    @property
    def forward_ratio(self) -> float:
        """LIF memory without sharing over this one, in inference; 1 for a network without LIFs."""
        return _ratio(self.memory.lif.forward_baseline, self.memory.lif.forward)

    @property
    def backward_ratio(self) -> float:
        """The same in training."""
        return _ratio(self.memory.lif.backward_baseline, self.memory.lif.backward)

    def tree(self) -> dict[str, Any]:
        """Plain data. `lif_memory_bytes` as in summary.json."""
        lif = self.memory.lif
        return {
            "workload": self.workload,
            "sharing": self.sharing,
            "timesteps": self.timesteps,
            "batch": self.batch,
            "lif_memory_bytes": dict(vars(lif)),
            "lif_memory_ratio": {"forward": self.forward_ratio, "backward": self.backward_ratio},
            "memory_bytes": {"forward": _phase(self.memory.forward), "backward": _phase(self.memory.backward)},
        }


def memory_rows(
    networks: Sequence[Network], sharings: Sequence[Sharing], arch: Arch, batch: int, watch: Watch = unwatched
) -> tuple[MemoryRow, ...]:
    """One row per network and sharing. Raises InputError with what is wrong with any pair of them."""
    faults: list[Fault] = []
    rows = []
    tally = Tally(watch, "networks under sharings", len(networks) * len(sharings))
    for network in networks:
        for sharing in sharings:
            found: list[Fault] = []
            with collecting(found):
                memory = memory_of(network, sharing, arch.precision, batch)
                rows.append(MemoryRow(network.name, str(sharing), network.timesteps, batch, memory))
            faults += [Fault(fault.message, fault.path, source=network.name) for fault in found]
            tally.add(1)
    if faults:
        raise InputError(faults)
    return tuple(rows)


def flat(tree: dict[str, Any], prefix: str = "") -> dict[str, Any]:
    """Nested dicts as one row of dotted columns."""
    row: dict[str, Any] = {}
    for key, value in tree.items():
        name = f"{prefix}{key}"
        row |= flat(value, f"{name}.") if isinstance(value, dict) else {name: value}
    return row


def memory_table(rows: Sequence[MemoryRow], arch: Arch) -> Table:
    """For the console: LIF memory and how many times less it is, beside weights and activations."""
    from rich.table import Table

    bits = arch.precision
    title = (
        f"memory of {rows[0].batch} image{'s' * (rows[0].batch > 1)}: weights of {bits.weight_bits} bits, "
        f"membranes of {bits.membrane_bits}, real values of {bits.psum_bits}"
    )
    table = Table(title=title, title_justify="left", title_style="bold", header_style="bold")
    for heading in ("workload", "sharing"):
        table.add_column(heading, no_wrap=True)
    for heading in ("T", "LIF\nforward", "less\nby", "LIF\nbackward", "less\nby", "weights"):
        table.add_column(heading, justify="right", no_wrap=True)
    for heading in ("activations\nforward", "activations\nbackward"):
        table.add_column(heading, justify="right", no_wrap=True)
    for index, row in enumerate(rows):
        if index and row.workload != rows[index - 1].workload:
            table.add_section()
        forward, backward = row.memory.forward, row.memory.backward
        cells = [str(row.timesteps), format_bytes(forward.lif), f"{row.forward_ratio:.3f} x"]
        cells += [format_bytes(backward.lif), f"{row.backward_ratio:.3f} x", format_bytes(forward.weights)]
        cells += [format_bytes(forward.activations), format_bytes(backward.activations)]
        table.add_row(row.workload, row.sharing, *cells)
    return table


def _ratio(baseline: int, shared: int) -> float:
    return baseline / shared if shared else 1.0


def _phase(phase: PhaseBytes) -> dict[str, int]:
    return {**vars(phase), "total": phase.total}
