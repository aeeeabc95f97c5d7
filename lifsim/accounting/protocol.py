"""The protocol of accountings: how one counts and prices a network on an architecture under a plan."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterator, Sequence
from dataclasses import field, replace
from functools import cached_property
from typing import Any, Literal, Protocol

from lifsim.accounting.counts import LayerCounts
from lifsim.accounting.machine import Machine
from lifsim.accounting.prices import Costs
from lifsim.accounting.stages import Stages
from lifsim.contract import answers, asked_where
from lifsim.errors import Fault
from lifsim.hardware.array import Kept, kept_of_image, shape_of, sparsity_of
from lifsim.hardware.gemm import too_long
from lifsim.hardware.lif_unit import LifBank
from lifsim.hardware.memory import MEMORIES
from lifsim.keeping import Keeping
from lifsim.lazy_dataclass import dataclass
from lifsim.memo import Memo
from lifsim.model.arch import Arch, Array
from lifsim.model.network import Layer, Network
from lifsim.registry import Registry
from lifsim.schedule.facts import NetworkFacts
from lifsim.schedule.plan import GroupPlan, Plan
from lifsim.schedule.tensors.products import input_map_of
from lifsim.units import counted
from lifsim.watch import Watch, unwatched


@dataclass(frozen=True)
class Asked:
    """What a run asks of its accounting besides the network and the architecture. spikes: where they come from; chunk:
    images that a group works on together, None if not given."""

    training: bool
    schedule: str
    batch: int
    spikes: Literal["trace", "engine", "rates"]
    chunk: int | None = None


@dataclass(frozen=True)
class Setup:
    """What is counted: `batch` images through `network` on `machine`, whose LIF units are `bank`. channels: by layer,
    the channel groups that share its membranes in turn (1: not shared). kept: by layer, what the array's sparsity keeps
    of its spikes. memo: results shared with other runs. watch: is told the progress; the counts do not depend on it."""

    network: Network
    channels: tuple[int, ...]
    machine: Machine
    bank: LifBank
    batch: int
    kept: tuple[Kept, ...]
    memo: Memo
    watch: Watch = field(default=unwatched, compare=False, repr=False)

    def __hash__(self) -> int:
        return self._hash

    @cached_property
    def _hash(self) -> int:
        """Cheap, and still distinctive: setups equal in these fields rarely differ in others."""
        return hash((self.network, self.batch, self.machine))

    @cached_property
    def with_stores_of_any_size(self) -> Setup:
        """The part that counting reads: the same object for runs that differ only in the sizes of buffers."""
        machine = replace(self.machine, stores=self.machine.stores.of_any_size)
        return self.memo.of(_itself, replace(self, machine=machine, watch=unwatched))

    def kept_of(self, layer: Layer) -> Kept:
        """What is kept of the spikes of `layer` as it runs: an analogue image that is computed again is the same in
        every round."""
        kept, sparsity = self.kept[layer.index], sparsity_of(self.machine.array)
        if kept.rounds == layer.rounds:
            return kept
        return self.memo.of(kept_of_image, sparsity, input_map_of(layer), self.batch, layer.rounds)


def _itself(setup: Setup) -> Setup:
    """Itself: through a memo, the first of equal setups."""
    return setup


def _unlike_layers(counts: Sequence[LayerCounts], names: Sequence[str]) -> str:
    if [each.name for each in counts] != [*names]:
        return f"counts of {', '.join(names)}, in this order"
    if not all(0 <= each.pe_utilisation <= 1 for each in counts):
        return "counts whose pe_utilisation is 0 to 1"
    if not all(min(vars(each.bits).values()) > 0 for each in counts):
        return "counts whose bits are > 0 in every buffer"
    return too_long(max((each.cycles.total for each in counts), default=0))


def _too_busy(counts: Sequence[LayerCounts], array: Array) -> str:
    """The MACs of each layer must fit into the cycles in which the array runs, one per PE and cycle."""
    pes, skips = shape_of(array).pes, sparsity_of(array).skips
    fits = all(each.occupying(skips=skips) <= pes * (each.cycles.array + each.cycles.fill_drain) for each in counts)
    return "" if fits else f"counts of at most {pes} MACs in each cycle of the array"


def _other_layers(counts: list[LayerCounts], _accounting: object, network: Network, arch: Arch) -> str:
    return _unlike_layers(counts, [layer.name for layer in network.layers]) or _too_busy(counts, arch.array)


def _other_group(counts: list[LayerCounts], _accounting: object, setup: Setup, *given: Any) -> str:
    group = next(one for one in given if isinstance(one, GroupPlan))
    names = [setup.network.layers[index].name for index in group.indices]
    return _unlike_layers(counts, names) or _too_busy(counts, setup.machine.array)


def _other_stages(layers: list[Stages], _accounting: object, setup: Setup, *_: object) -> str:
    if len(layers) == len(setup.network.layers) and all(layers):
        first = [next(iter(each.values())) for each in layers]
        return _unlike_layers(first, [layer.name for layer in setup.network.layers])
    return f"stages of {counted(len(setup.network.layers), 'layer')}"


class Accounting(Protocol):
    """Rules that count and price a run.

    name: as architectures spell it; title: in words.
    scheduled: whether it counts under a schedule; a run without one is that of one image at the workload's rates, waits
        for no memory and cannot be explained layer by layer.
    reads_spikes: whether its figures depend on the spikes of a run; if not, no note says where they come from.
    trains: whether it counts training; if not, training is refused.
    notes: for readers of its figures.
    dataflows: the only ones that it counts; empty: any.
    """

    name: str
    title: str
    scheduled: bool = True
    reads_spikes: bool = True
    trains: bool = False
    notes: tuple[str, ...] = ()
    dataflows: tuple[str, ...] = ()

    def refusals(self, arch: Arch) -> Sequence[Iterator[tuple[str, str]]]:
        """(key, rule) of everything in an architecture that it cannot count. Each iterator reads its keys when it is
        iterated: a faulty key hides only the iterators that read it. Default: dataflows that are not among its own, and
        without a schedule a memory that takes time."""
        return self._other_dataflow(arch), self._waiting(arch)

    def _other_dataflow(self, arch: Arch) -> Iterator[tuple[str, str]]:
        if self.dataflows and arch.array.dataflow not in self.dataflows:
            known = " or ".join(self.dataflows)
            yield "accounting", f"{self.name!r} must go with dataflow {known}, not {arch.array.dataflow}"

    def _waiting(self, arch: Arch) -> Iterator[tuple[str, str]]:
        if not self.scheduled and MEMORIES[arch.dram.model].waits:
            rule = f"must be ideal under accounting {self.name}, which knows no waiting"
            yield "dram.model", f"{arch.dram.model!r} {rule}"

    def faults(self, asked: Asked) -> Iterator[Fault]:
        """Faults of everything in a run that it would silently ignore. Default: what `count_unscheduled` is not told,
        if it counts without a schedule."""
        if self.scheduled:
            return
        if asked.spikes == "trace":
            yield Fault(f"must not be given: accounting {self.name} counts at the workload's rates", path="trace")
        if asked.spikes == "engine":
            rule = f"engine must be workload: accounting {self.name} counts at the workload's rates"
            yield Fault(rule, path="spikes")
        if asked.batch > 1:
            yield Fault(f"{asked.batch} must be 1: accounting {self.name} counts one image", path="batch")
        if asked.schedule != "tick":
            yield Fault(f"{asked.schedule} must be tick: accounting {self.name} counts layer by layer", path="schedule")
        if asked.chunk is not None:
            yield Fault(f"{asked.chunk} must be auto: accounting {self.name} counts one image", path="chunk")

    @abstractmethod
    def costs(self, arch: Arch) -> Costs:
        """The price list. Raises InputError with every price that is missing."""
        ...

    @asked_where("scheduled", value=False)
    @answers(_other_layers)
    def count_unscheduled(self, network: Network, arch: Arch) -> list[LayerCounts]:
        """The counts of all layers; called only if it is not `scheduled`. Raises InputError naming what it cannot
        count."""
        raise ValueError(f"{self.name} counts under a schedule")

    @asked_where("scheduled")
    @answers(_other_group)
    def count(self, setup: Setup, facts: NetworkFacts, group: GroupPlan) -> list[LayerCounts]:
        """The counts of the layers of `group` in order, without any waits for memory; called only if it is
        `scheduled`."""
        raise ValueError(f"{self.name} counts without a schedule")

    @answers(_other_group)
    def with_port_waits(self, setup: Setup, group: GroupPlan, counts: Sequence[LayerCounts]) -> list[LayerCounts]:
        """The `counts` of the layers of `group`, without waits, completed by the waits of the array for the ports of
        its buffers; not called under an ideal memory."""
        return list(counts)

    @asked_where("trains")
    @answers(_other_stages)
    def count_training(self, setup: Setup, plan: Plan, keeping: Keeping) -> list[Stages]:
        """The stages of training of every layer, without waits for memory. keeping: how the backward pass gets the
        membranes. Called only if it is `scheduled`."""
        raise ValueError(f"{self.name} counts inference")

    @answers(_other_stages)
    def with_training_port_waits(
        self, setup: Setup, plan: Plan, layers: Sequence[Stages], keeping: Keeping
    ) -> list[Stages]:
        """`layers`, without waits, completed by the waits of the array for the ports of its buffers; not called under
        an ideal memory."""
        return list(layers)


ACCOUNTINGS: Registry[Accounting] = Registry("accounting", Accounting, "lifsim.accounting", "lifsim.accountings")
