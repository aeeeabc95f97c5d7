"""Memory of networks under sharings as rows: bytes by kind, and the ratio to the unshared network."""

from __future__ import annotations

from collections.abc import Container, Sequence
from typing import TYPE_CHECKING, Any

from lifsim.errors import Fault, InputError, collecting
from lifsim.graph.states import any_shared, states_of
from lifsim.keeping import KEEPINGS
from lifsim.lazy_dataclass import dataclass
from lifsim.model.arch import Arch
from lifsim.model.network import Network
from lifsim.model.sharing import Sharing
from lifsim.report.memory_inputs import MemoryInputs
from lifsim.schedule.lif_memory import LifMemory
from lifsim.schedule.memory import BackwardLif, Memory, PhaseBytes, memory_of
from lifsim.schedule.norms import parted_by_norms
from lifsim.training.optimizer import optimizer_words, state_bytes
from lifsim.units import counted, format_bytes
from lifsim.watch import Tally, Watch, unwatched

if TYPE_CHECKING:
    from rich.table import Table


@dataclass(frozen=True)
class MemoryRow:
    """One network under one sharing; `memory` is that of `batch` images. shares_nothing: whether the sharing finds
    nothing that can share; untrainable: whether a batch norm of all timesteps stands between layers that share."""

    workload: str
    sharing: str
    timesteps: int
    batch: int
    memory: Memory
    shares_nothing: bool = False
    untrainable: bool = False

    @property
    def baselines(self) -> dict[str, int]:
        """By phase, LIF memory without sharing, with membranes kept in the same way, except in the paper's
        convention."""
        lif = self.memory.lif
        return {
            "forward": lif["stored"].memory.forward_baseline,
            **{name: one.memory.backward_baseline for name, one in lif.items()},
            "paper": lif["stored"].memory.backward_baseline,
        }

    @property
    def ratios(self) -> dict[str, float]:
        """By phase, LIF memory without sharing over this one; 1 for a network without LIFs."""
        return {phase: _ratio(unshared, self.phase(phase).lif) for phase, unshared in self.baselines.items()}

    def phase(self, name: str) -> PhaseBytes:
        """The bytes of the phase of this name."""
        if name in self.memory.backward:
            return self.memory.backward[name]
        return self.memory.paper if name == "paper" else self.memory.forward

    def tree(self) -> dict[str, Any]:
        """Plain data."""
        return {
            "workload": self.workload,
            "sharing": self.sharing,
            "timesteps": self.timesteps,
            "batch": self.batch,
            "lif_memory_bytes": {
                said: {"own": self.phase(phase).lif, "unshared": self.baselines[phase]}
                for phase, said in phases().items()
            },
            "lif_memory_ratio": {said: self.ratios[phase] for phase, said in phases().items()},
            "lif_backward_by_membrane_bits": {
                str(bits): {name: _backward(one, ways["stored"].memory) for name, one in ways.items()}
                for bits, ways in self.memory.by_bits.items()
            },
            "memory_bytes": {said: _phase(self.phase(phase)) for phase, said in phases().items()},
        }


def phases() -> dict[str, str]:
    """What is compared with the unshared network, with short names: inference; training with every way to keep
    membranes, the same on both sides; and the paper's convention, shared and undone from the last states alone against
    unshared and stored."""
    ways = sorted(KEEPINGS, reverse=True)  # of those that ship, stored first
    return {"forward": "forward", **{way: f"backward_{way}" for way in ways}, "paper": "backward_paper"}


def memory_rows(
    networks: Sequence[Network],
    sharings: Sequence[Sharing],
    arch: Arch,
    batch: int,
    watch: Watch = unwatched,
    *,
    but: Container[tuple[str, Sharing]] = (),
) -> tuple[MemoryRow, ...]:
    """One row per network and sharing, `but` for some pairs, by the network's name. Raises InputError with what is
    wrong with any pair."""
    faults: list[Fault] = []
    rows = []
    tally = Tally(watch, "networks under sharings", len(networks) * len(sharings))
    for network in networks:
        for sharing in sharings:
            if (network.name, sharing) in but:
                continue
            found: list[Fault] = []
            with collecting(found):
                memory = memory_of(network, sharing, arch.precision, batch, state_bytes(network, arch))
                states = states_of(network, sharing)
                idle, never = sharing.shares and not any_shared(states), parted_by_norms(network, states)
                rows.append(MemoryRow(network.name, str(sharing), network.timesteps, batch, memory, idle, never))
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


@dataclass(frozen=True)
class UnfitRow:
    """A network that cannot have a sharing: shown as dashes."""

    workload: str
    sharing: str
    timesteps: int


def rows_with_unfit(rows: Sequence[MemoryRow], inputs: MemoryInputs) -> list[MemoryRow | UnfitRow]:
    """The `rows`, those of pairs that were left out between them."""
    known = {(row.workload, row.sharing): row for row in rows}
    pairs = [(network, sharing) for network in inputs.networks for sharing in inputs.sharings]
    return [
        known.get((network.name, str(sharing))) or UnfitRow(network.name, str(sharing), network.timesteps)
        for network, sharing in pairs
    ]


