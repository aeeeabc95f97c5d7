"""A study: one network trained under several sharings, several seeds each, in a folder that grows trial by trial.

`study.json` holds what was trained and how, and each trial's figures; `<sharing>-seed<k>.npz` its weights.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Container, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Annotated, Any

from lifsim.config.document import kind_at
from lifsim.config.file_kind import in_words
from lifsim.config.json_file import read_json
from lifsim.engine.data import Dataset
from lifsim.engine.training.backprop import Learner
from lifsim.engine.training.loop import Recipe, start, train
from lifsim.engine.training.stored_recipe import read_back, stored
from lifsim.engine.weights import save_arrays
from lifsim.engine.workers import Workers
from lifsim.errors import Fault, InputError, shown
from lifsim.files import replacing, unwritable
from lifsim.kernels.share import share_cache
from lifsim.lazy_dataclass import dataclass
from lifsim.model.keys import Field
from lifsim.model.network import Network
from lifsim.model.schema import Broken, Model, Text, rule
from lifsim.model.sharing import Sharing
from lifsim.processes.pool import Lost, Pool
from lifsim.units import counted

_FILE = "study.json"


Share = Annotated[float, Field(strict=True, ge=0, le=1)]
Seed = Annotated[int, Field(strict=True, ge=0, lt=1 << 63)]


class Trial(Model):
    """A trained network and its figures on the test images (lifsim.engine.evaluate.Evaluation). weights: the name of
    their file in the study's folder."""

    sharing: Text
    seed: Seed
    accuracy: Share
    spike_rate: Share
    active_share: Share
    rates: dict[str, Share]
    weights: Annotated[str, Field(strict=True, pattern=r"^[A-Za-z0-9+_-]+\.npz$")]

    @property
    def key(self) -> tuple[str, int]:
        """The pair by which the trials of a study differ."""
        return self.sharing, self.seed

    @property
    def order(self) -> tuple[bool, str, int]:
        """Unshared ones first."""
        return self.sharing != "none", self.sharing, self.seed


class _Setting(Model):
    """The `setting` of a study, as `setting_of` makes it."""

    workload: Text
    set: list[Text]
    data: Text
    recipe: dict[str, Any]


class _Stored(Model):
    """What study.json holds."""

    setting: _Setting
    trials: list[Trial]

    @rule
    def figures_fit(self) -> Broken:
        """Sharings must be valid, and no trial may be there twice."""
        keys = [trial.key for trial in self.trials]
        for index, trial in enumerate(self.trials):
            if trial.key in keys[:index]:
                yield f"trials.{index}", f"must be another trial than trials.{keys.index(trial.key)}"
            try:
                known = str(Sharing.parse(trial.sharing)) == trial.sharing
            except InputError:
                known = False
            if not known:
                yield f"trials.{index}.sharing", f"{shown(trial.sharing)} must be none, layer, channelN, layer+channelN"


@dataclass(frozen=True)
class Study:
    """A study's folder. setting: what its trials have in common, in plain JSON types."""

    folder: Path
    setting: Mapping[str, Any]
    trials: tuple[Trial, ...]

    def with_trial(self, trial: Trial) -> Study:
        """The study with one more trial, written to its folder."""
        study = replace(self, trials=(*self.trials, trial))
        _write(study)
        return study

    def only(self, keys: Container[tuple[str, int]]) -> Study:
        """The study reduced to the trials of these sharings and seeds."""
        return replace(self, trials=tuple(trial for trial in self.trials if trial.key in keys))

    def recipe(self, seed: int) -> Recipe:
        """How the trial of that seed was trained. Raises InputError."""
        return read_back(self.setting["recipe"], seed, self.folder / _FILE)


def setting_of(workload: str, overrides: Sequence[str], data: Dataset, recipe: Recipe) -> dict[str, Any]:
    """What all trials of a study have in common. workload, overrides: as `load_workload` takes them."""
    return {"workload": workload, "set": list(overrides), "data": data.name, "recipe": stored(recipe)}


