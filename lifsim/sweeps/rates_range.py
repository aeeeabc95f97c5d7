"""How uncertain a run on assumed spike rates is: the same run at half and at twice these rates."""

from __future__ import annotations

from typing import Any

from lifsim.config.given_rates import at_given_rates
from lifsim.config.rates import saturated
from lifsim.lazy_dataclass import dataclass
from lifsim.memo import Shared
from lifsim.simulate.inputs import Inputs
from lifsim.simulate.pipeline import simulate
from lifsim.simulate.result import Result
from lifsim.sweeps.beside import Seen
from lifsim.watch import Watch, part_of, unwatched

SCALES = {"half": 0.5, "twice": 2.0}
FIGURES = {
    "cycles": "cycles.total",
    "energy": "energy_pj.total",
    "effective MACs": "ops.macs_effective",
}


@dataclass(frozen=True)
class RatesRange:
    """A run on assumed rates, and the same at half and twice of them, by name. saturated: layers whose rates, doubled,
    are more than 1 and stay at it: twice the rates is less for them."""

    run: Result
    others: dict[str, Result]
    saturated: tuple[str, ...]

    @property
    def all_zero(self) -> bool:
        """Whether there is nothing that could be half or twice."""
        rates = at_given_rates(self.run.network, self.run.options.rate).spikes.rates
        return all(max(each) == 0 for each in rates.values())

    def change(self, name: str, figure: str) -> float:
        """Of a figure of `Totals.figures`, as a share; 0 of nothing."""
        before = self.run.totals.figures[figure]
        return float(self.others[name].totals.figures[figure] / before - 1) if before else 0.0

    def tree(self) -> dict[str, Any]:
        """Plain data for summary.json."""
        changes = {name: {figure: self.change(name, figure) for figure in FIGURES.values()} for name in self.others}
        return {**changes, "saturated": list(self.saturated)}


def rates_range(
    inputs: Inputs, result: Result, watch: Watch = unwatched, parts: Shared | None = None, seen: Seen | None = None
) -> RatesRange | None:
    """What half and twice the rates would change of `result`, the run of `inputs`; None where they were measured, or
    spikes are not drawn at rates. Rates that are scaled already are taken as they are. parts: what the runs have in
    common with others of the network; seen: the spikes of these."""
    if result.spikes.kind != "rates" or result.spikes.measured:
        return None
    parts, others = parts or Shared(), {}
    seen = seen or Seen(inputs, watch, parts)
    asked = inputs.options.rates_scale
    for name, scale in SCALES.items():
        here = part_of(f"{name} the rates", watch)
        options = inputs.options.model_copy(update={"rates_scale": asked * scale})
        spikes = seen.at_scale(scale)
        others[name] = simulate(inputs.arch, inputs.network, inputs.sharing, options, spikes, parts, here)
    return RatesRange(
        result, others, saturated(at_given_rates(inputs.network, inputs.options.rate).spikes, asked * SCALES["twice"])
    )