def memory_table(rows: Sequence[MemoryRow | UnfitRow], inputs: MemoryInputs) -> Table:
    """For the console: LIF memory and how many times less it is, beside weights and activations."""
    from rich.table import Table

    bits = inputs.arch.precision
    title = (
        f"memory of {counted(inputs.batch, 'image')}: weights of {counted(bits.weight_bits, 'bit')}, "
        f"membranes of {bits.membrane_bits}, real values of {bits.psum_bits}"
    )
    keeps = any(isinstance(row, MemoryRow) and row.memory.paper.optimizer for row in rows)
    title += f", trained by {optimizer_words(inputs.arch.optimizer)}" if keeps else ""
    table = Table(title=title, title_justify="left", title_style="bold", header_style="bold")
    for heading in ("workload", "sharing"):
        table.add_column(heading, no_wrap=True)
    lif = ("LIF\nforward", "forward\nless by", "backward\nstored", "paper's\nconvention", "paper's\nless by")
    state = ("optimizer's\nstate",) if keeps else ()
    for heading in ("T", *lif, "weights", *state, "activations\nforward", "activations\nbackward"):
        table.add_column(heading, justify="right", no_wrap=True)
    table.caption = (
        "less by: than unshared. Paper's: shared, undone from the last states without copies, against unshared, stored"
    )
    table.caption_justify = "left"
    for index, row in enumerate(rows):
        if index and row.workload != rows[index - 1].workload:
            table.add_section()
        if isinstance(row, UnfitRow):
            table.add_row(row.workload, row.sharing, str(row.timesteps), *"-" * (9 if keeps else 8))
            continue
        said = {phase: format_bytes(row.phase(phase).lif) for phase in phases()}
        less = {phase: f"{ratio:.3f} x" for phase, ratio in row.ratios.items()}
        cells = [str(row.timesteps), said["forward"], less["forward"], said["stored"], said["paper"], less["paper"]]
        cells.append(format_bytes(row.memory.forward.weights))
        cells += [format_bytes(row.memory.paper.optimizer)] if keeps else []
        cells.append(format_bytes(row.memory.forward.activations))
        table.add_row(row.workload, row.sharing, *cells, format_bytes(row.memory.backward["stored"].activations))
    return table


def backward_table(rows: Sequence[MemoryRow]) -> Table:
    """For the console: LIF memory of the backward pass in every way to keep membranes, by their bits."""
    from rich.table import Table

    ways = [way for way in phases() if way in rows[0].memory.backward and way != "stored"]
    comparable = {way for way in ways for row in rows if row.memory.lif[way].memory.backward_baseline}
    title = "LIF memory of the backward pass, by bits of a membrane; less by: than unshared, kept alike or stored"
    table = Table(title=title, title_justify="left")
    table.title_style, table.header_style = "bold", "bold"
    for heading in ("workload", "sharing", "bits"):
        table.add_column(heading, no_wrap=True)
    table.add_column("stored", justify="right", no_wrap=True)
    for way in ways:
        table.add_column(way.replace("re", "re-\n", 1), justify="right", no_wrap=True)
        table.add_column("of it", no_wrap=True)
        for than in ("alike", "stored") if way in comparable else ("stored",):
            table.add_column(f"less by,\n{than}", justify="right", no_wrap=True)
    table.add_column("paper's\nless by", justify="right", no_wrap=True)
    table.caption = (
        "Reversed: last states, and the cheaper of copies and of the bits that a call forgets. Recomputed: states with "
        "which timesteps begin, and u' in flight (until its timestep is undone); tick-batched nothing but T registers "
        "for each output that the array works on. Paper's: shared, last states alone, against unshared, stored"
    )
    table.caption_justify = "left"
    for row in rows:
        for bits, lif in row.memory.by_bits.items():
            stored = lif["stored"].memory
            cells = [format_bytes(stored.backward)]
            for way in ways:
                memory = lif[way].memory
                cells += [format_bytes(memory.backward), _kept_words(lif[way])]
                cells += [_less(memory.backward_baseline, memory.backward)] if way in comparable else []
                cells.append(_less(stored.backward_baseline, memory.backward))
            cells.append(_less(stored.backward_baseline, stored.paper_backward))
            table.add_row(row.workload, row.sharing, str(bits), *cells)
        table.add_section()
    return table


def _kept_words(one: BackwardLif) -> str:
    in_flight = one.memory.in_flight
    return f"{format_bytes(in_flight)} in flight" if in_flight else one.how


def _less(baseline: int, own: int) -> str:
    """The ratio; a dash if either is 0."""
    return f"{baseline / own:.2f} x" if own and baseline else "-"


def _ratio(baseline: int, shared: int) -> float:
    return baseline / shared if shared else 1.0


def _backward(one: BackwardLif, stored: LifMemory) -> dict[str, Any]:
    """`stored`: of the same network and bits."""
    memory = one.memory
    return {
        "own": memory.backward,
        "in_flight": memory.in_flight,
        "kept": one.how,
        "unshared": memory.backward_baseline,
        "unshared_stored": stored.backward_baseline,
        "ratio": _ratio(memory.backward_baseline, memory.backward),
        "ratio_to_unshared_stored": _ratio(stored.backward_baseline, memory.backward) if memory.backward else None,
    }


def _phase(phase: PhaseBytes) -> dict[str, int]:
    return {**vars(phase), "total": phase.total}
