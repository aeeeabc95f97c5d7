"""Drawings of the project set into the page, so that they have its colours, light or dark."""

from __future__ import annotations

import re
from pathlib import Path

DRAWINGS = ("machine.svg", "fold.svg")


def inline(markdown: str, docs: str) -> str:
    """`markdown` with the drawings themselves in the place of links to them."""

    def drawn(match: re.Match[str]) -> str:
        svg = (Path(docs) / "images" / match[1]).read_text(encoding="utf-8")
        return f'<div class="drawing">{svg.strip()}</div>'

    names = "|".join(map(re.escape, DRAWINGS))
    return re.sub(rf"^!\[[^\]]*\]\([^)]*/({names})\)$", drawn, markdown, flags=re.MULTILINE)
