"""Compares runs: under several sharings, and a shared run with the same network without sharing.

Sharing comes with two things that need no sharing: N times fewer LIF units under `channelN` (`lif.units` lets any
network share units in time), and, where layers share, a schedule in which they take turns. So a shared run stands
beside `none` that has both, which differs from it in sharing alone, then beside `none` without the one and the other.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import field, replace
from functools import cached_property
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from lifsim.brief import Brief, Briefly
from lifsim.errors import Fault, InputError, collecting
from lifsim.graph.states import states_of
from lifsim.hardware.array import sparsity_of
from lifsim.lazy_dataclass import dataclass
from lifsim.memo import Memo, Shared
from lifsim.model.arch import Arch
from lifsim.model.sharing import Sharing
from lifsim.schedule.begins import group_ways, unshared_groups
from lifsim.simulate.dram_room import require_dram_room
from lifsim.simulate.inputs import Inputs
from lifsim.simulate.pipeline import simulate
from lifsim.simulate.result import Result, Totals
from lifsim.simulate.spikes import Spikes, drawn_spikes, drawn_together, fires_own, read_spikes
from lifsim.units import change_text
from lifsim.watch import Watch, part_of, unwatched

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class Baseline:
    """The network of a shared run without sharing. units: its LIF units; schedule: whose it runs under, that of the
    shared run ("forced") or its own; result: the run."""

    units: int
    schedule: str
    result: Result


@dataclass(frozen=True)
class Step:
    """Two runs that differ in what `says`: the first is compared with the second. own: whether that is sharing."""

    says: str
    ours: Result
    theirs: Result
    own: bool = False


@dataclass(frozen=True, repr=False)
class Comparison(Briefly):
    """A shared run and `none`. baselines: from the one that differs in sharing alone to the machine as it is under its
    own schedule; the same run where sharing brings nothing else. parts: what the runs have in common, their plans
    among it."""

    shared: Result
    baselines: tuple[Baseline, ...]
    parts: Memo = field(default_factory=Memo, repr=False, compare=False)

    @property
    def alike(self) -> Baseline:
        """`none` with as few LIF units and under the same schedule: what is left of a difference is sharing's own."""
        return self.baselines[0]

    @property
    def machine(self) -> Baseline:
        """`none` on the machine as it is, under its own schedule."""
        return self.baselines[-1]

    @property
    def brief(self) -> Brief:
        """What each step changes of what an architect decides by."""
        alike = f"; none alike has {self.likeness}" if self.likeness else ""
        title = f"{self.shared.name} against none{alike}"
        return Brief(title, {step.says: _changes_text(step.ours.totals, step.theirs.totals) for step in self.steps})

    @property
    def likeness(self) -> str:
        """What `alike` has of the shared run."""
        few = f"as few LIF units ({self.alike.units} of {self.machine.units})"
        units = few if self.alike.units != self.machine.units else ""
        schedule = "the same groups of layers" if self.alike.schedule != self.machine.schedule else ""
        return " and ".join(filter(None, (units, schedule)))

    @cached_property
    def steps(self) -> tuple[Step, ...]:
        """What sharing itself does first, then what needs no sharing, then all of it together, if it is more."""
        found = [Step("sharing's own, none alike", self.shared, self.alike.result, own=True)]
        for ours, theirs in pairwise(self.baselines):
            units = f"{ours.units} LIF units, not {theirs.units}"
            came = units if ours.units != theirs.units else "the schedule"
            found.append(Step(f"no sharing: {came}", ours.result, theirs.result))
        if len(self.baselines) > 1:
            found.append(Step("all of it, none as it is", self.shared, self.machine.result))
        return tuple(found)

    def tree(self) -> dict[str, Any]:
        """Plain data for summary.json: the totals of every baseline."""
        return {
            "baselines": [
                {"lif_units": one.units, "schedule": one.schedule, "totals": one.result.totals.tree()}
                for one in self.baselines
            ],
            "steps": [
                {"says": step.says, "own": step.own, "change": changes(step.ours, step.theirs)} for step in self.steps
            ],
        }

    @cached_property
    def frame(self) -> pd.DataFrame:
        """A row a figure of `Totals.figures`: the shared run, each step's change as a share of what it is against."""
        import pandas as pd

        columns = {str(self.shared.sharing): self.shared.totals.figures}
        columns |= {step.says: changes(step.ours, step.theirs) for step in self.steps}
        return pd.DataFrame(columns)


def _changes_text(ours: Totals, theirs: Totals) -> str:
    pairs = {
        "cycles": (ours.cycles.total, theirs.cycles.total),
        "energy": (ours.energy_pj.total.total, theirs.energy_pj.total.total),
        "DRAM bytes": (ours.dram_bytes.total, theirs.dram_bytes.total),
        "LIF memory": (ours.lif_memory_bytes.forward, theirs.lif_memory_bytes.forward),
        "area": (ours.area_mm2, theirs.area_mm2),
    }
    return ", ".join(f"{name} {change_text(a / b - 1)}" for name, (a, b) in pairs.items() if b)


def changes(ours: Result, theirs: Result) -> dict[str, float | None]:
    """By figure of `Totals.figures`, how much more the first has, as a share of the second: None of nothing."""
    before = theirs.totals.figures
    return {
        name: None if not before.get(name) else value / before[name] - 1
        for name, value in ours.totals.figures.items()
        if isinstance(value, int | float)
    }


