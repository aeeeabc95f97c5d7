"""The page of a report, made from templates, with styles, scripts and data inside it."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from functools import cached_property
from importlib.resources import files
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined

from lifsim import __version__
from lifsim.errors import visible
from lifsim.lazy_dataclass import dataclass
from lifsim.placing import fitting
from lifsim.report.figures.palette import CIVIDIS, COLOURS
from lifsim.report.html.answer import Answer
from lifsim.report.html.beside import Beside
from lifsim.report.html.chart import Absent, Chart
from lifsim.report.html.charts import CHARTS
from lifsim.report.html.embed import as_script_data, script_hash
from lifsim.report.html.inputs import Given
from lifsim.report.html.told import Told
from lifsim.simulate.resolved import MODEL_VERSION

SCRIPTS = ("data", "units", "theme", "tooltip", "bars", "points", "timed", "charts", "downloads", "main")
"""Scripts of assets/js, in the order in which they run."""
SHADE = "#8C96A0"
"""Behind the palette: of what is on chip, no colour of a cause."""
FOLDERS = re.compile(r"(?<![^\s'\"(=,])(?:[A-Za-z]:)?[/\\](?:[^\s/\\'\"<>|,;()]+[/\\])+(?=[^\s/\\])")
"""Before the name of a file whose path is given from the root."""
MOST_APART = 16
"""Most runs of a comparison that have sections of their own; with more runs, the report contains only the
comparison."""


@dataclass(frozen=True)
class Download:
    """A file in the page: key of the data, and the name that it is saved by."""

    key: str
    name: str
    what: str


@dataclass(frozen=True)
class Part:
    """The section of one run. number: for anchors."""

    number: int
    told: Told

    @cached_property
    def answer(self) -> Answer:
        """The head of the section."""
        return Answer.of(self.told)

    @cached_property
    def given(self) -> Given:
        """The inputs of the run."""
        return Given.of(self.told)

    @cached_property
    def drawn(self) -> tuple[Chart | Absent, ...]:
        """All charts."""
        return tuple(draw(self.told) for draw in CHARTS)

    @property
    def charts(self) -> tuple[Chart, ...]:
        """The charts that can be drawn."""
        return tuple(one for one in self.drawn if isinstance(one, Chart))

    @property
    def absent(self) -> tuple[Absent, ...]:
        """The charts that cannot be drawn, and why."""
        return tuple(one for one in self.drawn if isinstance(one, Absent))

    def place(self, key: str) -> str:
        """The anchor of a chart, and its key among the data."""
        return f"run{self.number}-{key}"

    @property
    def glance(self) -> Mapping[str, str]:
        """The first screen in words, if the result itself is available."""
        return self.told.result.brief.figures if self.told.result else {}

    @property
    def notes(self) -> tuple[str, ...]:
        """All notes of the run."""
        return (*self.told.tree["notes"], *self.told.tree["assumptions"])

    @property
    def downloads(self) -> tuple[Download, ...]:
        """Its files."""
        stem = fitting(self.told.label)
        return tuple(Download(self.place(name), f"{stem}-{name}", name) for name in self.told.files)


def page(told: Sequence[Told], beside: Beside | None = None) -> str:
    """The report of one run, or of several compared in `beside`, of which at most `MOST_APART` have sections of their
    own: self-contained HTML, identical for identical runs."""
    parts = [Part(number, one) for number, one in enumerate(told, 1)]
    scripts = [_asset("echarts/echarts.min.js"), _scripts()]
    environment = Environment(
        loader=PackageLoader("lifsim.report.html"), autoescape=True, undefined=StrictUndefined, trim_blocks=True,
        lstrip_blocks=True,
    )  # fmt: skip
    environment.filters["plain"] = _plain
    return environment.get_template("page.html").render(
        title=beside.title if beside else parts[0].answer.title,
        parts=parts,
        beside=beside,
        style=_asset("report.css"),
        scripts=scripts,
        hashes=" ".join(map(script_hash, scripts)),
        data=as_script_data(_data(parts, beside)),
        version=__version__,
        model_version=MODEL_VERSION,
        left_out=0 if beside is None or parts else beside.runs,
    )


def _data(parts: Sequence[Part], beside: Beside | None) -> dict[str, Any]:
    """What the scripts read."""
    charts = {part.place(chart.key): _shown(chart.data) for part in parts for chart in part.charts}
    tables = {part.place(chart.key): chart.table for part in parts for chart in part.charts}
    texts = {part.place(name): text for part in parts for name, text in part.told.files.items()}
    if beside:
        charts |= {chart.key: _shown(chart.data) for chart in beside.charts}
        tables |= {chart.key: chart.table for chart in beside.charts}
        texts["comparison.csv"] = beside.csv
    texts |= {f"{key}.csv": table.csv for key, table in tables.items()}
    return {"palette": [*COLOURS, SHADE], "gradient": CIVIDIS, "charts": charts, "files": texts}


def _shown(data: Any) -> Any:
    """Names in charts as the template shows them elsewhere."""
    match data:
        case str():
            return visible(data)
        case dict():
            return {name: _shown(value) for name, value in data.items()}
        case list() | tuple():
            return [_shown(value) for value in data]
        case _:
            return data


def _plain(text: object) -> str:
    """Files by their names, for a page is passed on; control characters and marks of direction as escapes. The template
    escapes markup."""
    return visible(FOLDERS.sub("", str(text)))


def _scripts() -> str:
    """In a scope of their own."""
    parts = "\n".join(_asset(f"js/{name}.js") for name in SCRIPTS)
    return f"(function () {{\n'use strict';\n{parts}\n}})();\n"


def _asset(name: str) -> str:
    found = files("lifsim.report.html").joinpath("assets")
    for step in name.split("/"):
        found = found.joinpath(step)
    return found.read_text(encoding="utf-8")
