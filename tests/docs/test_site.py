"""Is the site whole: does it ask nothing of the outside, and does every link in it lead somewhere?

`LIFSIM_SITE` names a site that was built already, as `.ci/run` does; without it these tests build one."""

from __future__ import annotations

import os
import posixpath
import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote

import click
import pytest

import lifsim
from lifsim.cli.main import cli
from tests.checkout import ROOT

pytest.importorskip("mkdocs", reason="the site needs mkdocs: the extra docs")
pytestmark = pytest.mark.slow
FIGURE = re.compile(r"--out (figures/\S+\.png)")
FETCHING = {"script": "src", "img": "src", "iframe": "src", "source": "src", "video": "src", "use": "href"}
"""Tags for which a browser asks for something as it shows a page, and where that is named."""


@dataclass
class Page(HTMLParser):
    """What a page asks for, where it leads, the places in it, and its text in order."""

    path: str
    asked: list[str] = field(default_factory=list)
    links: list[str] = field(default_factory=list)
    places: set[str] = field(default_factory=set)
    tags: list[str] = field(default_factory=list)
    words: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        super().__init__()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        self.tags.append(tag)
        self.places.update(given[name] for name in ("id", "name") if name in given)
        if tag in FETCHING and given.get(FETCHING[tag]):
            self.asked.append(given[FETCHING[tag]])
        if tag == "link" and given.get("rel") not in ("canonical", "next", "prev", "alternate"):
            self.asked.append(given.get("href", ""))
        if tag == "a" and "href" in given:
            self.links.append(given["href"])

    def handle_data(self, data: str) -> None:
        if data.strip():
            self.words.append(data.strip())


