"""model.md, a page a section: one document to write and to search, chapters to read."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path, PurePosixPath

from markdown.extensions.toc import slugify

SOURCE = "model.md"
INDEX = "model/index.md"
_SECTION = re.compile(r"^## (?=\d)", re.MULTILINE)
_HEADING = re.compile(r"^#{2,4} (.+)$", re.MULTILINE)
_CODE = re.compile(r"(```.*?```|^ {4}.*$|`[^`\n]+`)", re.DOTALL | re.MULTILINE)
_REFERENCE = re.compile(r"(?<![\w#])([Ss]ection) (\d+)\b(?![.\d])")


@cache
def pages(docs: str) -> dict[str, str]:
    """The text of every page by its path, the index first."""
    before, *sections = _SECTION.split((Path(docs) / SOURCE).read_text(encoding="utf-8"))
    names = {_number(text): f"model/{_slug(text)}.md" for text in sections}
    found = {INDEX: before.rstrip() + "\n\n" + "\n".join(map(_listed, sections)) + "\n"}
    for text in sections:
        higher = re.sub(r"^###", "##", text, flags=re.MULTILINE)
        found[names[_number(text)]] = _linked("# " + higher, names)
    return found


@cache
def places(docs: str) -> dict[str, str]:
    """The page of every heading of model.md, by its anchor; of none: the index."""
    found = {"": INDEX}
    for page, text in pages(docs).items():
        title = re.findall(r"^# (.+)$", text, re.MULTILINE)[:1]
        for heading in [*title, *_HEADING.findall(text)]:
            found.setdefault(_slug(heading), page)
    return found


def _listed(section: str) -> str:
    """A line of the index: the chapter, and what is in it."""
    title, name = section.partition("\n")[0], _slug(section)
    inner = [f"[{one}]({name}.md#{_slug(one)})" for one in re.findall(r"^### (.+)$", section, re.MULTILINE)]
    return f"- [{title}]({name}.md)" + (": " + ", ".join(inner) if inner else "")


def _linked(text: str, names: dict[str, str]) -> str:
    """With `section 3` as a link to that chapter, outside of code and headings."""

    def link(match: re.Match[str]) -> str:
        name = names.get(int(match[2]))
        return match[0] if name is None else f"[{match[0]}]({PurePosixPath(name).name})"

    def line(words: str) -> str:
        return words if words.startswith("#") else _REFERENCE.sub(link, words)

    parts = _CODE.split(text)
    parts[::2] = ["\n".join(map(line, part.split("\n"))) for part in parts[::2]]
    return "".join(parts)


def _number(section: str) -> int:
    return int(section.partition(".")[0])


def _slug(text: str) -> str:
    return slugify(text.partition("\n")[0].replace("`", ""), "-")