def beside_none(result: Result, watch: Watch = unwatched) -> Comparison | None:
    """`result` beside its network without sharing, on the same spikes unless each fires its own; None where it shares
    nothing. `result` itself is simulated once more, for what all have in common is not kept with it. Raises
    InputError where its inputs are no longer there."""
    inputs = Inputs(result.arch, result.network, result.sharing, result.options)
    return run_beside_baseline(inputs, watch)[1]


def run_sharings(inputs: Inputs, sharings: Sequence[str], watch: Watch = unwatched) -> list[Result]:
    """Runs that differ in sharing only, on the same spikes unless each fires its own. Raises InputError with the faults
    of all sharings."""
    faults: list[Fault] = []
    parsed: list[Sharing] = []
    for text in sharings:
        with collecting(faults):
            parsed.append(Sharing.parse(text))
            states_of(inputs.network, parsed[-1])
    if faults:
        raise InputError(faults)
    spikes = Seen(inputs, watch, Shared())
    arch, network, options = inputs.arch, inputs.network, inputs.options
    with inputs.origins.telling():
        return [simulate(arch, network, sharing, options, *spikes.under(sharing)) for sharing in parsed]


def run_beside_baseline(
    inputs: Inputs, watch: Watch = unwatched, parts: Shared | None = None, seen: Seen | None = None
) -> tuple[Result, Comparison | None]:
    """The run, and beside the runs without sharing to compare it with (None if the run itself is one). parts: what it
    has in common with other runs of the network; seen: the spikes of these."""
    parts = parts or Shared()
    spikes = seen or Seen(inputs, watch, parts)
    with inputs.origins.telling():
        shared = simulate(inputs.arch, inputs.network, inputs.sharing, inputs.options, *spikes.under(inputs.sharing))
    if inputs.sharing == Sharing():
        return shared, None
    return shared, Comparison(shared, tuple(_baselines(inputs, shared, spikes)), parts.parts)


def _baselines(inputs: Inputs, shared: Result, spikes: Seen) -> Iterator[Baseline]:
    """From like for like to the machine as it is; what would be the same run is made once."""
    arch, options = inputs.arch, inputs.options

    def run(machine: Arch, groups: Sequence[str] | None) -> Result:
        *others, last = (None,) if groups is None else unshared_groups(groups)
        for words in others:
            with suppress(InputError):
                return run_so(machine, words)
        return run_so(machine, last)

    def run_so(machine: Arch, groups: tuple[str, ...] | None) -> Result:
        so = options.model_copy(update={"groups": groups})
        return simulate(machine, inputs.network, Sharing(), so, *spikes.under(Sharing()))

    own = run(arch, options.groups)
    units, most, groups = shared.totals.lif_units, own.totals.lif_units, options.groups
    forced = shared.plan is not None and own.plan is not None and shared.plan.begins != own.plan.begins
    if forced and shared.plan is not None:
        groups = group_ways(inputs.network, shared.plan)
    if units != most:
        few = arch.model_copy(update={"lif": arch.lif.model_copy(update={"units": units})})
        yield Baseline(units, "forced" if forced else "own", run(few, groups))
    if forced:
        yield Baseline(most, "forced", run(arch, groups))
    yield Baseline(most, "own", own)


class Seen:
    """The spikes of a network's runs, read once unless each sharing fires its own. Images exit when they do under the
    sharing that is asked for first: like is compared with like. scales: times the rates at which the spikes will be
    asked for, too, where nobody has measured the rates."""

    def __init__(self, inputs: Inputs, watch: Watch, parts: Shared, scales: Sequence[float] = ()) -> None:
        self._inputs = inputs
        self._watch = watch
        self._parts = parts
        self._scales = scales
        self._seen: dict[Sharing | None, Spikes] = {}
        self._scaled: dict[float, Spikes] = {}

    def under(self, sharing: Sharing) -> tuple[Spikes, Shared, Watch]:
        """What `simulate` takes behind the options of a run under `sharing`."""
        inputs, here = self._inputs, part_of(f"sharing {sharing}", self._watch)
        fired = sharing if fires_own(inputs.network, inputs.options) else None
        if fired not in self._seen:
            require_dram_room(inputs.arch, inputs.network, sharing, inputs.options, self._parts.parts)
            read = self._read(sharing, here)
            first = next(iter(self._seen.values()), read)
            self._seen[fired] = replace(read, exits=first.exits)
        return self._seen[fired], self._parts, here

    def at_scale(self, scale: float) -> Spikes:
        """Those drawn at so many times the rates that the run asks for."""
        if scale not in self._scaled:
            options, sparsity = self._inputs.options, sparsity_of(self._inputs.arch.array)
            asked = [options.rates_scale * scale]
            (self._scaled[scale],) = drawn_spikes(self._inputs.network, options, asked, sparsity, self._watch)
        return self._scaled[scale]

    def _read(self, sharing: Sharing, watch: Watch) -> Spikes:
        network, options, sparsity = self._inputs.network, self._inputs.options, sparsity_of(self._inputs.arch.array)
        scales = [options.rates_scale * scale for scale in (1.0, *self._scales)]
        if not self._scales or not drawn_together(network, options, len(scales)):
            return read_spikes(network, sharing, options, sparsity, watch)
        read, *scaled = drawn_spikes(network, options, scales, sparsity, watch)
        self._scaled = dict(zip(self._scales, scaled, strict=True))
        return read
