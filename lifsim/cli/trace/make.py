"""`lifsim trace make`: synthetic spikes at given rates."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import click

from lifsim.cli.completing import workloads
from lifsim.cli.trace.network import network_for_trace, workload_files
from lifsim.cli.trace.written import say_written
from lifsim.cli.watching import watching
from lifsim.errors import Fault, InputError
from lifsim.files import check_targets
from lifsim.model.network import Network, Spikes
from lifsim.trace.synthesise import analogue_layers, synthesise
from lifsim.trace.writer import save


@click.command()
@click.option(
    "--workload", shell_complete=workloads, metavar="NAME|FILE", required=True, help="Network (lifsim list workloads)."
)
@click.option("--out", required=True, type=click.Path(path_type=Path), help="The trace to write.")
@click.option(
    "--rates",
    metavar="RATE|LAYER=RATE,...",
    help="Share of ones among the inputs of all layers, or of those named; a colon parts the rates of timesteps. "
    "Default: the workload's.",
)
@click.option("--timesteps", type=click.IntRange(min=1), help="T. Default: the workload's.")
@click.option("--batch", type=click.IntRange(min=1), default=1, show_default=True, help="Images.")
@click.option("--seed", type=click.IntRange(min=0), default=0, show_default=True, help="Seed: same seed, same spikes.")
@click.option("--force", is_flag=True, help="Replace an existing --out.")
def make(
    workload: str, out: Path, rates: str | None, timesteps: int | None, batch: int, seed: int, force: bool
) -> None:
    """Draw synthetic spikes: each input of a layer fires with the stated probability, independently of all others.

    The same seed gives the same spikes on every machine. Real spikes are correlated, synthetic ones are not.

    \b
    Examples:
      lifsim trace make --workload vgg16_cifar10 --out results/stated.npz
      lifsim trace make --workload vgg16_cifar10 --rates 0.15 --batch 8 --seed 1 \\
          --out results/even.npz
      lifsim trace make --workload vgg16_cifar10 \\
          --rates conv2=0.1:0.2:0.1:0.2,conv3=0.3 --out results/uneven.npz
    """
    check_targets([out], workload_files(workload), replace=True)
    network = network_for_trace(workload, timesteps)
    if rates is not None:
        network = replace(network, spikes=_given_rates(network, rates))
    with watching() as watch:
        save(synthesise(network, batch, seed), out, overwrite=force, watch=watch)
    say_written(out)


def _given_rates(network: Network, text: str) -> Spikes:
    """The rates in `text`; layers that it does not name keep those of the workload."""
    given = parse_rates(text, [layer.name for layer in network.layers if layer.name not in analogue_layers(network)])
    rates = network.spikes.rates
    provenance = f"--rates {text}" + (f"; other layers: {network.spikes.provenance}" if rates.keys() - given else "")
    return Spikes("rates", rates | given, provenance, measured=False)


def parse_rates(text: str, layers: list[str]) -> dict[str, tuple[float, ...]]:
    """Rates per layer of `0.15` (all of `layers`) or `conv2=0.1,conv3=0.1:0.2`. Raises InputError."""
    if "=" not in text:
        return dict.fromkeys(layers, _per_timestep(text, "--rates"))
    pieces = [tuple(piece.strip() for piece in part.partition("=")) for part in text.split(",")]
    names = [name for name, _, _ in pieces]
    twice = {name for name in names if names.count(name) > 1}
    faults = [Fault(f"{name} must be given once", source="--rates") for name in sorted(twice)]
    rates: dict[str, tuple[float, ...]] = {}
    for name, _, values in pieces:
        try:
            rates[name] = _per_timestep(values, f"--rates {name}".rstrip())
        except InputError as error:
            faults += error.faults
    if faults:
        raise InputError(faults)
    return rates


def _per_timestep(text: str, source: str) -> tuple[float, ...]:
    try:
        return tuple(float(rate) for rate in text.split(":"))
    except ValueError:
        raise InputError(
            Fault(f"{text!r} must be a rate, or a rate per timestep, such as 0.1:0.2", source=source)
        ) from None
