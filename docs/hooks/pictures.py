"""Figures, made by the commands that stand below them, and notebooks, run: all that takes long, side by side."""

from __future__ import annotations

import json
import os
import re
import shlex
import subprocess
import sys
from collections.abc import Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path, PurePosixPath
from tempfile import TemporaryDirectory, mkdtemp
from typing import Any

PAGES = ("index.md", "gallery.md")
"""Pages whose drawing commands have their figures above them."""

_COMMANDS = r"(?:^ {4}lifsim (?:plot|sweep) [^\\\n]*(?:\\\n[^\\\n]*)*\n?)+"
_DRAWING = re.compile(_COMMANDS, re.MULTILINE)
_CAPTIONED = re.compile(rf"(?:^\*(?P<caption>[^*]+)\*\n\n)?(?P<block>{_COMMANDS})", re.MULTILINE)
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


def shown(markdown: str, uri: str, widths: Mapping[str, int]) -> str:
    """`markdown` of the page `uri`, with figures above the blocks that draw them; what stands in italics right above a
    block is the caption. widths: of the figures on paper, in pixels of a browser (1/96 in)."""
    if uri not in PAGES:
        return markdown
    up = "../" * uri.count("/")

    def above(match: re.Match[str]) -> str:
        names = _FIGURE.findall(match["block"])
        pictures = [_figure(PurePosixPath(name), up, match["caption"] or "", widths.get(name)) for name in names]
        return "\n\n".join([*pictures, match["block"]])

    return _CAPTIONED.sub(above, markdown)


def _figure(path: PurePosixPath, up: str, caption: str, width: int | None) -> str:
    """A picture as large as on paper, where the page has room, that leads to itself alone; below it what it shows, and
    its numbers."""
    said = " ".join(caption.split())
    plain = re.sub(r"[`\[\]]|\([^()]*\.md[^()]*\)", "", said) or path.stem
    wide = "" if width is None else f'{{ width="{width}" }}'
    numbers = f"[The numbers]({up}{path.with_suffix('.csv')})"
    return (
        f'<figure markdown="1">\n\n[![{plain}]({up}{path}){wide}]({up}{path} "by itself")\n\n'
        f'<figcaption markdown="span">{said} {numbers}</figcaption>\n\n</figure>'
    )


class Work:
    """Begun with `begin`; `figures` and `notebook` wait for what they give. `mkdocs serve` begins again at every
    change: what has not changed is not made again."""

    def __init__(self) -> None:
        self._folder = TemporaryDirectory(prefix="lifsim-site-")
        self._drawn: dict[str, Future[Path]] = {}
        self._ran: dict[bytes, Future[Any]] = {}

    def begin(self, docs: str) -> None:
        """Draw and run, as many things at a time as there are processors."""
        pool = ThreadPoolExecutor(os.cpu_count() or 1)
        for notebook in sorted(Path(docs).glob("notebooks/*.ipynb")):
            if notebook.read_bytes() not in self._ran:
                self._ran[notebook.read_bytes()] = pool.submit(_run, notebook)
        pages = [Path(docs) / page for page in PAGES]
        asked = {json.dumps(commands(page.read_text(encoding="utf-8"))) for page in pages}
        kept = {lines: drawn for lines, drawn in self._drawn.items() if lines in asked}
        folders = {lines: Path(mkdtemp(dir=self._folder.name)) for lines in sorted(asked - set(kept))}
        self._drawn = kept | {lines: pool.submit(_draw, lines, folder, Path(docs)) for lines, folder in folders.items()}
        pool.shutdown(wait=False)

    def figures(self) -> dict[str, Path]:
        """The files of all figures, by their paths on the site."""
        roots = [drawn.result() for drawn in self._drawn.values()]
        return {path.relative_to(root).as_posix(): path for root in roots for path in sorted(root.glob("figures/*.*"))}

    def widths(self) -> dict[str, int]:
        """Of all figures that are pictures of dots, on paper, in 1/96 in."""
        from PIL import Image

        found = {}
        for name, path in self.figures().items():
            if path.suffix == ".png":
                with Image.open(path) as picture:
                    found[name] = round(96 * picture.width / picture.info["dpi"][0])
        return found

    def notebook(self, path: Path) -> Any:
        """With its outputs."""
        return self._ran[path.read_bytes()].result()


def _draw(lines: str, folder: Path, docs: Path) -> Path:
    """In one process: most of a short command is its begin. lines: the commands, as JSON. Runs in `folder`, where they
    find the documents' files."""
    (folder / "docs").symlink_to(docs.resolve(), target_is_directory=True)
    command = [sys.executable, "-c", _RUN]
    told = subprocess.run(command, input=lines, cwd=folder, text=True, capture_output=True)  # noqa: S603
    if told.returncode:
        raise RuntimeError(told.stderr)
    return folder


def _run(path: Path) -> Any:
    import nbformat
    from nbclient import NotebookClient

    book = nbformat.read(path, as_version=4)
    with TemporaryDirectory() as folder:
        NotebookClient(book, timeout=CELL_S, resources={"metadata": {"path": folder}}).execute()
    return book
