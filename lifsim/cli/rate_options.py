"""--rate and --rates, of every command that reads spikes."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import click

from lifsim.cli.completing import layers_of_rates
from lifsim.cli.option_values import none_if_empty
from lifsim.lazy_dataclass import dataclass

if TYPE_CHECKING:
    from lifsim.model.network import Network

Rate = Annotated[
    tuple[str, ...] | None,
    click.option(
        "--rate",
        shell_complete=layers_of_rates,
        multiple=True,
        metavar="RATE|LAYER=RATE",
        callback=none_if_empty,
        help="Assume this share of ones among the input spikes of every layer, or of LAYER; colons separate the rates "
        "of timesteps. A later rate overrides an earlier one, and one with LAYER overrides one without.",
    ),
]
RatesTable = Annotated[
    Path | None,
    click.option(
        "--rates", type=click.Path(path_type=Path), metavar="FILE.csv", help="The same from a table: layer,rate."
    ),
]


@dataclass(frozen=True)
class EngineRates:
    """--rate and --rates, of spikes that the engine fires."""

    rate: Rate
    rates: RatesTable

    def network(self, workload: str, settings: Sequence[str], weights: str) -> Network:
        """The network of a workload with `settings` at these rates, at its own where there are none. Raises InputError
        with every fault, also where `weights` fire at rates of their own."""
        from lifsim.config.workload import load_workload
        from lifsim.simulate.inputs import at_told_rates

        return at_told_rates(partial(load_workload, workload, settings), self.rate, self.rates, weights)
