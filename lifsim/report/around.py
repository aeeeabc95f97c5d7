"""The runs around a run, which show what sharing itself changes, how much its rates matter, and what its exits save."""

from __future__ import annotations

from dataclasses import field
from functools import cached_property

from lifsim.lazy_dataclass import dataclass
from lifsim.memo import Shared
from lifsim.report.summary import Around
from lifsim.simulate.inputs import Inputs
from lifsim.simulate.result import Result
from lifsim.sweeps.beside import Comparison, Seen, run_beside_baseline
from lifsim.sweeps.exits_beside import exits_beside
from lifsim.sweeps.rates_range import SCALES, rates_range
from lifsim.watch import Watch, unwatched


@dataclass(frozen=True)
class Surroundings:
    """What a run of `inputs` and those around it are made with. parts: all that they have in common."""

    inputs: Inputs
    watch: Watch = unwatched
    parts: Shared = field(default_factory=Shared)

    @cached_property
    def seen(self) -> Seen:
        """Their spikes."""
        return Seen(self.inputs, self.watch, self.parts, tuple(SCALES.values()))

    def around(self, result: Result, comparison: Comparison | None) -> Around:
        """All of them, once the run and those without sharing are made (`run_beside_baseline`)."""
        exits = exits_beside(self.inputs, result, self.seen)
        rates = rates_range(self.inputs, result, self.watch, self.parts, self.seen)
        return Around(comparison, rates, exits)


def around_of(result: Result, watch: Watch = unwatched) -> Around:
    """The runs around one that was made alone, which is made once more: what all have in common is not kept with it.
    Raises InputError if its inputs are no longer there."""
    inputs = Inputs(result.arch, result.network, result.sharing, result.options)
    surroundings = Surroundings(inputs, watch)
    return surroundings.around(*run_beside_baseline(inputs, watch, surroundings.parts, surroundings.seen))
