"""The networks of a study, pruned. Results are kept in its folder, network by network, so that each is pruned once.

`pruned.json` holds, for each network and each list of cuts that was asked for, what the network does after each cut.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from dataclasses import asdict
from functools import partial
from itertools import pairwise
from pathlib import Path
from typing import Annotated

from lifsim.config.json_file import read_json
from lifsim.engine.data import Dataset
from lifsim.engine.training.backprop import Learner
from lifsim.engine.training.pruning import Cut, Cuts, cut_down
from lifsim.engine.training.study import Seed, Share, Study, Trial
from lifsim.engine.weights import load_weights
from lifsim.engine.workers import Workers
from lifsim.errors import Fault, InputError
from lifsim.files import replacing
from lifsim.kernels.share import share_cache
from lifsim.lazy_dataclass import dataclass
from lifsim.model.keys import Field
from lifsim.model.network import Network
from lifsim.model.schema import Broken, Model, Text, rule
from lifsim.model.sharing import Sharing
from lifsim.processes.pool import Lost, Pool
from lifsim.units import counted

_FILE = "pruned.json"


class _Cut(Model):
    """A `Cut`."""

    share: Annotated[float, Field(strict=True, ge=0, lt=1)]
    accuracy: Share
    active_share: Share
    spike_rate: Share
    weights: Annotated[int, Field(strict=True, ge=0, lt=1 << 63)]


class Pruned(Model):
    """A trained network of the study after each cut. weights_sha256: of the file of its weights before the first
    cut."""

    sharing: Text
    seed: Seed
    weights_sha256: Annotated[str, Field(strict=True, pattern=r"^[0-9a-f]{64}$")]
    retrain_epochs: Annotated[int, Field(strict=True, ge=0, le=1 << 20)]
    cuts: Annotated[list[_Cut], Field(min_length=1)]

    @rule
    def cuts_go_on(self) -> Broken:
        """Each takes more than the one before."""
        shares = [cut.share for cut in self.cuts]
        if any(one >= after for one, after in pairwise(shares)):
            yield "cuts", f"must be of ascending shares, not {shares}"

    @property
    def key(self) -> tuple[str, int, str, Cuts]:
        """Identifies the network, and the cuts that were asked for."""
        cuts = Cuts.of([cut.share for cut in self.cuts], self.retrain_epochs)
        return self.sharing, self.seed, self.weights_sha256, cuts


class _Stored(Model):
    """What pruned.json holds."""

    networks: list[Pruned]

    @rule
    def are_there_once(self) -> Broken:
        """Each network and list of cuts."""
        keys = [network.key for network in self.networks]
        for index, key in enumerate(keys):
            if key in keys[:index]:
                yield f"networks.{index}", f"must be another one than networks.{keys.index(key)}"


@dataclass(frozen=True)
class Pruning:
    """A pruning of the networks of `study`, which are versions of `network` trained on `data`, by `cuts`."""

    study: Study
    network: Network
    data: Dataset
    cuts: Cuts

    def key(self, trial: Trial) -> tuple[str, int, str, Cuts]:
        """The key of the `Pruned` that this trial is to become. Raises InputError."""
        return *trial.key, _digest(self.study.folder / trial.weights), self.cuts

    def run(self, jobs: int) -> Iterator[list[Pruned]]:
        """Yield the pruned networks in the order of the study: first those that the folder holds, then, after each new
        one, all so far. `jobs` networks at a time. Raises InputError."""
        held = {one.key: one for one in _read(self.study.folder)}
        wanted = {self.key(trial): trial for trial in self.study.trials}
        yield [held[key] for key in wanted if key in held]
        missing = [trial for key, trial in wanted.items() if key not in held]
        share_cache()
        with closing(Pool(partial(_cutter, self), jobs)) as pool:
            for trial, found in pool.answers(missing):
                if isinstance(found, Lost):
                    times = counted(found.attempts, "time")
                    died = f"the process that pruned it died {times}, the last time with exit code"
                    raise InputError(Fault(f"{died} {found.status}", path=f"{trial.sharing}, seed {trial.seed}"))
                held[found.key] = found
                _write(self.study.folder, list(held.values()))
                yield [held[key] for key in wanted if key in held]


def _cutter(pruning: Pruning) -> Callable[[Trial], Pruned]:
    """What a worker does with a trained network."""

    def cut(trial: Trial) -> Pruned:
        study = pruning.study
        learner = Learner(pruning.network, Sharing.parse(trial.sharing), workers=Workers(1))
        digest, weights = (
            _digest(study.folder / trial.weights),
            load_weights(study.folder / trial.weights, pruning.network),
        )
        found = cut_down(learner, pruning.data, study.recipe(trial.seed), weights, pruning.cuts)
        return Pruned(
            sharing=trial.sharing,
            seed=trial.seed,
            weights_sha256=digest,
            retrain_epochs=pruning.cuts.retrain_epochs,
            cuts=[_stored(one) for one in found],
        )

    return cut


def _digest(path: Path) -> str:
    try:
        return hashlib.sha256(path.read_bytes()).hexdigest()
    except OSError as error:
        raise InputError(Fault(f"cannot be read: {error.strerror}", source=str(path))) from error


def _stored(cut: Cut) -> _Cut:
    return _Cut(**asdict(cut))


def _read(folder: Path) -> list[Pruned]:
    return read_json(_Stored, folder / _FILE).networks if (folder / _FILE).exists() else []


def _write(folder: Path, networks: Sequence[Pruned]) -> None:
    text = json.dumps({"networks": [network.model_dump() for network in networks]}, indent=1)
    with replacing(folder / _FILE, durable=True) as temporary:
        temporary.write_text(text + "\n", encoding="utf-8")
