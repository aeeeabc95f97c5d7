"""docs/validation.md and the table of `lifsim validate`."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from importlib import import_module
from typing import TYPE_CHECKING, cast

from lifsim import __version__
from lifsim.report.validation.comparison import Comparison, Section, Verdict
from lifsim.units import counted

if TYPE_CHECKING:
    from rich.table import Table

SECTIONS = ("scalesim", "satasim", "lif_memory", "dramsim3", "lpddr3", "snn")
"""Modules of this package, in the order of the document."""

HEAD = """\
# Validation

LIFSim beside other tools' figures (LIFSim {version}). They come with LIFSim and are made anew by

    lifsim validate --write results/validation.md

which keeps what stands outside the two marks in an existing file. The same comparisons run as tests. A deviation is
(LIFSim - reference) / reference; "must" is the largest one allowed. tests/reference/README.md says where every figure
comes from.
"""

BEGIN, END = "<!-- begin: lifsim validate -->", "<!-- end: lifsim validate -->"
"""What stands between them is written, what stands around them is somebody's own."""


def section(name: str) -> Section:
    """The module of that name."""
    return cast(Section, import_module(f"lifsim.report.validation.{name}"))


def markdown(verdicts: Sequence[Verdict], around: str = "") -> str:
    """The document; `around`, an older one, keeps what stands outside its marks."""
    before, begin, rest = around.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not (begin and end):
        before, after = "", "\n"
    head = [before + BEGIN, HEAD.format(version=__version__), *_markdown_summary(verdicts), ""]
    return "\n".join([*head, *map(_markdown_section, verdicts), END + after])


def _markdown_summary(verdicts: Sequence[Verdict]) -> list[str]:
    """A row a section."""
    lines = ["| compared | figures | equal | largest deviation | must be | |", "|---|---:|---:|---:|---|---|"]
    for one in verdicts:
        must = "equal" if one.tolerance == 0 else f"within {percent(one.tolerance, signed=False)}"
        worst = percent(abs(one.worst.deviation), signed=False)
        held = f"**{len(one.beyond)} are not**" if one.beyond else "they are"
        cells = (
            f"[{one.title}](#{_anchor(one.title)})",
            f"{len(one.comparisons):,}",
            f"{one.equal:,}",
            worst,
            must,
            held,
        )
        lines.append(f"| {' | '.join(cells)} |")
    return lines


def _anchor(title: str) -> str:
    """The anchor of a heading, as Markdown renderers make it."""
    return re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-")


def _markdown_section(verdict: Verdict) -> str:
    lines = [f"## {verdict.title}", "", verdict.intro, "", summary(verdict) + ".", ""]
    if verdict.left_out:
        lines += [left_out(verdict) + ".", ""]
    lines += ["| figure | reference | LIFSim | unit | deviation |", "|---|---:|---:|---|---:|"]
    for c in verdict.comparisons:
        lines.append(f"| {c.item} | {number(c.reference)} | {number(c.lifsim)} | {c.unit} | {percent(c.deviation)} |")
    return "\n".join([*lines, ""])


def summary(verdict: Verdict) -> str:
    """One sentence without a full stop."""
    must = "be equal" if verdict.tolerance == 0 else f"agree to {percent(verdict.tolerance, signed=False)}"
    found = f"{counted(len(verdict.comparisons), 'figure')}, {verdict.equal} equal"
    if verdict.worst.deviation:
        found += f", largest deviation {percent(abs(verdict.worst.deviation), signed=False)} ({verdict.worst.item})"
    return f"{found}, must {must}: " + (f"{len(verdict.beyond)} do not" if verdict.beyond else "they do")


def left_out(verdict: Verdict) -> str:
    """One sentence without a full stop about the files that were not there."""
    return f"Left out, since they do not come with LIFSim: {', '.join(verdict.left_out)}"


def table(verdict: Verdict, comparisons: Sequence[Comparison]) -> Table:
    """The `comparisons` of `verdict` for the console."""
    from rich.table import Table

    found = Table(title=verdict.title, title_justify="left", title_style="bold", header_style="bold")
    for column in ("figure", "reference", "LIFSim", "unit", "deviation"):
        found.add_column(column, justify="left" if column in ("figure", "unit") else "right")
    for c in comparisons:
        found.add_row(c.item, number(c.reference), number(c.lifsim), c.unit, percent(c.deviation))
    return found


def number(value: float) -> str:
    """Counts whole, the others with seven significant digits."""
    return f"{int(value):,}" if value == int(value) else f"{value:,.7g}"


def percent(ratio: float, *, signed: bool = True) -> str:
    """Two significant digits."""
    if ratio == 0:
        return "0 %"
    if math.isinf(ratio):
        return "infinite"
    return f"{100 * ratio:{'+' if signed else ''}.2g} %"
