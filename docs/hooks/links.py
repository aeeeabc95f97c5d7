"""Where links of the sources lead on the site."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Mapping
from pathlib import Path

import chapters
from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files

SHIM = "assets/iframe-worker.js"
"""What lets browsers search a site that they read from files. The plugin `offline` would fetch it."""

_LINK = re.compile(r"(!?)\[((?:[^\[\]]|\[[^\]]*\])*)\]\(([^()\s]+)\)")


def with_files(files: Files, made: Mapping[str, str | bytes | Path], config: MkDocsConfig) -> Files:
    """`files` and those that are made: texts, bytes, or files elsewhere; without those that became others."""
    for file in [one for one in files if one.src_uri == chapters.SOURCE]:
        files.remove(file)
    for uri, content in made.items():
        if isinstance(content, Path):
            files.append(File.generated(config, uri, abs_src_path=str(content)))
        else:
            files.append(File.generated(config, uri, content=content))
    return files


def led(markdown: str, uri: str, places: Mapping[str, str]) -> str:
    """`markdown` of the page `uri`: its links to model.md lead to the chapters, those to notebooks to their pages, and
    those to what is not on the site are names."""
    chapter = uri.startswith("model/")
    folder = "" if chapter else posixpath.dirname(uri)

    def lead(match: re.Match[str]) -> str:
        mark, text, link = match.groups()
        path, _, anchor = link.partition("#")
        if re.match(r"[a-z]+:", link) or (chapter and path in _names(places)):
            return match[0]
        target = posixpath.normpath(posixpath.join(folder, path)) if path else (chapters.SOURCE if chapter else uri)
        if target.startswith("..") or not posixpath.splitext(target)[1]:
            return f"{text} (`{target.removeprefix('../')}`)" if text != target else f"`{text}`"
        if target == chapters.SOURCE:
            target = places.get(anchor, chapters.SOURCE)
        if target.endswith(".ipynb") and not text.startswith("Download"):
            target = target.removesuffix(".ipynb") + ".md"
        back = posixpath.relpath(target, posixpath.dirname(uri) or ".")
        return f"{mark}[{text}]({back}{'#' + anchor if anchor else ''})"

    parts = re.split(r"(```.*?```|`[^`\n]*`)", markdown, flags=re.DOTALL)
    parts[::2] = [_LINK.sub(lead, part) for part in parts[::2]]
    return "".join(parts)


def _names(places: Mapping[str, str]) -> set[str]:
    """Of the chapters, as they name each other."""
    return {posixpath.basename(page) for page in places.values()}
