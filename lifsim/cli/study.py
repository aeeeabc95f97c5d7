"""`lifsim study`: train one network under several sharings and seeds."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import click

from lifsim.cli.completing import data_sets, sharings
from lifsim.cli.cuts import shares_of
from lifsim.cli.say import say
from lifsim.cli.shared_options import set_option, trained_workload_option
from lifsim.cli.stopping import keeping
from lifsim.cli.usual_sharings import Choice
from lifsim.cli.watching import Clock, watching
from lifsim.cli.where_possible import where_possible_option
from lifsim.config import defaults
from lifsim.errors import Fault, InputError, collecting
from lifsim.units import counted

if TYPE_CHECKING:
    from lifsim.engine.training.pruned_study import Pruned, Pruning
    from lifsim.engine.training.pruning import Cuts
    from lifsim.engine.training.study import Study

SHARINGS = "none,channel2,channel4,layer,layer+channel2"


@click.command()
@trained_workload_option
@click.option(
    "--sharing",
    "sharings",
    shell_complete=sharings,
    metavar="SHARING,...",
    show_default=SHARINGS.replace(",", ", "),
    help="Sharings, separated by commas.",
)
@where_possible_option
@click.option("--seeds", type=click.IntRange(min=1), default=5, show_default=True, help="Seeds 0 to N-1 of each.")
@click.option("--data", shell_complete=data_sets, metavar="NAME|FILE", help="As for `lifsim train`.")
@click.option("--out", required=True, type=click.Path(path_type=Path), help="Folder of the study.")
@click.option("--epochs", type=click.IntRange(min=1), default=30, show_default=True)
@click.option("--batch", type=click.IntRange(min=2), help="As for `lifsim train`.")
@click.option("--rate", type=float, default=0.01, show_default=True, help="Learning rate at the start.")
@click.option("--shift", type=click.IntRange(min=0), default=0, show_default=True, help="As for `lifsim train`.")
@click.option(
    "--prune", "shares", metavar="SHARE,...", help="Prune the trained networks to these shares, one after another."
)
@click.option(
    "--retrain-epochs",
    type=click.IntRange(min=0),
    show_default=str(defaults.RETRAIN_EPOCHS),
    help="Training after each cut of --prune.",
)
@click.option("--jobs", type=click.IntRange(min=1), help="Trainings at a time. Default: all CPUs.")
@set_option("Override a key, e.g. timesteps=8.")
@click.option("--format", "form", type=click.Choice(["table", "json", "csv"]), default="table", show_default=True)
def study(
    workload: str,
    sharings: str | None,
    share_where_possible: bool,
    seeds: int,
    data: str | None,
    out: Path,
    epochs: int,
    batch: int | None,
    rate: float,
    shift: int,
    shares: str | None,
    retrain_epochs: int | None,
    jobs: int | None,
    settings: tuple[str, ...],
    form: str,
) -> None:
    """Train a network under several sharings, with several seeds each, and compare mean and spread of accuracy and
    spike rate.

    The folder --out keeps weights and figures of each training; running the command again trains only what is missing.
    The figures fig6, fig7 and fig8 read the folder. With --prune it also keeps accuracy and firing neurons of each
    network after each cut of its smallest weights, as fig8 draws them.

    \b
    Examples:
      lifsim study --workload digits_cnn --epochs 2 --seeds 1 \\
          --sharing none,channel2 --out reports/small_study
      lifsim study --workload har_fcn --sharing none,layer --seeds 3 \\
          --out reports/har_three_seeds
      lifsim study --workload digits_cnn --prune 0,0.5,0.9 --retrain-epochs 2 \\
          --out reports/pruned
    """
    from lifsim.config.given_rates import ALL_REPLACED
    from lifsim.config.workload import load_workload
    from lifsim.cpus import available_cpus
    from lifsim.engine.data import dataset_for
    from lifsim.engine.rehearsal import PARTS, ready
    from lifsim.engine.training.loop import Recipe, usual_batch
    from lifsim.engine.training.pruned_study import Pruning
    from lifsim.engine.training.study import Trials, check_trials, open_study, run_study, setting_of
    from lifsim.model.sharing import Sharing

    faults: list[Fault] = []
    chosen: list[Sharing] = []
    network = images = recipe = cuts = None
    wanted = Choice.of(sharings, SHARINGS, where_possible=share_where_possible)
    with collecting(faults):
        network = load_workload(workload, settings, ALL_REPLACED)
    for name in wanted.fitting([network] if network else []):
        with collecting(faults):
            chosen.append(Sharing.parse(name))
    if network is not None:
        with collecting(faults):
            check_trials(network, chosen, seeds)
    with collecting(faults):
        images = dataset_for(data, network)
    with collecting(faults):
        many = batch or (usual_batch(images) if images else Recipe.batch)
        recipe = Recipe(epochs, many, rate, shift=shift)
    with collecting(faults):
        cuts = _cuts(shares, retrain_epochs)
    if faults or network is None or images is None or recipe is None:
        raise InputError(faults)
    setting = setting_of(workload, settings, images, recipe)
    held, here, total, clock = 0, 0, len(chosen) * seeds, Clock()
    with keeping(lambda: f"{held} of {total} trainings are kept in {out}; the same command goes on"):
        trials = Trials(network, images, recipe, chosen, seeds)
        say(f"{counted(total, 'training')} of {counted(epochs, 'epoch')}, but for what {out} holds already", err=True)
        with watching() as watch:
            ready(tuple(PARTS), "float32", watch)
        for now in run_study(trials, out, jobs or available_cpus(), setting):
            held, here, last = len(now.trials), here + 1, now.trials[-1]
            left = clock.left_words(here, here + total - held)
            say(
                f"{held} of {total}: {last.sharing}, seed {last.seed}: "
                f"test accuracy {100 * last.accuracy:.2f} %, spike rate {100 * last.spike_rate:.2f} %{left}",
                err=True,
            )
    trained = open_study(out)
    asked = {(str(sharing), seed) for sharing in chosen for seed in range(seeds)}
    found = [] if cuts is None else _prune(Pruning(trained.only(asked), network, images, cuts), jobs)
    _say(trained, found, form)


def _cuts(shares: str | None, retrain_epochs: int | None) -> Cuts | None:
    from lifsim.engine.training.pruning import Cuts

    if shares is not None:
        return Cuts.of(shares_of(shares), defaults.RETRAIN_EPOCHS if retrain_epochs is None else retrain_epochs)
    if retrain_epochs is not None:
        raise InputError(Fault("must go with --prune", path="--retrain-epochs"))
    return None


def _prune(pruning: Pruning, jobs: int | None) -> list[Pruned]:
    from lifsim.cpus import available_cpus

    found: list[Pruned] = []
    total, clock = len(pruning.study.trials), Clock()
    say(f"{counted(total, 'network')} to prune, but for those that are", err=True)
    with keeping(lambda: f"{len(found)} of {total} are pruned in {pruning.study.folder}; the same command goes on"):
        for found in pruning.run(jobs or available_cpus()):
            say(
                f"{len(found)} of {counted(total, 'network')} are pruned{clock.left_words(len(found), total)}", err=True
            )
    return found


def _say(study: Study, pruned: list[Pruned], form: str) -> None:
    from lifsim.csv_text import as_csv
    from lifsim.report.study_table import markdown, pruned_markdown, pruned_rows, rows

    match form:
        case "json":
            tree = {"setting": study.setting, "sharings": rows(study.trials)}
            click.echo(json.dumps(tree | ({"pruned": pruned_rows(pruned)} if pruned else {}), indent=1))
        case "csv":
            click.echo(as_csv(pruned_rows(pruned) if pruned else rows(study.trials)), nl=False)
        case _:
            click.echo(markdown(study.trials))
            if pruned:
                click.echo("\n" + pruned_markdown(pruned))
