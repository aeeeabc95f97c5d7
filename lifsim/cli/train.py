"""`lifsim train`: train a network under a sharing."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from lifsim.cli.completing import data_sets
from lifsim.cli.say import say
from lifsim.cli.shared_options import set_option, sharing_option, surrogate_option, trained_workload_option
from lifsim.cli.stopping import keeping
from lifsim.cli.where_possible import fitted, say_left, where_possible_option
from lifsim.errors import Fault, InputError, collecting
from lifsim.lazy_dataclass import dataclass

if TYPE_CHECKING:
    from lifsim.engine.data import Dataset
    from lifsim.engine.training.backprop import Learner
    from lifsim.engine.training.loop import EpochReport, Progressed, Recipe


@click.command()
@trained_workload_option
@sharing_option("Sharing of LIF membranes (lifsim list sharings).")
@where_possible_option
@click.option(
    "--data",
    shell_complete=data_sets,
    metavar="NAME|FILE",
    help="digits, basic_motions, watch, or an .npz file. Default: the one that fits the network.",
)
@click.option("--out", required=True, type=click.Path(path_type=Path), help="File of weights (.npz) to write.")
@click.option("--epochs", type=click.IntRange(min=1), default=30, show_default=True, help="Passes over the images.")
@click.option(
    "--batch",
    type=click.IntRange(min=2),
    help="Images per training step. Default: 64, or a quarter of a small data set.",
)
@click.option("--rate", type=float, help="Learning rate at the start. Default: 0.01 (adam), 0.1 (sgd).")
@click.option("--optimiser", type=click.Choice(["adam", "sgd"]), default="adam", show_default=True)
@click.option("--weight-decay", type=click.FloatRange(min=0), default=0.0, show_default=True)
@click.option(
    "--shift",
    type=click.IntRange(min=0),
    default=0,
    show_default=True,
    help="Shift images at random by up to N pixels.",
)
@surrogate_option
@click.option(
    "--membranes",
    type=click.Choice(["stored", "reversed", "recomputed"]),
    default="stored",
    show_default=True,
    help="Membranes of the backward pass: stored for every call, undone from the last ones, or computed again.",
)
@click.option("--seed", type=click.IntRange(min=0), default=0, show_default=True, help="Same seed, same weights.")
@click.option("--threads", type=click.IntRange(min=1), help="Default: all CPUs. The weights do not depend on it.")
@click.option("--resume", is_flag=True, help="Continue an interrupted training of --out.")
@click.option("--force", is_flag=True, help="Replace an existing --out.")
@set_option("Override a key, e.g. timesteps=8.")
@click.option("--format", "form", type=click.Choice(["table", "json"]), default="table", show_default=True)
def train(
    workload: str,
    sharing: str,
    share_where_possible: bool,
    data: str | None,
    out: Path,
    epochs: int,
    batch: int | None,
    rate: float | None,
    optimiser: str,
    weight_decay: float,
    shift: int,
    surrogate: str,
    membranes: str,
    seed: int,
    threads: int | None,
    resume: bool,
    force: bool,
    settings: tuple[str, ...],
    form: str,
) -> None:
    """Train a network by backpropagation through time, and write its weights.

    --out gets the weights after every epoch, and NAME.checkpoint.npz beside it what --resume needs: after Ctrl-C the
    last whole epoch is kept, and a resumed training ends with the bits of an uninterrupted one.

    \b
    Examples:
      lifsim train --workload digits_cnn --sharing channel2 \\
          --out results/digits_channel2.npz
      lifsim train --workload digits_cnn --sharing channel2 \\
          --out results/digits_channel2.npz --resume
      lifsim train --workload har_fcn --sharing layer --membranes reversed \\
          --out results/har_layer.npz
    """
    from lifsim.config.given_rates import ALL_REPLACED
    from lifsim.config.resolve import find
    from lifsim.config.workload import load_workload
    from lifsim.cpus import available_cpus
    from lifsim.engine.data import dataset_for
    from lifsim.engine.training.backprop import Learner
    from lifsim.engine.training.checkpoint import checkpoint_path
    from lifsim.engine.training.loop import Recipe, usual_batch
    from lifsim.engine.training.optimiser import Adam, Sgd
    from lifsim.engine.training.surrogate import Surrogate
    from lifsim.engine.workers import Workers
    from lifsim.files import check_targets
    from lifsim.model.sharing import Sharing

    faults: list[Fault] = []
    network = parsed = images = recipe = learner = None
    read = [] if data is None else [Path(data)]
    with collecting(faults):
        network = load_workload(workload, settings, ALL_REPLACED)
        read.append(find("workload", workload))
    with collecting(faults):
        check_targets([out, checkpoint_path(out)], read, replace=True)
        if not resume and not force and out.exists():
            raise InputError(Fault("exists already; --force replaces it, --resume goes on with it", source=str(out)))
    with collecting(faults):
        parsed = Sharing.parse(fitted(sharing, where_possible=share_where_possible))
    if network is not None and parsed is not None:
        say_left([network], [str(parsed)])
        workers = Workers(threads or available_cpus())
        learner = Learner(network, parsed, Surrogate.named(surrogate), membranes, workers=workers)
        with collecting(faults):
            learner.check()
    with collecting(faults):
        images = dataset_for(data, network)
    with collecting(faults):
        step = Adam(weight_decay) if optimiser == "adam" else Sgd(weight_decay)
        initial = rate if rate is not None else 0.01 if optimiser == "adam" else 0.1
        many = batch or (usual_batch(images) if images else Recipe.batch)
        recipe = Recipe(epochs, many, initial, step, seed, shift)
    if faults or learner is None or images is None or recipe is None:
        raise InputError(faults)
    report = _Training(learner, images, recipe, out).run(resume)
    _say(report, out, form)


@dataclass(frozen=True)
class _Training:
    """One training, as it is asked for."""

    learner: Learner
    data: Dataset
    recipe: Recipe
    out: Path

    @property
    def settings(self) -> dict[str, Any]:
        """What a resumed training must have in common with the interrupted one."""
        learner, recipe = self.learner, asdict(self.recipe)
        return {
            "workload": learner.network.name,
            "timesteps": learner.network.timesteps,
            "neurons": sorted({repr(lif.neuron) for lif in learner.network.lifs}),
            "sharing": str(learner.sharing),
            "surrogate": learner.surrogate.kind,
            "membranes": learner.keeping,
            "data": self.data.name,
            **{name: recipe[name] for name in ("epochs", "batch", "rate", "seed", "shift")},
            "optimiser": {"kind": type(self.recipe.optimiser).__name__.lower()} | recipe["optimiser"],
        }

    def run(self, resume: bool) -> EpochReport | None:
        """Train to the last epoch; the last report, None if all epochs were done before."""
        from lifsim.cli.progress import TrainingProgress
        from lifsim.cli.watching import watching
        from lifsim.engine.training.checkpoint import Checkpoint, load_checkpoint, save_checkpoint
        from lifsim.engine.training.loop import start, train

        begin: Progressed = start(self.learner.network, self.recipe.seed)
        if resume:
            begin = load_checkpoint(self.out, self.learner.network, self.settings)
        report = None
        with watching() as watch:
            self.learner.prepare(watch)
        with keeping(self._kept), TrainingProgress(self.recipe.epochs, begin.epoch) as progress:
            for now, report in train(self.learner, self.data, self.recipe, begin, progress.batch):
                save_checkpoint(self.out, Checkpoint(now, self.settings))
                progress.epoch(report)
        return report

    def _kept(self) -> str:
        """What a stop leaves: the file knows best, whenever the stop came."""
        from lifsim.engine.training.checkpoint import load_checkpoint

        try:
            epoch = load_checkpoint(self.out, self.learner.network, self.settings).epoch
        except InputError:
            return "no epoch was finished"
        return f"{self.out} holds epoch {epoch}; --resume goes on"


def _say(report: EpochReport | None, out: Path, form: str) -> None:
    if report is None:
        say(f"{out}: all epochs were done before", err=True)
        return
    test = report.test
    if form == "json":
        click.echo(json.dumps(asdict(report) | {"out": str(out)}, indent=1))
        return
    say(f"{out}: epoch {report.epoch}, training loss {report.loss:.4f}, accuracy {100 * report.accuracy:.2f} %")
    say(f"test accuracy {100 * test.accuracy:.2f} %, spike rate {100 * test.spike_rate:.2f} %")
    rates = ", ".join(f"{name} {100 * rate:.1f}" for name, rate in test.rates.items())
    say(f"spike rate per LIF layer, %: {rates}")
