"""`lifsim gradients`: how sparse a training step is."""

from __future__ import annotations

from pathlib import Path

import click

from lifsim.cli.completing import data_sets, weights
from lifsim.cli.family import FamilyCommand, options_of
from lifsim.cli.rate_options import EngineRates
from lifsim.cli.say import say
from lifsim.cli.shared_options import set_option, sharing_option, surrogate_option, trained_workload_option
from lifsim.cli.watching import watching
from lifsim.cli.where_possible import fitted, say_left, where_possible_option


@click.command(
    cls=FamilyCommand,
    epilog="""\b
Examples:
  lifsim gradients --workload digits_cnn --surrogate triangle
  lifsim train --workload digits_cnn --sharing channel2 --epochs 2 \\
      --out results/two_epochs.npz
  lifsim gradients --workload digits_cnn --weights results/two_epochs.npz \\
      --sharing channel2 --batch 32
  lifsim gradients --workload lenet5_mnist --data random \\
      --weights calibrated --batch 2
  lifsim gradients --workload lenet5_mnist --data random \\
      --weights calibrated --rate 0.1 --rate conv2=0.3 --batch 2
""",
)
@trained_workload_option
@click.option(
    "--weights", shell_complete=weights, metavar="random|calibrated|FILE", default="random", show_default=True,
    help="Its weights (.npz), or random ones (--seed): as drawn, or calibrated to the spike rates.",
)  # fmt: skip
@options_of(EngineRates, "told")
@sharing_option("Sharing of LIF membranes (lifsim list sharings).")
@where_possible_option
@click.option(
    "--data",
    shell_complete=data_sets,
    metavar="random|NAME|FILE",
    help="As for `lifsim train`, or random images and labels.",
)
@click.option("--batch", type=click.IntRange(min=2), default=64, show_default=True, help="Training images.")
@surrogate_option
@click.option("--seed", type=click.IntRange(min=0), default=0, show_default=True, help="Seed of random weights.")
@set_option("Override a key, e.g. timesteps=8.")
def gradients(
    workload: str,
    weights: str,
    told: EngineRates,
    sharing: str,
    share_where_possible: bool,
    data: str | None,
    batch: int,
    surrogate: str,
    seed: int,
    settings: tuple[str, ...],
) -> None:
    """Measure the share of zeros among the membrane and firing gradients of one training step.

    Prints a `training:` section for the workload file, with each layer's figures as comments. Only the triangle
    surrogate has slopes of zero, and the gradient of a batch norm leaves no zeros: SATA's published sparsities come
    from training of another kind.
    """
    import yaml

    from lifsim.batches.inputs import RANDOM
    from lifsim.engine.data import load_dataset
    from lifsim.engine.initial import random_weights
    from lifsim.engine.training.backprop import Learner
    from lifsim.engine.training.examples import random_examples, weights_at_rates
    from lifsim.engine.training.sparsity import gradient_sparsity
    from lifsim.engine.training.surrogate import Surrogate
    from lifsim.engine.weights import load_weights
    from lifsim.model.sharing import Sharing
    from lifsim.simulate.options import CALIBRATED
    from lifsim.units import counted

    network = told.network(workload, settings, weights)
    sharing = fitted(sharing, where_possible=share_where_possible)
    say_left([network], [sharing])
    learner = Learner(network, Sharing.parse(sharing), Surrogate.named(surrogate))
    learner.check()
    with watching() as watch:
        learner.prepare(watch)
    if data == RANDOM:
        images, labels = random_examples(network, batch, seed)
        shown = f"{batch} random images"
    else:
        known = load_dataset(data, network)
        images, labels = known.x_train[:batch], known.y_train[:batch]
        shown = f"{counted(len(images), 'image')} of {known.name}"
    if weights == RANDOM:
        values, source = random_weights(network, seed), f"random weights of seed {seed}"
    elif weights == CALIBRATED:
        with watching() as watch:
            values = weights_at_rates(network, learner.sharing, images, seed, watch)
        given = told.rate is not None or told.rates is not None
        assumed = f" at rates {network.spikes.provenance}" if given else ""
        source = f"calibrated weights{assumed}"
    else:
        values, source = load_weights(weights, network), Path(weights).name
    found = gradient_sparsity(learner, values, images, labels, seed)
    for kind, layers in (("membrane", found.membrane), ("firing", found.firing)):
        for name, zeros in layers.items():
            say(f"# {kind} gradients of {name}: {zeros.zeros:,} of {zeros.values:,} are zero")
    # That no gradient is zero, the surrogate sees to; zeros are those of weights, which somebody must have trained.
    untrained = weights == RANDOM and bool(found.membrane_share or found.firing_share)
    at_assumed_rates = weights == CALIBRATED and not network.spikes.measured
    section = {
        "membrane_gradient_sparsity": round(found.membrane_share, 4),
        "firing_gradient_sparsity": round(found.firing_share, 4),
        "measured": not (untrained or at_assumed_rates),
        "provenance": f"lifsim gradients: {network.name}, {source}, sharing {sharing}, {surrogate}, {shown}",
    }
    click.echo(yaml.safe_dump({"training": section}, sort_keys=False, width=100), nl=False)
