"""python -m tests.fuzz --seed 1 --inputs 20000: damaged and hostile inputs, many in one process.

Every input is a valid one of some kind, damaged: bits, lines, values, keys, members of archives, cells of stores.
LIFSim must exit with 0 or with 2 and words; print and write no NaN, infinite or negative counts; take at most 10 s
of CPU time and 4 GiB of addresses; write in its own folder alone and leave no temporaries; warn of nothing. What it
does else is a finding: its command and its files stay in --out. Exit code 1 if there is one.
"""

from __future__ import annotations

import argparse
import contextlib
import io
import itertools
import os
import random
import resource
import shlex
import shutil
import sys
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import matplotlib

import lifsim
from tests.fuzz.archives import mutate_npz, mutate_store
from tests.fuzz.judge import Judgement, WriteWatch, judge, watch_writes
from tests.fuzz.samples import Command, Kind, kinds, make_samples
from tests.fuzz.texts import mutate_bytes, mutate_text
from tests.fuzz.trees import mutate_cells, mutate_json, mutate_yaml

ADDRESS_BYTES = 4 << 30


@dataclass(frozen=True)
class Trial:
    """A command, and what LIFSim did."""

    command: str
    judgement: Judgement


@dataclass(frozen=True)
class Place:
    """Folders of a fuzzing run: valid samples, inputs with findings, this input's; the watch over what is written."""

    samples: Path
    kept: Path
    watch: WriteWatch
    folder: Path

    def of(self, name: object) -> Place:
        """With the folder of one input."""
        return replace(self, folder=self.kept / str(name))

    @classmethod
    def make(cls, out: Path) -> Place:
        """Samples are made anew in `out`. What compiles, and draws, writes to caches: of these, ever."""
        samples = out / "samples"
        shutil.rmtree(samples, ignore_errors=True)
        with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
            make_samples(samples)
        caches = [Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache")), Path(tempfile.gettempdir())]
        watch = watch_writes(out, *caches, Path(matplotlib.get_configdir()), Path(lifsim.__file__).parent)
        return cls(samples, out / "findings", watch, out / "findings")


def damaged(form: str, data: bytes, rng: random.Random, place: Place) -> bytes:
    """Another version of a file that is written as `form`."""
    if rng.random() < 0.25:
        other = rng.choice([path for path in sorted(place.samples.rglob("*")) if path.is_file()])
        return mutate_bytes(data, rng, other.read_bytes())
    match form:
        case "npz":
            return mutate_npz(data, rng)
        case "store":
            return mutate_store(data, rng, place.samples.parent / "scratch")
        case "bytes":
            return mutate_bytes(data, rng, data[::-1])
    text = data.decode()
    if rng.random() < 0.3 or form == "text":
        return mutate_text(text, rng).encode("utf-8", "surrogatepass")
    changed = {"yaml": mutate_yaml, "json": mutate_json, "cells": mutate_cells}[form](text, rng)
    return changed.encode("utf-8", "surrogatepass")


def judged(kind: Kind, file: str, command: Command, damage: Callable[[bytes], bytes], place: Place) -> Trial:
    """Run the command in a folder of its own with `file` damaged; the folder goes if all is well."""
    shutil.rmtree(place.folder, ignore_errors=True)
    for name in {*kind.beside, file}:
        (place.folder / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(place.samples / name, place.folder / name)
    (place.folder / file).write_bytes(damage((place.samples / file).read_bytes()))
    arguments = [file if word == "FILE" else word for word in command]
    with contextlib.chdir(place.folder):
        judgement = judge(arguments, place.watch)
    if not judgement.faults:
        shutil.rmtree(place.folder)
    return Trial(shlex.join(arguments), judgement)


def tried(number: int, seed: int, kind: Kind, place: Place) -> Trial:
    """Damage one input of the kind, and run one of its commands."""
    rng = random.Random(f"{seed}/{number}")  # noqa: S311 - the same inputs for everybody
    file, command = rng.choice(list(kind.files)), rng.choice(kind.commands)
    form = kind.files[file]
    return judged(kind, file, command, lambda data: damaged(form, data, rng, place), place.of(number))


def healthy(place: Place) -> Iterator[str]:
    """The undamaged samples that are refused, or worse: there must be none. Compiles and imports what commands need."""
    for kind in kinds():
        for file, command in itertools.product(kind.files, kind.commands):
            trial = judged(kind, file, command, lambda data: data, place.of("healthy"))
            if trial.judgement.status != 0 or trial.judgement.faults:
                yield f"{kind.name}: lifsim {trial.command}: {trial.judgement}"


def fuzz(numbers: range, seed: int, names: set[str], place: Place) -> Counter[tuple[str, str]]:
    """Inputs by kind and by what became of them: "accepted", "refused", "finding"; findings are printed."""
    chosen = [kind for kind in kinds() if not names or kind.name in names]
    tally: Counter[tuple[str, str]] = Counter()
    for number in numbers:
        kind = chosen[number % len(chosen)]
        trial = tried(number, seed, kind, place)
        faults = trial.judgement.faults
        tally[kind.name, "finding" if faults else "accepted" if trial.judgement.status == 0 else "refused"] += 1
        if faults:
            print(f"input {number} ({kind.name}): lifsim {trial.command}", *faults, sep="\n    ", flush=True)
    return tally


def table(tally: Counter[tuple[str, str]]) -> str:
    """The tally as Markdown."""
    outcomes = ("accepted", "refused", "finding")
    rows = [(name, *(tally[name, each] for each in outcomes)) for name in dict.fromkeys(kind for kind, _ in tally)]
    totals = ("all", *(sum(row[column] for row in rows) for column in (1, 2, 3)))
    lines = [" | ".join(map(str, row)) for row in (("input", *outcomes), *rows, totals)]
    return "\n".join([f"| {lines[0]} |", "|---|---:|---:|---:|", *(f"| {line} |" for line in lines[1:])])


def main() -> int:
    """The command."""
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--inputs", type=int, default=500)
    parser.add_argument("--first", type=int, default=0, help="the number of the first input")
    parser.add_argument("--kind", action="append", default=[], choices=[kind.name for kind in kinds()])
    parser.add_argument("--out", type=Path, help="where samples and findings go; default: a temporary folder")
    options = parser.parse_args()
    resource.setrlimit(resource.RLIMIT_AS, (ADDRESS_BYTES, ADDRESS_BYTES))
    place = Place.make((options.out or Path(tempfile.mkdtemp(prefix="lifsim-fuzz-"))).resolve())
    refused = list(healthy(place))
    if refused:
        print("\n".join(refused))
        return 1
    numbers = range(options.first, options.first + options.inputs)
    tally = fuzz(numbers, options.seed, set(options.kind), place)
    print(table(tally))
    findings = sum(count for (_, outcome), count in tally.items() if outcome == "finding")
    if findings:
        print(f"{findings} findings; files in {place.kept}")
    return 1 if findings else 0


if __name__ == "__main__":
    sys.exit(main())
