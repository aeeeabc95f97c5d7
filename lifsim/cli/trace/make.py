"""`lifsim trace make`: synthetic spikes at given rates."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import click

from lifsim.cli.completing import workloads
from lifsim.cli.family import FamilyCommand, options_of
from lifsim.cli.rate_options import Rate
from lifsim.cli.trace.network import network_for_trace, workload_files
from lifsim.cli.trace.written import say_written
from lifsim.cli.watching import watching
from lifsim.files import check_targets
from lifsim.lazy_dataclass import dataclass
from lifsim.model.network import Network
from lifsim.trace.synthesise import synthesise
from lifsim.trace.writer import save


@dataclass(frozen=True)
class MakeRates:
    """--rate and --rates."""

    rate: Rate
    rates: Annotated[
        str | None,
        click.option("--rates", metavar="FILE.csv", help="The same from a table, layer,rate; or in words, as --rate."),
    ]

    def network(self, workload: str, timesteps: int | None) -> Network:
        """The network of a workload, with `timesteps` timesteps if given, at the given rates, or else its own.
        Raises InputError with every fault."""
        from lifsim.simulate.inputs import at_told_rates

        return at_told_rates(lambda _: network_for_trace(workload, timesteps), *_told(self.rate, self.rates))


@click.command(cls=FamilyCommand)
@click.option(
    "--workload", shell_complete=workloads, metavar="NAME|FILE", required=True, help="Network (lifsim list workloads)."
)
@click.option("--out", required=True, type=click.Path(path_type=Path), help="The trace to write.")
@options_of(MakeRates, "told")
@click.option("--timesteps", type=click.IntRange(min=1), help="T. Default: the workload's.")
@click.option("--batch", type=click.IntRange(min=1), default=1, show_default=True, help="Images.")
@click.option("--seed", type=click.IntRange(min=0), default=0, show_default=True, help="Seed: same seed, same spikes.")
@click.option("--force", is_flag=True, help="Replace an existing --out.")
def make(workload: str, out: Path, told: MakeRates, timesteps: int | None, batch: int, seed: int, force: bool) -> None:
    """Draw synthetic spikes: each input of a layer fires with the stated probability, independently of all others.

    The same seed gives the same spikes on every machine. Real spikes are correlated, synthetic ones are not.

    \b
    Examples:
      lifsim trace make --workload vgg16_cifar10 --out results/stated.npz
      lifsim trace make --workload vgg16_cifar10 --rate 0.15 --batch 8 --seed 1 \\
          --out results/even.npz
      lifsim trace make --workload vgg16_cifar10 --rate conv3=0.3 \\
          --rate conv2=0.1:0.2:0.1:0.2 --out results/uneven.npz
    """
    check_targets([out], workload_files(workload), replace=True)
    network = told.network(workload, timesteps)
    with watching() as watch:
        save(synthesise(network, batch, seed), out, overwrite=force, watch=watch)
    say_written(out)


def _told(rate: tuple[str, ...] | None, rates: str | None) -> tuple[tuple[str, ...] | None, Path | None]:
    """What --rate and --rates say, in words and as a table: the latter may have words as the former has."""
    if rates is None or rates.endswith(".csv") or Path(rates).exists():
        return rate, None if rates is None else Path(rates)
    return (*(part.strip() for part in rates.split(",")), *(rate or ())), None