@dataclass(frozen=True)
class Site:
    """The folder of a built one."""

    root: Path

    @cached_property
    def pages(self) -> dict[str, Page]:
        """By their paths, but the one of a server that finds none: it names things from its root."""
        found = {}
        for path in sorted(self.root.rglob("*.html")):
            page = Page(path.relative_to(self.root).as_posix())
            page.feed(path.read_text(encoding="utf-8"))
            found[page.path] = page
        del found["404.html"]
        return found


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Site:
    if built := os.environ.get("LIFSIM_SITE"):
        return Site(Path(built))
    folder = tmp_path_factory.mktemp("site")
    command = [sys.executable, "-m", "mkdocs", "build", "--strict", "--quiet", "--site-dir", str(folder)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return Site(folder)


def _outside(link: str) -> bool:
    return re.match(r"[a-z][a-z0-9+.-]*:|//", link) is not None


def _there(page: str, link: str) -> tuple[str, str]:
    """The path that a link of a page leads to, and the place in it."""
    path, _, place = link.partition("#")
    return posixpath.normpath(posixpath.join(posixpath.dirname(page), unquote(path))) if path else page, unquote(place)


def test_there_are_pages_of_every_kind(site: Site) -> None:
    assert len(site.pages) > 50
    for page in ("index", "gallery", "others", "validation", "reference/api", "model/3-the-pe-array", "howto/training"):
        assert f"{page}.html" in site.pages


def test_nothing_is_asked_of_the_outside(site: Site) -> None:
    asked = [(page.path, one) for page in site.pages.values() for one in page.asked]
    assert len(asked) > 400
    assert [pair for pair in asked if _outside(pair[1]) and not pair[1].startswith("data:")] == []
    styles = [path.read_text(encoding="utf-8") for path in site.root.rglob("*.css")]
    assert styles
    assert [
        found for text in styles for found in re.findall(r"(?:url\(|@import)\s*[\"']?(?:https?:)?//[^)]*", text)
    ] == []


def test_everything_that_a_page_asks_for_is_there(site: Site) -> None:
    for page in site.pages.values():
        missing = [
            one for one in page.asked if not _outside(one) and not (site.root / _there(page.path, one)[0]).is_file()
        ]
        assert missing == [], page.path


def test_every_link_leads_to_a_page_and_to_a_place_in_it(site: Site) -> None:
    checked = 0
    for page in site.pages.values():
        for link in page.links:
            if _outside(link):
                continue
            path, place = _there(page.path, link)
            if path.endswith("."):
                path = posixpath.join(path, "index.html")
            assert (site.root / path).is_file(), f"{page.path}: {link}"
            if place and path in site.pages and place != "__skip":
                assert place in site.pages[path].places, f"{page.path}: {link}"
            checked += 1
    assert checked > 3000


def test_links_to_the_outside_are_well_formed(site: Site) -> None:
    found = {link for page in site.pages.values() for link in page.links if _outside(link)}
    assert len(found) > 10
    assert [
        link for link in found if not re.fullmatch(r"https://[a-z0-9.-]+\.[a-z]+(/[\w./%#?=&~+,;:@()-]*)?", link)
    ] == []


def test_what_a_reader_sees_first_is_the_answer(site: Site) -> None:
    """What it is, one picture, two commands."""
    text = (site.root / "index.html").read_text(encoding="utf-8")
    body = text[text.index("<article") :]
    places = [body.index(part) for part in ("<h1", "What does sharing", '<div class="drawing"', "pip", "channel4")]
    assert places == sorted(places)
    assert "<img" not in body[: places[-1]]


def test_every_drawing_command_of_the_gallery_and_the_first_page_has_its_figure_above_it(site: Site) -> None:
    for name in ("index", "gallery"):
        source = (ROOT / "docs" / f"{name}.md").read_text(encoding="utf-8")
        figures = FIGURE.findall(source)
        assert len(figures) >= 4
        assert [one for one in site.pages[f"{name}.html"].asked if one.startswith("figures/")] == figures
        for figure in figures:
            assert (site.root / figure).read_bytes().startswith(b"\x89PNG")
            assert "," in (site.root / figure).with_suffix(".csv").read_text(encoding="utf-8").splitlines()[0]


def _commands(command: click.Command, path: tuple[str, ...] = ("lifsim",)) -> Iterator[tuple[str, click.Command]]:
    yield " ".join(path), command
    context = click.Context(command)
    for name in command.list_commands(context) if isinstance(command, click.Group) else ():
        inner = command.get_command(context, name) if isinstance(command, click.Group) else None
        assert inner is not None
        yield from _commands(inner, (*path, name))


def test_every_command_and_option_is_told(site: Site) -> None:
    told = " ".join(
        word for path, page in site.pages.items() if path.startswith("reference/cli/") for word in page.words
    )
    commands = dict(_commands(cli))
    assert len(commands) > 30
    for name, command in commands.items():
        assert name in told
        options = [option for one in command.params if isinstance(one, click.Option) for option in one.opts]
        assert [option for option in options if option not in told] == [], name


def test_every_public_name_is_told(site: Site) -> None:
    words = set(site.pages["reference/api.html"].words)
    names = [f"lifsim.{name}" for name in lifsim.__all__ if name not in ("plot", "__version__")]
    assert [name for name in names if name not in words] == []
    assert [name for name in lifsim.plot.__all__ if f"lifsim.plot.{name}" not in words] == []


def test_notebooks_are_shown_with_what_they_give(site: Site) -> None:
    for path in sorted((ROOT / "docs" / "notebooks").glob("*.ipynb")):
        text = (site.root / "notebooks" / f"{path.stem}.html").read_text(encoding="utf-8")
        assert text.count('<div class="output">') >= 4
        assert (site.root / "notebooks" / path.name).read_bytes() == path.read_bytes()
    assert "buffer_sweep-1.png" in " ".join(site.pages["notebooks/buffer_sweep.html"].asked)


def test_every_document_is_found_from_the_first_page(site: Site) -> None:
    """But the list of samples."""
    seen, waiting = set(), ["index.html"]
    while waiting:
        page = waiting.pop()
        if page in seen or page not in site.pages:
            continue
        seen.add(page)
        waiting += [_there(page, link)[0] for link in site.pages[page].links if not _outside(link)]
    assert set(site.pages) - seen <= {"samples/index.html"}