def open_study(folder: Path) -> Study:
    """The study stored in `folder`. Raises InputError."""
    way_out = Fault("must be the folder of a study that `lifsim study` wrote", source=str(folder))
    if not (folder / _FILE).is_file():
        raise InputError(replace(way_out, message=way_out.message + in_words(kind_at(folder))))
    try:
        found = read_json(_Stored, folder / _FILE)
    except InputError as error:
        rule = f"{way_out.message}; delete {_FILE} and train again: weights of trials that are asked for are replaced"
        raise InputError([*error.faults, replace(way_out, message=rule)]) from None
    return Study(folder, found.setting.model_dump(), tuple(sorted(found.trials, key=lambda trial: trial.order)))


@dataclass(frozen=True)
class Trials:
    """What a study trains: `network` on `data` by `recipe`, under each of `sharings`, with the seeds below `seeds`."""

    network: Network
    data: Dataset
    recipe: Recipe
    sharings: Sequence[Sharing]
    seeds: int

    def beyond(self, held: Sequence[Trial]) -> list[tuple[Sharing, int]]:
        """The (sharing, seed) pairs to train that are not `held` yet."""
        done = {trial.key for trial in held}
        every = [(sharing, seed) for seed in range(self.seeds) for sharing in self.sharings]
        return [(sharing, seed) for sharing, seed in every if (str(sharing), seed) not in done]


def run_study(trials: Trials, folder: Path, jobs: int, setting: Mapping[str, Any]) -> Iterator[Study]:
    """Train the trials that `folder` does not hold yet, `jobs` at a time, and yield the study after each.

    Raises InputError.
    """
    check_trials(trials.network, trials.sharings, trials.seeds)
    study = _begun(folder, setting)
    missing = trials.beyond(study.trials)
    share_cache()
    with closing(Pool(partial(_training, trials.network, trials.data, trials.recipe, folder), jobs)) as pool:
        for (sharing, seed), trial in pool.answers(missing):
            if isinstance(trial, Lost):
                died = (
                    f"the process that trained it died {counted(trial.attempts, 'time')}, the last time with exit code"
                )
                raise InputError(Fault(f"{died} {trial.status}", path=f"{sharing}, seed {seed}"))
            study = study.with_trial(trial)
            yield study


def _training(network: Network, data: Dataset, recipe: Recipe, folder: Path) -> Callable[[tuple[Sharing, int]], Trial]:
    """The function by which a worker of a study trains one sharing and seed."""

    def trained(which: tuple[Sharing, int]) -> Trial:
        sharing, seed = which
        return run_trial(network, data, sharing, replace(recipe, seed=seed), folder)

    return trained


def run_trial(network: Network, data: Dataset, sharing: Sharing, recipe: Recipe, folder: Path) -> Trial:
    """Train once, on one thread, and save the weights."""
    learner = Learner(network, sharing, workers=Workers(1))
    *_, (now, report) = train(learner, data, recipe, start(network, recipe.seed))
    name = f"{sharing}-seed{recipe.seed}.npz"
    save_arrays(folder / name, now.weights)
    test = report.test
    rates = {layer: round(rate, 6) for layer, rate in test.rates.items()}
    return Trial(
        sharing=str(sharing),
        seed=recipe.seed,
        accuracy=test.accuracy,
        spike_rate=test.spike_rate,
        active_share=test.active_share,
        rates=rates,
        weights=name,
    )


def check_trials(network: Network, sharings: Sequence[Sharing], seeds: int) -> None:
    """Raises InputError, with every reason, where `network` cannot be trained under one of the `sharings`."""
    faults = [] if seeds >= 1 else [Fault(f"{seeds} must be >= 1", path="seeds")]
    for sharing in sharings:
        try:
            Learner(network, sharing, workers=Workers(1)).check()
        except InputError as error:
            faults += error.faults
    if faults:
        raise InputError(list(dict.fromkeys(faults)))


def _begun(folder: Path, setting: Mapping[str, Any]) -> Study:
    if not (folder / _FILE).exists():
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise unwritable(folder, error) from error
        study = Study(folder, setting, ())
        _write(study)
        return study
    study = open_study(folder)
    if study.setting != json.loads(json.dumps(setting)):
        raise InputError(Fault(f"holds another study: {json.dumps(study.setting)}", source=str(folder)))
    return study


def _write(study: Study) -> None:
    trials = sorted(study.trials, key=lambda trial: trial.order)
    text = json.dumps({"setting": study.setting, "trials": [trial.model_dump() for trial in trials]}, indent=1)
    with replacing(study.folder / _FILE, durable=True) as temporary:
        temporary.write_text(text + "\n", encoding="utf-8")
