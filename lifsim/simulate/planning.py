"""The schedule that a run asks for: by its name, or by the bytes, the cycles or the energy of its groups.

By cycles or energy, groups are first compared one by one, then whole plans are played.

Candidates are the smallest groups, one group, fused groups, skewed strips, and the partitions with the fewest bytes,
the fewest cycles and the least energy, each found separately. So the plan for an objective is never worse by its own
figure than that for another objective, or than a named schedule.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import replace
from functools import cached_property, partial
from itertools import count
from math import inf
from typing import NamedTuple

from lifsim.accounting.counts import LayerCounts
from lifsim.errors import InputError
from lifsim.graph.states import State
from lifsim.lazy_dataclass import dataclass
from lifsim.note import ScheduleNote
from lifsim.play.alone import counted, least_cycles, least_in_turn, played
from lifsim.play.trial import Trial, Tried
from lifsim.schedule.begins import begins_of, groups_in_words
from lifsim.schedule.cheapest import Found, Question, least
from lifsim.schedule.chip import Chip
from lifsim.schedule.choices import Choice, Choices, choices_of
from lifsim.schedule.partition import allowed, dram_bytes, fewest, no_matter, plan_of
from lifsim.schedule.plan import Plan, ScheduleOptions
from lifsim.schedule.search import FEW_CUTS, compared, contenders
from lifsim.simulate.figure import CycleFigure, EnergyFigure, Figure
from lifsim.simulate.options import Options
from lifsim.units import format_bytes, noun_of

MOST_PLAYED = 4
"""Limit on the search by each figure: groups that belong to no candidate plan are played until they have moved this
many times the bytes of the most promising candidate that needs no search."""

LESS, MORE = 0.05, 2.0
"""A plan has a note that takes less than this share less of its objective than another, and more than so many times its
bytes."""

DEARER = 0.01
"""Share of cycles that the plan with the fewest bytes may cost more without a note."""

Groups = tuple[Choice, ...]


class Chosen(NamedTuple):
    """The plan of a run. tried: its outcome, if it is known already; notes: about the choice."""

    plan: Plan
    tried: Tried | None = None
    notes: tuple[str, ...] = ()


def planned(trial: Trial, states: tuple[State, ...], chip: Chip, options: Options) -> Chosen:
    """The schedule that `options` ask for, with membranes in `states`. Raises InputError if there is none."""
    setup = trial.setup
    groups = None if options.groups is None else begins_of(setup.network, options.groups)
    asked = ScheduleOptions(options.schedule, setup.batch, options.chunk, groups)
    trains = None
    if trial.training:
        from lifsim.training.trained import TrainedWith

        trains = TrainedWith(trial.keeping)
    choices = setup.memo.of(choices_of, setup.network, states, chip, setup.batch, options.chunk, setup.memo, trains)

    def cycles(tied: Sequence[Choice]) -> dict[Choice, float]:
        return least_in_turn(setup, trial.accounting, choices, tied)

    best = fewest(allowed(choices, asked, partial(contenders, watch=setup.watch), setup.watch), dram_bytes, cycles)
    if asked.schedule != "auto":
        return Chosen(plan_of(choices, best))
    search = Search(trial, choices, asked, best)
    if options.objective != "dram":
        return search.by(options.objective)
    chosen = plan_of(choices, best)
    said = f"groups of --schedule auto: {groups_in_words(setup.network, chosen)}"
    return Chosen(chosen, notes=(said, *(() if trial.training else search.price_in_cycles())))


@dataclass(frozen=True)
class Search:
    """The search for a plan among `choices`, as `asked`. fewest: the plan with the fewest bytes."""

    trial: Trial
    choices: Choices
    asked: ScheduleOptions
    fewest: Groups

    def by(self, objective: str) -> Chosen:
        """The candidate with the lowest `objective`, cycles or energy; of equals the one that moves fewer bytes, of
        these the one with fewer groups. Raises InputError if this machine can play none."""
        setup = self.trial.setup
        figures: list[Figure] = [
            CycleFigure(setup.machine),
            EnergyFigure(setup.machine, setup.bank, self.trial.costs),
        ]
        found = {figure.name: self.partition(figure) for figure in figures}
        own, figure = found.pop(objective), next(each for each in figures if each.name == objective)
        named = self._as_asked | {name: other.groups for name, other in found.items()}
        candidates = list(dict.fromkeys([own.groups, *named.values()]))
        groups, tried, costs = self._least(figure, candidates)
        alike = next((words for words, candidate in _in_words(named) if candidate == groups), "groups of its own")
        note = f"--objective {objective}: {alike}, {figure.least} of {len(candidates)} schedules compared"
        if not own.exact:
            of = f"{len(self._every())} {noun_of(len(self._every()), 'group')}"
            note += f"; {own.priced} of {of} were played by themselves"
        chosen = plan_of(self.choices, groups)
        said = f"{note}: {groups_in_words(setup.network, chosen)}"
        return Chosen(chosen, tried, (said, *self._price_in_bytes(figure, groups, named, costs)))

    def _price_in_bytes(
        self, figure: Figure, groups: Groups, named: dict[str, Groups], costs: dict[Groups, float]
    ) -> Iterator[str]:
        """A note if a named plan moves many times fewer bytes than `groups` for little more of their figure: the one
        with the fewest. costs: of plans that were played; others take no less than their floors."""
        ours, most = _bytes_of(groups), costs[groups] / (1 - LESS)
        for words, other in sorted(_in_words(named), key=lambda each: _bytes_of(each[1])):
            theirs, whose = _bytes_of(other), words.removeprefix("as ")
            if ours <= MORE * theirs:
                return
            if self._floor(figure, other) <= most and self._cost(figure, other, costs) <= most:
                share = f"{1 - costs[groups] / costs[other]:.2%} {figure.less}"
                times = f"{ours / theirs:.1f} times the DRAM bytes"
                both = f"{format_bytes(ours)} for {format_bytes(theirs)}"
                figures = f"{figure.in_words(costs[groups])} for {figure.in_words(costs[other])}"
                said = f"--objective {figure.name}: {share} ({figures}) than {whose} for {times} ({both})"
                yield ScheduleNote(said, f"{share} than {whose} for {times}, {both}")
                return

    def _cost(self, figure: Figure, groups: Groups, costs: dict[Groups, float]) -> float:
        """The figure of a plan, which is played if it is not among the `costs` yet."""
        if groups not in costs:
            costs[groups] = inf
            with suppress(InputError):
                costs[groups] = figure.of_records(self.trial.of(plan_of(self.choices, groups)).records)
        return costs[groups]

    def price_in_cycles(self) -> tuple[str, ...]:
        """A note if the plan with the fewest bytes takes more cycles than the smallest groups do, by more than DEARER,
        judged by lower bounds of both."""
        machine, tick = self.trial.setup.machine, self._named("tick") or self.fewest
        ours, theirs = (sum(least_cycles(machine, self._counted(each)) for each in one) for one in (self.fewest, tick))
        if ours <= theirs * (1 + DEARER):
            return ()
        bytes_of = [sum(choice.dram_bytes for choice in groups) for groups in (self.fewest, tick)]
        saved = bytes_of[1] - bytes_of[0]
        less = f"{format_bytes(saved)} ({saved / bytes_of[1]:.2%}) less than tick's" if saved else "as many as tick's"
        words = "its cycles without waits for DRAM; --objective cycles weighs them"
        said = f"--schedule auto: the fewest DRAM bytes, {less}, by {ours / theirs:.2f} times {words}"
        brief = f"auto pays {ours / theirs:.2f} times the cycles for {format_bytes(saved)} less; --objective cycles"
        return (ScheduleNote(said, brief),)

    @cached_property
    def _as_asked(self) -> dict[str, Groups]:
        """The legal candidates that need no search."""
        named: dict[str, Groups] = {}
        for schedule in ("tick", "timestep", "fused", "skewed"):
            if groups := self._named(schedule):
                named[schedule] = groups
        return named | {"dram": self.fewest}

    def _named(self, schedule: str) -> Groups:
        """The groups of a named schedule; none if it is illegal, or if groups are given."""
        with suppress(InputError):
            if self.asked.groups is None:
                asked = replace(self.asked, schedule=schedule)
                return fewest(allowed(self.choices, asked, watch=self.trial.setup.watch), dram_bytes, no_matter)
        return ()

    def partition(self, figure: Figure) -> Found:
        """The groups with the lowest sum of `figure`, each played by itself."""
        tally = count(1)

        def price(choice: Choice) -> float:
            setup = self.trial.setup
            setup.watch(f"groups played, by {figure.name}", next(tally), 0)
            try:
                counts = setup.memo.of(played, setup, self.trial.accounting, self.choices, choice)
            except InputError:  # more steps than this machine has memory for
                return inf
            return figure.of(counts)

        first = [choice for groups in self._as_asked.values() if len(groups) > 1 for choice in groups]
        likely = min(self._as_asked.values(), key=partial(self._floor, figure))
        # Under an ideal memory the price is the floor, which is known without playing a step.
        limited = self.trial.setup.machine.waits and len(self.choices.cuts) > FEW_CUTS
        most = MOST_PLAYED * sum(choice.dram_bytes for choice in likely) if limited else inf
        question = Question(lambda choice: figure.floor(self._counted(choice)), price, most)
        return least(self._every(), first or self.fewest, question)

    def _every(self) -> list[Choice]:
        """All legal groups, with those in waves that have the fewest bytes, and single tick-batched layers in other
        tilings."""
        watch = self.trial.setup.watch
        found = allowed(self.choices, self.asked, partial(compared, watch=watch), watch)
        ticking = [choice.first for choice in found if choice.group.tick_batched]
        return [*found, *(other for index in ticking for other in self.choices.faster(index))]

    def _counted(self, choice: Choice) -> Sequence[LayerCounts]:
        setup = self.trial.setup
        return setup.memo.of(counted, setup, self.trial.accounting, self.choices, choice)

    def _least(self, figure: Figure, candidates: Sequence[Groups]) -> tuple[Groups, Tried, dict[Groups, float]]:
        """The best of whole plans, by playing them, and the figures of those that were. In inference, a plan whose
        floor is above another's figure is not played."""
        costs: dict[Groups, float] = {}
        best: tuple[tuple[float, int, int], Groups, Tried] | None = None
        refused: InputError | None = None
        for groups in candidates:
            if best is not None and self._floor(figure, groups) > best[0][0]:
                continue
            try:
                tried = self.trial.of(plan_of(self.choices, groups))
            except InputError as error:
                refused = error
                continue
            moved = sum(record.counts.dram_bytes.total for record in tried.records)
            costs[groups] = figure.of_records(tried.records)
            cost = costs[groups], moved, len(groups)
            if best is None or cost < best[0]:
                best = cost, groups, tried
        if best is None:
            raise refused or ValueError("there must be a candidate")
        return *best[1:], costs

    def _floor(self, figure: Figure, groups: Groups) -> float:
        if self.trial.training:
            return 0
        return figure.floor([layer for choice in groups for layer in self._counted(choice)])


def _bytes_of(groups: Groups) -> int:
    return sum(choice.dram_bytes for choice in groups)


def _in_words(named: dict[str, Groups]) -> list[tuple[str, Groups]]:
    spelt = dict.fromkeys(("tick", "timestep", "fused", "skewed"), "schedule")
    return [(f"as --{spelt.get(name, 'objective')} {name}", groups) for name, groups in named.items()]
