"""How every figure looks: print sizes, colours that the colour-blind tell apart, legends outside the data."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.figure import Figure

# Okabe & Ito, "Color Universal Design" (2008), in an order that also differs in lightness.
COLOURS = ("#0072B2", "#E69F00", "#009E73", "#CC79A7", "#56B4E9", "#D55E00", "#F0E442", "#000000")
HATCHES = ("", "//", "..", "xx", "\\\\", "++", "oo", "--")

_SETTINGS = {
    "figure.dpi": 120,
    "savefig.dpi": 300,
    "savefig.bbox": "tight",
    "font.size": 9,
    "axes.titlesize": 9,
    "axes.labelsize": 9,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.axisbelow": True,
    "axes.grid": True,
    "axes.grid.axis": "y",
    "grid.color": "#dddddd",
    "legend.frameon": False,
    "legend.fontsize": 8,
    "svg.hashsalt": "lifsim",  # the same figure is the same file
    "pdf.fonttype": 42,
}


@contextmanager
def house_style() -> Iterator[None]:
    """Matplotlib settings for the figures drawn inside, whatever a matplotlibrc of the current folder or of the user
    says: the same figure is the same file. No display is needed and none is opened."""
    with mpl.rc_context():
        mpl.rcdefaults()
        mpl.rcParams.update(_SETTINGS)  # type: ignore[arg-type]  # its stub lists every key it knows
        yield


def canvas(width_in: float = 3.5, height_in: float = 2.6, rows: int = 1, cols: int = 1) -> tuple[Figure, list[Axes]]:
    """A figure of one journal column (3.5 in) or more, and its axes, row by row."""
    figure = Figure(figsize=(width_in, height_in), layout="constrained")
    axes = figure.subplots(rows, cols, squeeze=False)
    return figure, [ax for row in axes for ax in row]


def legend_outside(axes: Axes, title: str | None = None) -> None:
    """The legend right of the data, entries in the order in which they are stacked."""
    handles, labels = axes.get_legend_handles_labels()
    axes.legend(handles[::-1], labels[::-1], title=title, loc="center left", bbox_to_anchor=(1.01, 0.5))
