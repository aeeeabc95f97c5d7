"""What is made while `mkdocs build` makes the site; each part has a file of its own here.

Chapters of the model from model.md, the help of every command from click, the public names of the package, the outputs
of the notebooks, and the figures of the pages that show commands: nothing of it is kept, so that nothing is old.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import api_page
import chapters
import cli_pages
import drawings
import links
import notebook_pages
import pictures
from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import Files
from mkdocs.structure.pages import Page

WORK = pictures.Work()
"""What takes long, from the begin of a build until its outcome is asked for."""


def on_config(config: MkDocsConfig) -> MkDocsConfig:
    """Begins what takes long; fills the parts of the navigation that follow from the sources."""
    WORK.begin(config.docs_dir)
    found = {
        "model": chapters.pages(config.docs_dir),
        "cli": cli_pages.pages(),
        "tutorials": _written(config, "tutorials"),
        "more": [page for page in _written(config, ".") if page not in {*_named(config.nav), chapters.SOURCE}],
    }
    config.nav = _filled(config.nav, {name: list(pages) for name, pages in found.items()})
    config.extra["polyfills"] = [links.SHIM]
    return config


def _written(config: MkDocsConfig, folder: str) -> list[str]:
    """The pages of a folder, its README first."""
    found = sorted((Path(config.docs_dir) / folder).glob("*.md"), key=lambda path: (path.stem != "README", path.stem))
    return [path.relative_to(config.docs_dir).as_posix() for path in found]


def _named(nav: Any) -> list[str]:
    """All pages and names in `nav`."""
    below = nav.values() if isinstance(nav, dict) else nav if isinstance(nav, list) else []
    return [nav] if isinstance(nav, str) else [one for part in below for one in _named(part)]


def _filled(nav: Any, found: dict[str, list[str]]) -> Any:
    """`nav` with the pages of a name in the place of the name."""
    if isinstance(nav, dict):
        return {title: _filled(below, found) for title, below in nav.items()}
    if isinstance(nav, list):
        named = [found[one] if isinstance(one, str) and one in found else [_filled(one, found)] for one in nav]
        return [one for ones in named for one in ones]
    return nav


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Adds what is made."""
    made = {
        **chapters.pages(config.docs_dir),
        **cli_pages.pages(),
        **api_page.pages(),
        **notebook_pages.pages(config.docs_dir, WORK),
        **WORK.figures(),
    }
    return links.with_files(files, made, config)


def on_page_markdown(markdown: str, page: Page, config: MkDocsConfig, files: Files) -> str:
    """Sets pictures above the commands that draw them, and leads links to where things are on the site."""
    del files  # the signature is mkdocs'
    uri = page.file.src_uri
    shown = drawings.inline(pictures.shown(markdown, uri, WORK.widths()), config.docs_dir)
    return links.led(shown, uri, chapters.places(config.docs_dir))
