"""Figures, made by the commands that stand below them, and notebooks, run: all that takes long, side by side."""

from __future__ import annotations

import json
import os
import re
import shlex
import subprocess
import sys
from collections.abc import Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path, PurePosixPath
from tempfile import TemporaryDirectory
from typing import Any

PAGES = ("index.md", "gallery.md", "howto/figures.md")
"""Pages whose drawing commands have their figures above them."""

_DRAWING = re.compile(r"(?:^ {4}lifsim (?:plot|sweep) [^\\\n]*(?:\\\n[^\\\n]*)*\n?)+", re.MULTILINE)
_FIGURE = re.compile(r"--out (figures/\S+\.(?:png|svg))")
_RUN = """
import json, sys
from lifsim.cli.main import main
for command in json.load(sys.stdin):
    if main(command[1:]):
        sys.exit(" ".join(command) + " failed")
"""
CELL_S = 300


def commands(markdown: str) -> list[list[str]]:
    """The blocks' commands, in order."""
    text = "\n".join(_DRAWING.findall(markdown)).replace("\\\n", " ")
    return [shlex.split(line) for line in text.split("\n") if line.strip()]


def shown(markdown: str, uri: str) -> str:
    """`markdown` of the page `uri`, with figures above the blocks that draw them."""
    if uri not in PAGES:
        return markdown
    up = "../" * uri.count("/")

    def above(match: re.Match[str]) -> str:
        pictures = [_linked(PurePosixPath(name), up) for name in _FIGURE.findall(match[0])]
        return "\n\n".join([*pictures, match[0]])

    return _DRAWING.sub(above, markdown)


def _linked(figure: PurePosixPath, up: str) -> str:
    """A picture that leads to its numbers."""
    return f'[![{figure.stem}]({up}{figure})]({up}{figure.with_suffix(".csv")} "its numbers")'


class Work:
    """Begun with `begin`; `figures` and `notebook` wait for what they give."""

    def __init__(self) -> None:
        self._folder = TemporaryDirectory(prefix="lifsim-site-")
        self._drawn: list[Future[None]] = []
        self._notebooks: dict[Path, Future[Any]] = {}

    def begin(self, docs: str) -> None:
        """Draw and run, as many things at a time as there are processors."""
        pool = ThreadPoolExecutor(os.cpu_count() or 1)
        self._notebooks = {path: pool.submit(_run, path) for path in sorted(Path(docs).glob("notebooks/*.ipynb"))}
        texts = [(Path(docs) / page).read_text(encoding="utf-8") for page in PAGES if (Path(docs) / page).exists()]
        self._drawn = [pool.submit(_draw, commands(text), Path(self._folder.name), Path(docs)) for text in texts]
        pool.shutdown(wait=False)

    def figures(self) -> dict[str, Path]:
        """The files of all figures, by their paths on the site."""
        for drawn in self._drawn:
            drawn.result()
        root = Path(self._folder.name)
        return {path.relative_to(root).as_posix(): path for path in sorted(root.glob("figures/*.*"))}

    def notebook(self, path: Path) -> Any:
        """With its outputs."""
        return self._notebooks[path].result()


def _draw(lines: Iterable[list[str]], folder: Path, docs: Path) -> None:
    """In one process: most of a short command is its begin. Runs in `folder`, which has what the commands read."""
    if not (folder / "docs").exists():
        (folder / "docs").symlink_to(docs.resolve(), target_is_directory=True)
    told = subprocess.run(  # noqa: S603
        [sys.executable, "-c", _RUN], input=json.dumps(list(lines)), cwd=folder, text=True, capture_output=True
    )
    if told.returncode:
        raise RuntimeError(told.stderr)


def _run(path: Path) -> Any:
    import nbformat
    from nbclient import NotebookClient

    book = nbformat.read(path, as_version=4)
    with TemporaryDirectory() as folder:
        NotebookClient(book, timeout=CELL_S, resources={"metadata": {"path": folder}}).execute()
    return book
