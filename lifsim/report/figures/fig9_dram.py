"""fig9, bottom: DRAM accesses of VGG-16 over datasets, unshared and under layer sharing, single image and mini-batch.

After figure 9 of EfficientLIF-Net (Kim et al., Front. Neurosci. 2023), whose caption says neither which accesses it
counts nor what stays on chip. So it is drawn in every reading that the caption allows, each named; the paper's values
are not known to LIFSim, and nothing is fitted.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from lifsim.report.dram_readings import CURVE
from lifsim.report.figures.scales import tick_in_units
from lifsim.report.figures.together import Line, draw_lines, joined
from lifsim.report.figures.words import Unit, labelled
from lifsim.units import change_text, format_bytes

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes
    from matplotlib.figure import SubFigure

READINGS: Mapping[str, str] = {
    "A": "membranes alone, a shared state on chip between its layers",
    "B": "all bytes, a shared state on chip between its layers",
    "S": "all bytes on this machine, both timestep by timestep",
    "D": "all bytes on this machine, each under its own best schedule",
}
SHARINGS = ("none", "layer")
DATASETS = {
    "vgg16_efficientlif_cifar10": "CIFAR10",
    "vgg16_efficientlif_cifar100": "CIFAR100",
    "vgg16_efficientlif_tinyimagenet": "Tiny ImageNet",
    "vgg16_efficientlif_imagenet100": "ImageNet-100",
    "vgg16_efficientlif_ncaltech101": "N-Caltech 101",
}
NETWORK = "EfficientLIF-Net's VGG-16"
"""That of `DATASETS`."""
PARTS: Mapping[str, tuple[str, ...]] = {
    "weights": ("weights",),
    "spikes": ("spikes_in", "spikes_out", "residual"),
    "membranes": ("membrane_read", "membrane_write"),
    "psums": ("psum",),
}
BAR, NAME, CURVE_HEIGHT = 0.38, 24, 1.5
HEIGHT_IN = 9.0
LEAST_CHANGE = 1.0
"""[%] An axis of changes shows so much at least each way: a line at 0 is one of no change, not of a millionth."""


def draw(frame: pd.DataFrame, axes: Axes) -> None:
    """One reading and batch: per network a bar for none and one for layer, normalised to none, parted by tensors."""
    from lifsim.report.figures.palette import COLOURS
    from lifsim.report.figures.style import HATCHES
    from lifsim.report.figures.tick_names import by_lines

    names = list(dict.fromkeys(frame["workload"]))
    for index, sharing in enumerate(dict.fromkeys(frame["sharing"])):
        rows = frame[frame["sharing"] == sharing]
        positions = [place + (index - 0.5) * BAR for place in range(len(names))]
        scale = (rows["normalised"] / rows["total_bytes"]).fillna(0.0)
        base = [0.0] * len(rows)
        for (part, tensors), colour, hatch in zip(PARTS.items(), COLOURS, HATCHES, strict=False):
            heights = (rows[[f"{tensor}_bytes" for tensor in tensors]].sum(axis=1) * scale).tolist()
            label = part if index == 0 else None
            axes.bar(positions, heights, 0.9 * BAR, bottom=base, label=label, color=colour, hatch=hatch, ec="white")
            base = [b + h for b, h in zip(base, heights, strict=True)]
        if index:
            for place, (total, idle) in enumerate(zip(rows["normalised"], rows["shares_nothing"], strict=True)):
                told, above = "shares nothing" if idle else change_text(total - 1), max(1.0, total)
                axes.annotate(told, (place, above), ha="center", va="bottom", fontsize="small")
    axes.set_xticks(range(len(names)), by_lines([_label(name) for name in names], 10))
    axes.set_ylim(0, 1.2 * max(1.0, float(frame["normalised"].max())))


def draw_curve(frame: pd.DataFrame, axes: Axes, this_machine: int) -> None:
    """Change of all bytes from none to layer against the membrane buffer, a line a network, one for those of equal
    points; rings: where its sign changes; dotted: the buffer that this machine has."""
    from lifsim.report.figures.style import points

    shared, lines = frame[frame["sharing"] != "none"], list[Line]()
    for name, rows in shared.groupby("workload", sort=False):
        change = (100 * (rows["normalised"] - 1)).tolist()
        lines.append(Line(_curve_name(str(name), rows), rows["membrane_buffer_bytes"].tolist(), change))
    draw_lines(axes, joined(lines))
    crossed = shared[shared["sign_changes"].astype(bool)]
    axes.plot(crossed["membrane_buffer_bytes"], 100 * (crossed["normalised"] - 1), "o", mfc="none", mec="black",
              markersize=points(10), markeredgewidth=points(0.8))  # fmt: skip
    low, high = axes.get_ylim()
    axes.set_ylim(min(low, -LEAST_CHANGE), max(high, LEAST_CHANGE))
    if shared["shares_nothing"].astype(bool).all():
        axes.annotate("layer sharing shares nothing here", (0.5, 0.5), (0, 4), xycoords="axes fraction",
                      textcoords="offset points", ha="center", va="bottom", fontsize="small")  # fmt: skip
    axes.axhline(0, color="black", linewidth=points(0.6))
    if this_machine:
        axes.axvline(this_machine, color="black", linewidth=points(0.8), linestyle=":")
    axes.set_xscale("log", base=2)
    unit = tick_in_units(axes.xaxis, Unit("bytes"))
    axes.set_xlabel(labelled("membrane buffer", unit))


def _curve_name(network: str, rows: pd.DataFrame) -> str:
    """The name of a curve in the legend."""
    from lifsim.report.figures.text_size import short

    idle = bool(rows["shares_nothing"].astype(bool).all())
    return short(_label(network), NAME) + (" (shares nothing)" if idle else "")


def draw_all(frame: pd.DataFrame, figure: SubFigure) -> None:
    """A row of panels per reading, then the curve; a column per batch size. Left bars are none, right ones layer."""
    from lifsim.report.figures.style import Key, legend_below

    this_machine = int(frame.loc[frame["reading"] == "S", "membrane_buffer_bytes"].iloc[0])
    batches = sorted(set(frame["batch"]))
    heights = [1.0] * len(READINGS) + [CURVE_HEIGHT]
    panels = figure.subplots(len(heights), len(batches), squeeze=False, height_ratios=heights)
    for column, batch in enumerate(batches):
        images = "single image" if batch == 1 else f"mini-batch of {batch}"
        for row, (reading, title) in enumerate(READINGS.items()):
            chosen = frame[(frame["reading"] == reading) & (frame["batch"] == batch)]
            axes = panels[row][column]
            draw(chosen, axes)
            needs = _needs(chosen) if reading in ("A", "B") else ""
            axes.set_title(f"({reading}) {title},\n{images}{needs}", fontsize="small")
        axes = panels[-1][column]
        draw_curve(frame[(frame["reading"] == CURVE) & (frame["batch"] == batch)], axes, this_machine)
        axes.set_title(f"(S) against the membrane buffer, {images};\ndotted: this machine's; rings: the sign changes",
                       fontsize="small")  # fmt: skip
    for row in panels[:-1]:
        row[0].set_ylabel("DRAM bytes\n(over none)")
    panels[-1][0].set_ylabel("layer against none\n[% of DRAM bytes]")
    bars, curves = Key.of(panels[1][0]), Key.of(panels[-1][0])
    legend_below(
        figure,
        Key([*bars.handles, *curves.handles], [*bars.labels, *curves.labels]),
        "left bars: none, right bars: layer sharing; EfficientLIF-Net's own values are not known, nothing is fitted",
    )


def _needs(rows: pd.DataFrame) -> str:
    """What buffer this residency takes, of the networks of a panel."""
    needed = sorted({int(size) for size in rows["membrane_buffer_bytes"] if size})
    if not needed:
        return ""
    return (
        f"; needs {format_bytes(needed[0])}"
        + (f" to {format_bytes(needed[-1])}" if len(needed) > 1 else "")
        + " of membranes"
    )


def _label(name: str) -> str:
    return DATASETS.get(name, name)
