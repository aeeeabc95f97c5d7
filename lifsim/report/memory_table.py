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
from lifsim.units import counted, format_bytes
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
    def baselines(self) -> dict[str, int]:
        """By phase, LIF memory without sharing: kept in the same way, but for the paper's convention."""
        lif, undone = self.memory.lif, self.memory.lif_reversed
        return {
            "forward": lif.forward_baseline,
            "stored": lif.backward_baseline,
            "reversed": undone.backward_baseline,
            "paper": lif.backward_baseline,
        }

    @property
    def ratios(self) -> dict[str, float]:
        """By phase, LIF memory without sharing over this one; 1 for a network without LIFs."""
        return {phase: _ratio(unshared, self.phase(phase).lif) for phase, unshared in self.baselines.items()}

    def phase(self, name: str) -> PhaseBytes:
        """That of `PHASES` which has this name."""
        found: PhaseBytes = getattr(self.memory, name)
        return found

    def tree(self) -> dict[str, Any]:
        """Plain data."""
        return {
            "workload": self.workload,
            "sharing": self.sharing,
            "timesteps": self.timesteps,
            "batch": self.batch,
            "lif_memory_bytes": {
                said: {"own": self.phase(phase).lif, "unshared": self.baselines[phase]}
                for phase, said in PHASES.items()
            },
            "lif_memory_ratio": {said: self.ratios[phase] for phase, said in PHASES.items()},
            "memory_bytes": {said: _phase(self.phase(phase)) for phase, said in PHASES.items()},
        }


PHASES = {
    "forward": "forward",
    "stored": "backward_stored",
    "reversed": "backward_reversed",
    "paper": "backward_paper",
}
"""What is compared with the unshared network, as it is called where there is no room for words: inference; training
whose membranes are stored, or recomputed, on both sides; and the paper's convention, shared and recomputed against
unshared and stored."""


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
        f"memory of {counted(rows[0].batch, 'image')}: weights of {bits.weight_bits} bits, "
        f"membranes of {bits.membrane_bits}, real values of {bits.psum_bits}"
    )
    table = Table(title=title, title_justify="left", title_style="bold", header_style="bold")
    for heading in ("workload", "sharing"):
        table.add_column(heading, no_wrap=True)
    lif = ("LIF\nforward", "forward\nless by", "backward\nstored", "backward\nreversed", "reversed\nless by")
    for heading in ("T", *lif, "paper's\nless by", "weights", "activations\nforward", "activations\nbackward"):
        table.add_column(heading, justify="right", no_wrap=True)
    table.caption = (
        "less by: than unshared, reversed like it; what is stored is the same. Paper's: reversed, unshared stored"
    )
    table.caption_justify = "left"
    for index, row in enumerate(rows):
        if index and row.workload != rows[index - 1].workload:
            table.add_section()
        said = {phase: format_bytes(row.phase(phase).lif) for phase in PHASES}
        less = {phase: f"{ratio:.3f} x" for phase, ratio in row.ratios.items()}
        cells = [str(row.timesteps), said["forward"], less["forward"], said["stored"], said["reversed"]]
        cells += [less["reversed"], less["paper"], format_bytes(row.memory.forward.weights)]
        cells += [format_bytes(row.memory.forward.activations), format_bytes(row.memory.stored.activations)]
        table.add_row(row.workload, row.sharing, *cells)
    return table


def _ratio(baseline: int, shared: int) -> float:
    return baseline / shared if shared else 1.0


def _phase(phase: PhaseBytes) -> dict[str, int]:
    return {**vars(phase), "total": phase.total}
