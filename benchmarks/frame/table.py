"""Tables of the documents, put between their markers: what was measured, and what was not yet."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path

from benchmarks.frame.figure import Figure, Series
from benchmarks.frame.machine import Machine
from benchmarks.frame.members import Benchmark
from benchmarks.frame.results import Record

DOCS = Path(__file__).parents[2] / "docs"

MARKED = re.compile(r"(<!-- figures of (?P<name>\w+) -->\n).*?(<!-- end of figures -->)", re.DOTALL)

ALL = "all"

HEAD = ("figure", "LIFSim", "peer", "ratio", "target", "limit", "gap")


def rendered(text: str, members: Mapping[str, Benchmark], records: Mapping[str, Sequence[Record]]) -> str:
    """A document with today's tables: of the benchmark that a marker names, or of all, each under its title.

    Raises KeyError for a benchmark that is not.
    """

    def tables(found: re.Match[str]) -> str:
        if found["name"] != ALL:
            told = [section(members[found["name"]], records.get(found["name"], ()))]
        else:
            told = [
                f"## {each.title.rstrip('.:')}\n\n{section(each, records.get(name, ()))}"
                for name, each in members.items()
            ]
        return "\n".join([found[1], *told, found[3]])

    return MARKED.sub(tables, text)


def section(member: Benchmark, records: Sequence[Record]) -> str:
    """Its table, and under which load it was measured; the command where it was not."""
    command = f"`python -m benchmarks run {member.name}`"
    if not records:
        return f"Not measured yet on an idle machine: {command}.\n"
    lines = [f"| {' | '.join(HEAD)} |", f"|---|{'---:|' * (len(HEAD) - 1)}"]
    lines += [f"| {' | '.join(cells(record.figure))} |" for record in records]
    return "\n".join([*lines, "", f"{command}: {circumstances(records)}", ""])


def cells(figure: Figure, *, judged: bool = True) -> tuple[str, ...]:
    """Of a line: medians, the range of the rounds in brackets; whether the target is met where it is `judged`."""
    peer = ""
    if figure.peer:
        theirs = "not measured here" if figure.theirs is None else spread(figure.theirs, figure.unit)
        peer = f"{figure.peer}: {theirs}"
    limit = "" if figure.limit is None else f"{amount(figure.limit.value)} {figure.unit}, {figure.limit.of}"
    return (
        figure.name,
        spread(figure.ours, figure.unit),
        peer,
        "" if figure.ratio is None else f"{figure.ratio:.2f} x",
        _target(figure, judged),
        limit,
        "" if figure.gap is None else f"{figure.gap:.1f} x",
    )


def spread(series: Series, unit: str) -> str:
    """`52 (50 to 57) ms`."""
    low, high = min(series.rounds), max(series.rounds)
    around = "" if len(series.rounds) == 1 else f" ({amount(low)} to {amount(high)})"
    return f"{amount(series.median)}{around} {unit}"


def amount(value: float) -> str:
    """Three digits, or all in front of the point."""
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}"


def circumstances(records: Sequence[Record]) -> str:
    """Where, when, on which sources and beside what the figures were measured; one sentence for each run."""
    runs: dict[tuple[str, str, float], list[Record]] = {}
    for record in records:
        runs.setdefault((record.machine.date, record.machine.commit, record.load_before), []).append(record)
    told = []
    for (date, commit, load_before), of_run in runs.items():
        most = max(record.meanwhile.others + record.meanwhile.stolen for record in of_run)
        which = "" if len(runs) == 1 else f" ({', '.join(record.figure.name for record in of_run)})"
        told.append(
            f"{date}{which}, commit {commit}, {machine_words(of_run[0].machine)}; load {load_before:.2f} before, beside"
            f" it at most {most:.1%} of a core."
        )
    return " ".join(told)


def machine_words(machine: Machine) -> str:
    """`Intel Xeon at 2.60 GHz, cores: 2, 8.3 GB, Linux 6.1, python 3.11.2, ...`."""
    versions = ", ".join(f"{package} {version}" for package, version in machine.versions.items())
    return f"{machine.cpu}, cores: {machine.cores}, {machine.memory_gb} GB, {machine.system}, {versions}"


def _target(figure: Figure, judged: bool) -> str:
    if figure.target is None:
        return ""
    wanted = f"{figure.target.value:g} {'x' if figure.target.what == 'ratio' else figure.unit}"
    return {None: wanted, True: f"{wanted}: met", False: f"{wanted}: missed"}[figure.met if judged else None]
