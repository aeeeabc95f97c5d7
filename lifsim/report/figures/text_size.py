"""The width of text, and text cut or wrapped to a width."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import cache
from itertools import chain
from typing import Any

import matplotlib as mpl
from matplotlib.backends.backend_agg import RendererAgg
from matplotlib.font_manager import FontProperties, findfont, fontManager, get_font

from lifsim.errors import visible

ELLIPSIS, BOX = "…", "□"
OTHER_SCRIPTS = (
    "Noto Sans CJK SC", "Noto Sans CJK JP", "Source Han Sans SC", "WenQuanYi Zen Hei", "WenQuanYi Micro Hei",
    "Microsoft YaHei", "SimHei", "PingFang SC", "Hiragino Sans", "Malgun Gothic", "Arial Unicode MS",
    "Droid Sans Fallback", "Noto Sans Devanagari", "Noto Sans Thai",
)  # fmt: skip
"""Fonts for signs that the house's lacks, where they are installed: it has Latin, Greek, Cyrillic, Arabic letters."""
_PARTS, _WORDS = re.compile(r"(?:[^,;]|[,;](?!\s))*[,;]?\s*"), re.compile(r"\S+\s*")


@cache
def _renderer() -> RendererAgg:
    return RendererAgg(1, 1, 72)  # type: ignore[no-untyped-call]


def families() -> list[str]:
    """The house's font, which comes with Matplotlib, and behind it those of other scripts that are installed."""
    installed = {font.name for font in fontManager.ttflist}
    return ["DejaVu Sans", *(name for name in OTHER_SCRIPTS if name in installed)]


def width_pt(text: str, size_pt: float) -> float:
    """The width of the widest line of `text` in the current font, in points."""
    font = FontProperties(size=size_pt)
    lines = drawable(text).split("\n")
    measure: Any = _renderer().get_text_width_height_descent
    return max(float(measure(line, font, ismath=False)[0]) for line in lines)


def drawable(text: str) -> str:
    """What the fonts at work can say of `text`: control characters by their codes, signs that all of them lack as
    boxes, one a sign."""
    if text.isascii() and text.replace("\n", "").isprintable():
        return text
    fonts = [get_font(findfont(FontProperties(family=[family]))) for family in mpl.rcParams["font.family"]]
    lines = (visible(line) for line in text.split("\n"))
    return "\n".join(
        "".join(sign if any(font.get_char_index(ord(sign)) for font in fonts) else BOX for sign in line)
        for line in lines
    )


def wrapped(text: str, size_pt: float, room_pt: float) -> list[str]:
    """`text` in lines that fit into `room_pt`, broken behind commas, else at spaces, and inside a word that is wider
    than a line."""
    lines, line = list[str](), ""
    parts = (part for part in _PARTS.findall(drawable(text)) if part)
    fit = ([part] if width_pt(part.rstrip(), size_pt) <= room_pt else _WORDS.findall(part) for part in parts)
    for word in chain.from_iterable(fit):
        piece = word
        while True:
            if width_pt((line + piece).rstrip(), size_pt) <= room_pt:
                line += piece
                break
            if line:
                lines.append(line.rstrip())
                line = ""
                continue
            fits = next((n for n in range(len(piece) - 1, 1, -1) if width_pt(piece[:n], size_pt) <= room_pt), 1)
            lines.append(piece[:fits])
            piece = piece[fits:]
            if not piece:
                break
    return [*lines, line.rstrip()] if line.strip() else lines


def short(text: str, most: int) -> str:
    """`text` in at most this many characters; of a longer text, its beginning and end."""
    if len(text) <= most:
        return text
    head = (most - 1 + 1) // 2
    return f"{text[:head]}{ELLIPSIS}{text[len(text) - (most - 1 - head) :]}"


def short_names(names: Sequence[str], most: int) -> list[str]:
    """`names` in about this many characters at most, so that different names remain different. If that is
    impossible, for instance because no font has their characters, they are numbered."""
    cut = [drawable(short(name, most)) for name in names]
    found = []
    for place, name in enumerate(cut):
        same = list(dict.fromkeys(full for full, other in zip(names, cut, strict=True) if other == name))
        found.append(name if len(same) == 1 else f"{name} ({same.index(names[place]) + 1})")
    return found
