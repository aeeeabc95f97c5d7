"""Draws docs/images/machine.svg and fold.svg: what LIFSim simulates, and one fold of its array.

Colours are those of the site's theme where it has any, so that the drawings are light or dark as the page is.

python docs/draw_machine.py [FOLDER]
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

IMAGES = Path(__file__).parent / "images"
STYLE = """
.box{fill:var(--md-code-bg-color,#f3f4f8);stroke:var(--md-default-fg-color--light,#666);stroke-width:1.2}
.pe{fill:var(--md-default-bg-color,#fff);stroke:var(--md-default-fg-color--lighter,#aaa)}
.lif{fill:#f5a623;fill-opacity:.35;stroke:#c77d0a}
.one{fill:#3f62c9;stroke:#3f62c9}
.zero{fill:none;stroke:#3f62c9;stroke-dasharray:2 2}
.weight{fill:#2a9d6f;fill-opacity:.75;stroke:#2a9d6f}
.sum{fill:#f5a623;fill-opacity:.35;stroke:#c77d0a}
.line{stroke:var(--md-default-fg-color--light,#666);stroke-width:1.6;fill:none;marker-end:url(#tip)}
.tip{fill:var(--md-default-fg-color--light,#666)}
text{font:14px system-ui,sans-serif;fill:var(--md-default-fg-color,#222)}
.small{font-size:12px}
.quiet{fill:var(--md-default-fg-color--light,#666)}
.bold{font-weight:600}
""".strip().replace("\n", "")
MARKER = (
    '<defs><marker id="tip" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="8" markerHeight="8" '
    'orient="auto-start-reverse" markerUnits="userSpaceOnUse"><path class="tip" d="M0 0L8 4L0 8z"/></marker></defs>'
)


def rect(kind: str, x: float, y: float, width: float, height: float, corner: float = 3) -> str:
    """A box, its upper left corner at x, y."""
    return f'<rect class="{kind}" x="{x:g}" y="{y:g}" width="{width:g}" height="{height:g}" rx="{corner:g}"/>'


def text(x: float, y: float, words: str, kind: str = "", anchor: str = "middle") -> str:
    """Words on a base line."""
    return f'<text class="{kind}" x="{x:g}" y="{y:g}" text-anchor="{anchor}">{words}</text>'


def arrow(*points: tuple[float, float]) -> str:
    """From the first point to the last."""
    return f'<path class="line" d="M{"L".join(f"{x:g} {y:g}" for x, y in points)}"/>'


def both_ways(*points: tuple[float, float]) -> str:
    """An arrow with a tip at either end."""
    return arrow(*points).replace('class="line"', 'class="line" marker-start="url(#tip)"')


def drawing(width: int, height: int, title: str, parts: Iterator[str]) -> str:
    """The file."""
    head = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" role="img" aria-label="{title}">'
    return "\n".join([head, f"<title>{title}</title>", f"<style>{STYLE}</style>", MARKER, *parts, "</svg>", ""])


def machine() -> Iterator[str]:
    """DRAM, the buffers, the array and its LIF units; arrows are what moves."""
    yield rect("box", 10, 18, 120, 282)
    yield text(70, 132, "DRAM", "bold")
    for row, words in enumerate(("simulated", "burst by burst", "in one queue")):
        yield text(70, 160 + 19 * row, words, "small quiet")
    for place, name in enumerate(("weight", "spike_in", "psum", "membrane", "spike_out")):
        y = 18 + 60 * place
        yield rect("box", 250, y, 120, 42)
        yield text(310, y + 26, name)
        ends = (132, y + 21), (248, y + 21)
        yield (
            both_ways(*ends) if name in ("psum", "membrane") else arrow(*(ends[::-1] if name == "spike_out" else ends))
        )
    yield text(310, 332, "buffers: size, banks, ports", "small quiet")
    for row in range(6):
        for column in range(8):
            yield rect("pe", 470 + 26 * column, 62 + 32 * row, 21, 25, 2)
    yield text(572, 44, "PE array: H x W, in folds", "bold")
    yield arrow((372, 39), (420, 39), (420, 72), (464, 72))
    yield arrow((372, 99), (464, 99))
    yield both_ways((372, 159), (464, 159))
    yield text(418, 31, "weights", "small")
    yield text(418, 93, "spikes", "small")
    yield text(418, 153, "sums", "small")
    yield rect("lif", 740, 62, 110, 185)
    yield text(795, 44, "LIF units", "bold")
    for row, words in enumerate(("charge", "fire", "reset", "", "membranes in", "registers")):
        yield text(795, 92 + 21 * row, words, "small")
    yield arrow((682, 150), (738, 150))
    yield text(710, 143, "x", "small")
    yield both_ways((738, 222), (700, 222), (700, 278), (436, 278), (436, 219), (374, 219))
    yield text(568, 272, "membranes: every call, or none at all", "small")
    yield arrow((795, 249), (795, 306), (420, 306), (420, 279), (374, 279))
    yield text(612, 322, "spikes", "small")


def fold() -> Iterator[str]:
    """An output-stationary fold of 4 pixels x 3 filters: K = 6 products stream in, each row a cycle later."""
    rows, columns, products, size = 4, 3, 6, 26
    left, top = 262, 140
    spikes = ("101001", "001000", "110010", "000100")
    for row in range(rows):
        for k in range(products):
            x = left - 22 - size * (k + 1 + row)
            yield rect("one" if spikes[row][k] == "1" else "zero", x, top + 36 * row + 5, size - 6, 20)
        yield text(left - 12, top + 36 * row + 20, "›", "bold")
    for column in range(columns):
        for k in range(products):
            yield rect("weight", left + 44 * column + 8, top - 4 - 15 * (k + 1 + column), 24, 10)
    for row in range(rows):
        for column in range(columns):
            yield rect("sum", left + 44 * column, top + 36 * row, 38, 30)
    yield text(left + 63, top + 36 * rows + 22, "W filters", "small")
    yield text(left + 142, top + 78, "H pixels", "small", "start")
    yield text(left - 30, top - 34, "spikes: a row begins", "small", "end")
    yield text(left - 30, top - 16, "a cycle after the one above", "small", "end")
    yield text(left + 142, 52, "weights: a column begins", "small", "start")
    yield text(left + 142, 70, "a cycle after its neighbour", "small", "start")
    x = 560
    yield text(x, 112, "cycles of a fold", "bold", "start")
    yield text(x, 136, "K + H + W - 2", "", "start")
    yield text(x, 160, "K products stream, the last", "small quiet", "start")
    yield text(x, 178, "corner begins H + W - 2 later", "small quiet", "start")
    yield rect("one", x, 200, 20, 20)
    yield text(x + 30, 215, "a one: an addition", "small", "start")
    yield rect("zero", x, 228, 20, 20)
    yield text(x + 30, 243, "a zero: idle (gate), or no cycle (skip)", "small", "start")
    yield rect("sum", x, 256, 20, 20)
    yield text(x + 30, 271, "a sum, that becomes x of a neuron", "small", "start")


def drawings() -> dict[str, str]:
    """All by their names."""
    return {
        "machine.svg": drawing(860, 345, "The machine: DRAM, buffers, PE array, LIF units", machine()),
        "fold.svg": drawing(830, 310, "A fold: spikes from the left, weights from above, sums stay", fold()),
    }


if __name__ == "__main__":
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else IMAGES
    for name, content in drawings().items():
        (folder / name).write_text(content, encoding="utf-8")
