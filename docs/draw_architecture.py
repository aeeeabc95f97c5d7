"""Draws docs/images/architecture.svg from the code: rooms by the layers of setup.cfg, arrows by its imports.

What everybody imports (kernels, processes, single modules) has no arrows, and neither has what less than `FEW` modules
import.

python docs/draw_architecture.py [FILE]
"""

from __future__ import annotations

import sys
from collections import Counter
from configparser import ConfigParser
from pathlib import Path

import grimp
import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import FancyArrowPatch, FancyBboxPatch

ROOT = Path(__file__).parents[1]
WIDTH, HEIGHT, GAP = 3.0, 0.62, 0.28
INCHES_A_UNIT = 0.5
"""Across: the names of rooms fit into their boxes."""
ROOM, INK, ARROW = "#e8eef7", "#1b2a41", "#5b7db1"
FOUNDATIONS = {"kernels", "processes"}
FEW = 4


def layers() -> list[list[str]]:
    """Rooms from top to bottom, those of one floor side by side."""
    config = ConfigParser()
    config.read(ROOT / "setup.cfg", encoding="utf-8")
    lines = config["importlinter:contract:house"]["layers"].split("\n")
    return [[room.strip() for room in line.split("|")] for line in lines if line.strip()]


def imports() -> Counter[tuple[str, str]]:
    """(importing room, imported room): how many modules of one import how many of the other."""
    graph = grimp.build_graph("lifsim")
    found: Counter[tuple[str, str]] = Counter()
    for module in graph.modules:
        for imported in graph.find_modules_directly_imported_by(module):
            edge = _room(module), _room(imported)
            if edge[0] != edge[1] and all(edge):
                found[edge] += 1
    return found


def modules() -> Counter[str]:
    """Modules of each room."""
    return Counter(_room(module) for module in grimp.build_graph("lifsim").modules)


def draw(path: Path) -> None:
    """Write the picture to `path`."""
    floors, edges, sizes = layers(), imports(), modules()
    mpl.rcParams["svg.hashsalt"] = "lifsim"  # the same code gives the same file
    reach = (WIDTH + GAP) * max(map(len, floors)) / 2 + GAP
    figure = Figure(figsize=(INCHES_A_UNIT * 2 * reach, (HEIGHT + GAP) * len(floors) + 0.3))
    axes = figure.add_axes((0, 0, 1, 1))
    axes.set_axis_off()
    centres = {}
    for floor, rooms in enumerate(floors):
        y = -(HEIGHT + GAP) * floor
        for place, room in enumerate(rooms):
            x = (WIDTH + GAP) * (place - (len(rooms) - 1) / 2)
            _box(axes, x, y, room, sizes[room])
            centres[room] = x, y
    for (above, below), count in sorted(edges.items()):
        everybodys = below in FOUNDATIONS or sizes[below] == 1
        if count >= FEW and above in centres and below in centres and not everybodys:
            _arrow(axes, centres[above], centres[below], count)
    axes.set_xlim(-reach, reach)
    axes.set_ylim(-(HEIGHT + GAP) * (len(floors) - 1) - HEIGHT, HEIGHT)
    figure.savefig(path, metadata={"Date": None} if path.suffix == ".svg" else None)


def _room(module: str) -> str:
    parts = module.split(".")
    return parts[1] if len(parts) > 1 else ""


def _box(axes: Axes, x: float, y: float, room: str, size: int) -> None:
    corner = x - WIDTH / 2, y - HEIGHT / 2
    axes.add_patch(FancyBboxPatch(corner, WIDTH, HEIGHT, "round,pad=0,rounding_size=0.08", fc=ROOM, ec=INK, lw=1))
    told = f"{room}/  {size - 1} modules" if size > 1 else f"{room}.py"
    axes.text(x, y, told, ha="center", va="center", fontsize=8, color=INK)


def _arrow(axes: Axes, above: tuple[float, float], below: tuple[float, float], count: int) -> None:
    """Neighbours straight down, others around the side, the farther the wider; thicker where more is imported."""
    floors = round((above[1] - below[1]) / (HEIGHT + GAP))
    side = 1 if floors % 2 else -1
    if floors <= 1:
        start, end, bend = (above[0], above[1] - HEIGHT / 2), (below[0], below[1] + HEIGHT / 2), 0.0
    else:
        start, end = (above[0] + side * WIDTH / 2, above[1]), (below[0] + side * WIDTH / 2, below[1])
        bend = -side * min(0.75, 0.30 + 0.04 * floors)
    width = 0.5 + min(count, 60) / 25
    style = f"arc3,rad={bend}"
    arrow = FancyArrowPatch(
        start, end, connectionstyle=style, arrowstyle="-|>", mutation_scale=8, lw=width, color=ARROW, alpha=0.55
    )
    axes.add_patch(arrow)


if __name__ == "__main__":
    draw(Path(sys.argv[1]) if len(sys.argv) > 1 else ROOT / "docs" / "images" / "architecture.svg")
