"""--rate and --rates, of every command that reads spikes, and what they say together."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import click

from lifsim.cli.completing import layers_of_rates
from lifsim.cli.option_values import none_if_empty

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
        help="Assume this share of ones among the inputs of every layer that reads spikes, or of that layer; a "
        "colon parts the rates of timesteps. The later one wins, and one that names its layer.",
    ),
]
RatesTable = Annotated[
    Path | None,
    click.option(
        "--rates", type=click.Path(path_type=Path), metavar="FILE.csv", help="The same from a table: layer,rate."
    ),
]


def at_told_rates(
    network: Network, rate: tuple[str, ...] | None, rates: Path | None, weights: str | None = None
) -> Network:
    """`network` at the rates of both. weights: those with which the engine fires, of which some fire at rates of their
    own. Raises InputError with every fault, that of a table where it stands."""
    from lifsim.config.given_rates import at_given_rates, rate_faults
    from lifsim.config.rates_file import read_rates
    from lifsim.errors import InputError
    from lifsim.simulate.options import examined_options

    table = None if rates is None else read_rates(rates)
    engine = None if weights is None else "engine"
    examined = examined_options({"rate": rate, "weights": weights, "spikes": engine}, table)
    if examined.faults:
        raise InputError(examined.faults)
    words = examined.model.rate
    if faults := [] if words is None else [*rate_faults(network, words)]:
        raise InputError(faults if table is None else map(table.placed, faults))
    return at_given_rates(network, words)
