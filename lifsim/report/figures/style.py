"""The style of every figure: print sizes, colours that colour-blind readers can distinguish, legends outside the
data."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import matplotlib as mpl
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.figure import Figure, SubFigure

from lifsim.lazy_dataclass import dataclass
from lifsim.report.figures.sheet import PAPER, PAPER_SHEET, Sheet, Style
from lifsim.report.figures.text_size import families, width_pt, wrapped

HATCHES = ("", "//", "..", "xx", "\\\\", "++", "oo", "--")
MARKERS = "osD^vPX*"
DASHES = ("-", "--", "-.", ":", (0, (5, 1, 1, 1, 1, 1)))

SMALL = "small"
"""Of text inside and around panels: never smaller, 6.7 pt on paper."""
SMALL_EM = 0.833
"""The same in sizes of text."""

_SETTINGS = {
    "figure.dpi": 120,
    "axes.titlesize": "medium",
    "axes.labelsize": "medium",
    "xtick.labelsize": SMALL,
    "ytick.labelsize": SMALL,
    "legend.fontsize": SMALL,
    "legend.title_fontsize": SMALL,
    "figure.titlesize": "medium",
    "figure.labelsize": "medium",
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.axisbelow": True,
    "axes.grid": True,
    "axes.grid.axis": "y",
    "grid.color": "#dddddd",
    "legend.frameon": False,
    "svg.hashsalt": "lifsim",  # the same figure is the same file
    "pdf.fonttype": 42,
}
_POINTS = {
    "lines.linewidth": 1.2, "lines.markersize": 4.0, "axes.linewidth": 0.8, "grid.linewidth": 0.6,
    "hatch.linewidth": 0.8, "patch.linewidth": 0.8, "xtick.major.size": 3.0, "ytick.major.size": 3.0,
    "xtick.major.width": 0.8, "ytick.major.width": 0.8, "xtick.minor.size": 1.8, "ytick.minor.size": 1.8,
    "xtick.minor.width": 0.5, "ytick.minor.width": 0.5,
}  # fmt: skip
"""On paper; as many times more as the text is larger."""


@contextmanager
def house_style(style: Style = PAPER) -> Iterator[None]:
    """Matplotlib settings for the figures drawn inside, whatever a matplotlibrc of the current folder or of the user
    says: the same figure is the same file. No display is needed and none is opened."""
    with mpl.rc_context():
        mpl.rcdefaults()
        settings: dict[Any, Any] = {
            **_SETTINGS,
            "font.family": families(),
            "font.size": style.font_pt,
            "savefig.dpi": style.dots_per_in,
        }
        settings |= {key: value * style.scale for key, value in _POINTS.items()}
        mpl.rcParams.update(settings)
        yield


def points(on_paper: float) -> float:
    """A length in points that is so long on paper, as long as the text of the style at work is large."""
    return on_paper * float(mpl.rcParams["font.size"]) / PAPER.font_pt


def canvas(
    sheet: Sheet = PAPER_SHEET, columns: int = 1, height_in: float = 2.6, rows: int = 1, cols: int = 1
) -> tuple[Figure, list[Axes]]:
    """A figure as wide as one or two `columns` of a page and `height_in` on paper, and its axes, row by row."""
    figure = Figure(figsize=sheet.inches(columns, height_in), layout="constrained")
    axes = figure.subplots(rows, cols, squeeze=False)
    return figure, [ax for row in axes for ax in row]


def headline(figure: Figure | SubFigure, text: str) -> None:
    """What is drawn, above all panels, in as many lines as the width asks for."""
    size = float(mpl.rcParams["font.size"])
    figure.suptitle("\n".join(wrapped(text, size, 72 * _width_in(figure) - 2 * size)))


@dataclass(frozen=True)
class Key:
    """A legend's entries."""

    handles: Sequence[Artist]
    labels: Sequence[str]

    @classmethod
    def of(cls, axes: Axes) -> Key:
        """All that is labelled in `axes`."""
        return cls(*axes.get_legend_handles_labels())


def legend_below(figure: Figure | SubFigure, key: Key, *notes: str) -> None:
    """The legend under all panels, in as many columns as the width has room for; above it the `notes`, what else has to
    be said of the figure."""
    size = SMALL_EM * float(mpl.rcParams["font.size"])
    room = 72 * _width_in(figure) - 2 * size
    title = "\n".join(line for note in notes if note for line in wrapped(note, size, room))
    if not (key.labels or title):
        return
    widths = [width_pt(label, size) + 4.5 * size for label in key.labels]
    columns = max(1, min(len(widths), int(room // max(widths, default=room))))
    legend = figure.legend(
        key.handles, key.labels, title=title or None, loc="outside lower center", ncols=columns, columnspacing=1.2
    )
    legend.get_title().set_multialignment("center")


def _width_in(figure: Figure | SubFigure) -> float:
    top = figure.get_figure(root=True)
    assert top is not None  # noqa: S101  # a subfigure is in a figure
    return float(top.get_size_inches()[0])
