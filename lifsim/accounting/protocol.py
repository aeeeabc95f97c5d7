"""What an accounting must say: how it counts and prices a network on an architecture under a plan."""

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
from lifsim.hardware.array import Kept, kept_of_image, sparsity_of
from lifsim.hardware.gemm import too_long
from lifsim.hardware.lif_unit import LifBank
from lifsim.keeping import Keeping
from lifsim.lazy_dataclass import dataclass
from lifsim.memo import Memo
from lifsim.model.arch import Arch
from lifsim.model.network import Layer, Network
from lifsim.registry import Registry
from lifsim.schedule.facts import NetworkFacts
from lifsim.schedule.plan import GroupPlan, Plan
from lifsim.schedule.tensors.products import input_map_of
from lifsim.units import counted
from lifsim.watch import Watch, unwatched


@dataclass(frozen=True)
class Asked:
    """What a run asks of its accounting beside the network and the architecture. spikes: where they come from; chunk:
    images that take turns together, None where not said."""

    training: bool
    schedule: str
    batch: int
    spikes: Literal["trace", "engine", "rates"]
    chunk: int | None = None


@dataclass(frozen=True)
class Setup:
    """What is counted: `batch` images through `network` on `machine`, whose LIF units are `bank`. channels: by layer,
    channel groups that share its membranes in turn (1: each its own). kept: by layer, what the array's sparsity knows
    of its spikes. memo: of what runs beside this one counted. watch: whom to
    tell how far it is; what is counted does not depend on it."""

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
        """Cheap: few are alike in these and differ in others."""
        return hash((self.network, self.batch, self.machine))

    @cached_property
    def with_stores_of_any_size(self) -> Setup:
        """What counting reads of it, the same object for runs that differ in how large buffers are."""
        machine = replace(self.machine, stores=self.machine.stores.of_any_size)
        return self.memo.of(_itself, replace(self, machine=machine, watch=unwatched))

    def kept_of(self, layer: Layer) -> Kept:
        """What is known of the spikes of `layer` as it runs: of an analogue image that is computed again, that it is
        the same in every round."""
        kept, sparsity = self.kept[layer.index], sparsity_of(self.machine.array)
        if kept.rounds == layer.rounds:
            return kept
        return self.memo.of(kept_of_image, sparsity, input_map_of(layer), self.batch, layer.rounds)


def _itself(setup: Setup) -> Setup:
    """The first of those that are equal."""
    return setup


def _named_otherwise(counts: Sequence[LayerCounts], names: Sequence[str]) -> str:
    if [each.name for each in counts] != [*names]:
        return f"counts of {', '.join(names)}, in this order"
    return too_long(max((each.cycles.total for each in counts), default=0))


def _other_layers(counts: list[LayerCounts], _accounting: object, network: Network, *_: object) -> str:
    return _named_otherwise(counts, [layer.name for layer in network.layers])


def _other_group(counts: list[LayerCounts], _accounting: object, setup: Setup, *given: Any) -> str:
    group = next(one for one in given if isinstance(one, GroupPlan))
    return _named_otherwise(counts, [setup.network.layers[index].name for index in group.indices])


def _other_stages(layers: list[Stages], _accounting: object, setup: Setup, *_: object) -> str:
    if len(layers) == len(setup.network.layers) and all(layers):
        first = [next(iter(each.values())) for each in layers]
        return _named_otherwise(first, [layer.name for layer in setup.network.layers])
    return f"stages of {counted(len(setup.network.layers), 'layer')}"


class Accounting(Protocol):
    """Whose rules count and price.

    name: as architectures spell it; title: in words.
    scheduled: whether it counts under a schedule. A run without one waits for no memory, and cannot be taken apart.
    reads_spikes: whether its figures follow the spikes of a run; else the reader is not told where those come from.
    trains: whether it counts training too; a run that trains under one that does not is refused.
    notes: what a reader of its figures must know.
    dataflows: those that it counts, whatever architectures name; empty: any.
    """

    name: str
    title: str
    scheduled: bool = True
    reads_spikes: bool = True
    trains: bool = False
    notes: tuple[str, ...] = ()
    dataflows: tuple[str, ...] = ()

    def refusals(self, arch: Arch) -> Sequence[Iterator[tuple[str, str]]]:
        """(key, rule) of what it does not know in an architecture. Each part reads its keys when it is walked: a key
        with a fault of its own hides only the parts that read it."""
        return (self._other_dataflow(arch),)

    def _other_dataflow(self, arch: Arch) -> Iterator[tuple[str, str]]:
        if self.dataflows and arch.array.dataflow not in self.dataflows:
            known = " or ".join(self.dataflows)
            yield "accounting", f"{self.name!r} must go with dataflow {known}, not {arch.array.dataflow}"

    def faults(self, asked: Asked) -> Iterator[Fault]:
        """What it does not know in a run, and must not silently ignore."""
        return iter(())

    @abstractmethod
    def costs(self, arch: Arch) -> Costs:
        """The price list. Raises InputError with every price that is missing."""
        ...

    @asked_where("scheduled", value=False)
    @answers(_other_layers)
    def count_unscheduled(self, network: Network, arch: Arch) -> list[LayerCounts]:
        """All layers; asked only where it is not `scheduled`. Raises InputError naming what it cannot count."""
        raise ValueError(f"{self.name} counts under a schedule")

    @asked_where("scheduled")
    @answers(_other_group)
    def count(self, setup: Setup, facts: NetworkFacts, group: GroupPlan) -> list[LayerCounts]:
        """The layers of `group` in order, nobody waiting for memory; asked only where it is `scheduled`."""
        raise ValueError(f"{self.name} counts without a schedule")

    @answers(_other_group)
    def with_port_waits(self, setup: Setup, group: GroupPlan, counts: Sequence[LayerCounts]) -> list[LayerCounts]:
        """The `counts` of the layers of `group`, which know no waiting, with what the array waits for the ports of its
        buffers; not asked under an ideal memory."""
        return list(counts)

    @asked_where("trains")
    @answers(_other_stages)
    def count_training(self, setup: Setup, plan: Plan, keeping: Keeping) -> list[Stages]:
        """The stages of training of every layer, nobody waiting for memory; keeping: how they come to their membranes.
        Asked only where it is `scheduled`."""
        raise ValueError(f"{self.name} counts inference")

    @answers(_other_stages)
    def with_training_port_waits(
        self, setup: Setup, plan: Plan, layers: Sequence[Stages], keeping: Keeping
    ) -> list[Stages]:
        """`layers`, which know no waiting, with what the array waits for the ports of its buffers; not asked under an
        ideal memory."""
        return list(layers)


ACCOUNTINGS: Registry[Accounting] = Registry("accounting", Accounting, "lifsim.accounting", "lifsim.accountings")
