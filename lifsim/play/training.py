"""The records of a training run: its stages, in the order in which they run, wait for the memory as in inference."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import cached_property, partial
from itertools import chain
from typing import TYPE_CHECKING

from lifsim.accounting import Accounting, Setup
from lifsim.accounting.counts import LayerCounts
from lifsim.accounting.prices import Costs, energy_of, switched_off
from lifsim.accounting.records import added
from lifsim.accounting.stages import StageRecord, Stages, merged
from lifsim.graph.states import State
from lifsim.hardware.stores import Stores
from lifsim.keeping import Keeping
from lifsim.lazy_dataclass import dataclass
from lifsim.memo import Memo
from lifsim.model.network import Network
from lifsim.play.record import LayerRecord
from lifsim.play.steps import AT_ONCE_STEPS, Planned, most_steps_of
from lifsim.play.timing import Timeline, goes_at_once, timed, timed_in_sections
from lifsim.schedule.lif_memory import how_kept, run_together
from lifsim.schedule.plan import Plan
from lifsim.training.undone import registers_for_calls
from lifsim.units import counted

if TYPE_CHECKING:
    from lifsim.schedule.tensors.moves import Visit
    from lifsim.training.sizes import TrainingSizes
    from lifsim.training.stages import Stage
    from lifsim.training.steps import StageVisit


def trained(
    setup: Setup, accounting: Accounting, plan: Plan, costs: Costs, runs: Memo, keeping: Keeping
) -> tuple[tuple[LayerRecord, ...], Timeline | None]:
    """One batch forward and back under `plan`, as `accounting` counts. keeping: how the backward pass gets its
    membranes. runs: results of runs played before."""
    layers, timeline = accounting.count_training(setup, plan, keeping), None
    if setup.machine.waits:
        layers = accounting.with_training_port_waits(setup, plan, layers, keeping)
        layers, timeline = timed_training(setup, plan, layers, runs, keeping)
    costs = switched_off(costs, [counts for stages in layers for counts in stages.values()])
    return tuple(_record(stages, setup, costs) for stages in layers), timeline


def keeping_notes(plan: Plan, network: Network, states: Sequence[State], keeping: Keeping) -> Iterator[str]:
    """Notes on which membranes in `states` the forward pass of `plan` keeps, and where recomputed u' waits."""
    groups, bits = run_together(plan), plan.chip.precision.membrane_bits
    said = how_kept(network, states, bits, keeping, groups)
    if said:
        yield f"membranes of {counted(bits, 'bit')} are {keeping.name}: {keeping.sentence(said)}"
    layers = (facts.layer for facts in plan.facts.layers)
    asked = max(registers_for_calls(layer, plan.group_of(layer.index), plan.chip, keeping) for layer in layers)
    if asked:
        yield f"u' of a tile waits in {asked} registers until it is undone: the membrane buffer has no room for it"


def _record(stages: Stages, setup: Setup, costs: Costs) -> LayerRecord:
    records = {stage.value: _stage(counts, setup, costs) for stage, counts in stages.items()}
    return LayerRecord(merged(stages), added([stage.energy_pj for stage in records.values()]), records)


def _stage(counts: LayerCounts, setup: Setup, costs: Costs) -> StageRecord:
    energy = energy_of(counts, costs, setup.machine, setup.bank, training=True)
    return StageRecord(counts.cycles, counts.ops, counts.dram_bytes, counts.sram_accesses, energy)


@dataclass(frozen=True)
class _Trained:
    """The visits of a training run; those of the backward pass are made anew for each iteration, unless all of them are
    few. works: numbers of the layers' stages; forward: visits of the forward pass by group."""

    works: Mapping[tuple[int, Stage], int]
    forward: Sequence[Iterable[Visit]]
    backward: Callable[[], Iterator[StageVisit]]

    def __iter__(self) -> Iterator[Visit]:
        from lifsim.training.stages import Stage

        forward = ((Stage.FORWARD, visit) for visit in chain.from_iterable(self.forward))
        for stage, visit in chain(forward, self.backward()):
            yield replace(visit, layer=self.works[visit.layer, stage])

    @cached_property
    def _few(self) -> Sequence[Visit] | None:
        """All visits; None if they have more steps than are played at once."""
        found: list[Visit] = []
        steps = 0
        for visit in self:
            found.append(visit)
            steps += visit.steps
            if steps > AT_ONCE_STEPS:
                return None
        return found

    @property
    def every(self) -> Sequence[Visit]:
        """All visits in a list."""
        return list(self) if self._few is None else self._few

    def most_steps(self, stores: Stores) -> int:
        """The sum over all visits."""
        return most_steps_of(self if self._few is None else self._few, stores)


def timed_training(
    setup: Setup, plan: Plan, layers: Sequence[Stages], runs: Memo, keeping: Keeping
) -> tuple[list[Stages], Timeline]:
    """`layers`, whose stages wait for SRAM ports alone, with the cycles in which they wait for the DRAM."""
    from lifsim.training.sizes import TrainingSizes
    from lifsim.training.steps import backward_visits

    network, batch = setup.network, setup.batch
    works = {work: place for place, work in enumerate((i, name) for i, stages in enumerate(layers) for name in stages)}
    sizes = TrainingSizes(plan.facts, plan.chip, batch, keeping)
    planned = Planned(plan, batch, setup.memo, keeps_spikes=True)
    few = goes_at_once(setup.machine, planned)
    visits = _Trained(works, list(_forward(planned, sizes, few=few)), partial(backward_visits, sizes, plan))
    play = timed if few else timed_in_sections  # if the forward pass alone has too many, the others are not counted
    of_works = [layers[layer][stage] for layer, stage in works]
    counts, timeline = play(setup.machine, visits, of_works, runs, setup.watch)
    names = tuple(f"{network.layers[layer].name} {stage}" for layer, stage in works)
    waited: list[Stages] = [
        {stage: counts[works[layer, stage]] for stage in stages} for layer, stages in enumerate(layers)
    ]
    return waited, replace(timeline, names=names)


def _forward(planned: Planned, sizes: TrainingSizes, *, few: bool) -> Iterator[Iterable[Visit]]:
    """The visits of the forward pass, group by group: lists if they are `few`; else those of tick-batched layers are
    made during iteration, and the others, which are small and grow with the images, are packed."""
    from lifsim.play.packed import PackedVisits
    from lifsim.training.forward import GroupForward

    inference = planned.whole_group if few else planned.of_group
    for group in planned.plan.groups:
        forward = GroupForward(sizes, group, partial(inference, group))
        if few:
            yield list(forward)
        else:
            yield forward if group.tick_batched else PackedVisits(forward)
