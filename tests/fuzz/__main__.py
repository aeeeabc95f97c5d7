"""python -m tests.fuzz --seed 1 --inputs 20000: damaged and hostile inputs, many in one process.

Every input is a valid one of some kind, damaged: bits, lines, values, keys, members of archives, cells of stores. LIFSim
must exit with 0 or with 2 and words; print and write no NaN, infinite or negative counts; take at most 10 s of CPU time
and 4 GiB of addresses; write in its own folder alone and leave no temporaries; warn of nothing. What it does else is a
finding: its command and its files stay in --out. Exit code 1 if there is one.
"""

from __future__ import annotations

import argparse
import contextlib
import faulthandler
import io
import os
import random
import resource
import shlex
import shutil
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from tests.fuzz.archives import mutate_npz, mutate_store
from tests.fuzz.judge import Judgement, WriteWatch, judge, watch_writes
from tests.fuzz.samples import Kind, kinds, make_samples
from tests.fuzz.texts import mutate_bytes, mutate_text
from tests.fuzz.trees import mutate_cells, mutate_json, mutate_yaml

ADDRESS_BYTES = 4 << 30
STUCK_SECONDS = 600.0


@dataclass(frozen=True)
class Finding:
    """The input `number`, and what LIFSim did that it must not."""

    number: int
    kind: str
    command: str
    faults: tuple[str, ...]

    def __str__(self) -> str:
        return f"input {self.number} ({self.kind}): lifsim {self.command}\n" + "".join(
            f"    {f}\n" for f in self.faults
        )


@dataclass(frozen=True)
class Place:
    """Folders of a fuzzing run: valid samples, inputs with findings, and the watch over what is written."""

    samples: Path
    kept: Path
    watch: WriteWatch

    @classmethod
    def make(cls, out: Path) -> Place:
        """Samples are made anew in `out`. What compiles, and draws, writes to caches: of these, ever."""
        samples = out / "samples"
        shutil.rmtree(samples, ignore_errors=True)
        with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
            make_samples(samples)
        caches = [Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache")), Path(tempfile.gettempdir())]
        import lifsim

        return cls(samples, out / "findings", watch_writes(out, *caches, Path(lifsim.__file__).parent))


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


def tried(number: int, seed: int, kind: Kind, place: Place) -> tuple[Judgement, Finding | None]:
    """Damage one input of the kind in a folder of its own, and run one of its commands there."""
    rng = random.Random(f"{seed}/{number}")  # noqa: S311 - the same inputs for everybody
    file, command = rng.choice(list(kind.files)), rng.choice(kind.commands)
    folder = place.kept / f"{number}"
    shutil.rmtree(folder, ignore_errors=True)
    for name in {*kind.beside, file}:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(place.samples / name, folder / name)
    (folder / file).write_bytes(damaged(kind.files[file], (place.samples / file).read_bytes(), rng, place))
    arguments = [file if word == "FILE" else word for word in command]
    home = Path.cwd()
    os.chdir(folder)
    try:
        judgement = judge(arguments, place.watch)
    finally:
        os.chdir(home)
    if not judgement.faults:
        shutil.rmtree(folder)
        return judgement, None
    return judgement, Finding(number, kind.name, shlex.join(arguments), judgement.faults)


def healthy(place: Place) -> Iterator[str]:
    """The undamaged samples that are refused, or worse: there must be none. Compiles and imports what commands need."""
    for kind in kinds():
        for file in kind.files:
            folder = place.kept / "healthy"
            for command in kind.commands:
                shutil.rmtree(folder, ignore_errors=True)
                for name in {*kind.beside, file}:
                    (folder / name).parent.mkdir(parents=True, exist_ok=True)
                    shutil.copyfile(place.samples / name, folder / name)
                arguments = [file if word == "FILE" else word for word in command]
                home = Path.cwd()
                os.chdir(folder)
                try:
                    judgement = judge(arguments, place.watch)
                finally:
                    os.chdir(home)
                if judgement.status != 0 or judgement.faults:
                    yield f"{kind.name}: lifsim {shlex.join(arguments)}: {judgement}"
    shutil.rmtree(place.kept / "healthy")


def fuzz(numbers: range, seed: int, names: set[str], place: Place) -> tuple[Counter[tuple[str, str]], list[Finding]]:
    """Inputs by kind and by what became of them ("accepted", "refused", "finding"), and the findings."""
    chosen = [kind for kind in kinds() if not names or kind.name in names]
    tally: Counter[tuple[str, str]] = Counter()
    findings = []
    for number in numbers:
        kind = chosen[number % len(chosen)]
        judgement, finding = tried(number, seed, kind, place)
        if finding is None:
            tally[kind.name, "accepted" if judgement.status == 0 else "refused"] += 1
        else:
            tally[kind.name, "finding"] += 1
            findings.append(finding)
            print(finding, flush=True)
    return tally, findings


def table(tally: Counter[tuple[str, str]]) -> str:
    """The tally as Markdown."""
    outcomes = ("accepted", "refused", "finding")
    lines = ["| input | " + " | ".join(outcomes) + " |", "|---|---:|---:|---:|"]
    for name in dict.fromkeys(kind for kind, _ in tally):
        lines.append(f"| {name} | " + " | ".join(str(tally[name, each]) for each in outcomes) + " |")
    totals = [sum(count for (_, each), count in tally.items() if each == outcome) for outcome in outcomes]
    return "\n".join([*lines, "| all | " + " | ".join(map(str, totals)) + " |"])


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
    faulthandler.dump_traceback_later(STUCK_SECONDS, repeat=True)
    place = Place.make((options.out or Path(tempfile.mkdtemp(prefix="lifsim-fuzz-"))).resolve())
    refused = list(healthy(place))
    if refused:
        print("\n".join(refused))
        return 1
    numbers = range(options.first, options.first + options.inputs)
    tally, findings = fuzz(numbers, options.seed, set(options.kind), place)
    print(table(tally))
    if findings:
        print(f"{len(findings)} findings; files in {place.kept}")
    return 1 if findings else 0


if __name__ == "__main__":
    sys.exit(main())
