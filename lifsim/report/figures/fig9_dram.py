"""fig9, bottom: DRAM accesses of VGG-16 over datasets, unshared and under layer sharing, single image and mini-batch.

After figure 9 of EfficientLIF-Net (Kim et al., Front. Neurosci. 2023), in two variants: both networks timestep-major,
as there, and each under its own best schedule. In the first, sharing saves membrane traffic; in the second the unshared
network may tick-batch its layers, which moves no membranes at all and fetches weights once: where sharing then costs
more than it saves, its bar is the longer one.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from lifsim.report.dram_table import DramRow

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

SHARINGS = ("none", "layer")
VARIANTS = {"timestep": "both timestep-major", "auto": "each under its own best schedule"}
DATASETS = {
    "vgg16_efficientlif_cifar10": "CIFAR10",
    "vgg16_efficientlif_cifar100": "CIFAR100",
    "vgg16_efficientlif_tinyimagenet": "Tiny\nImageNet",
    "vgg16_efficientlif_imagenet100": "ImageNet\n-100",
    "vgg16_efficientlif_ncaltech101": "N-Caltech\n101",
}
PARTS: Mapping[str, tuple[str, ...]] = {
    "weights": ("weights",),
    "spikes": ("spikes_in", "spikes_out", "residual"),
    "membranes": ("membrane_read", "membrane_write"),
    "psums": ("psum",),
}
BAR = 0.38


def table(rows: Sequence[DramRow]) -> pd.DataFrame:
    """One row per row of `rows`, with its total over that of `none` of the same network, schedule and batch."""
    import pandas as pd

    frame = pd.DataFrame([row.flat() for row in rows])
    unshared = {(row.workload, row.schedule, row.batch): row.dram.total for row in rows if row.sharing == "none"}
    frame["normalised"] = [row.dram.total / unshared[row.workload, row.schedule, row.batch] for row in rows]
    return frame


def draw(frame: pd.DataFrame, axes: Axes) -> None:
    """One schedule and batch: per network a bar for each sharing, normalised to none, parted by tensors."""
    from lifsim.report.figures.style import COLOURS, HATCHES

    names = list(dict.fromkeys(frame["workload"]))
    for index, sharing in enumerate(SHARINGS):
        rows = frame[frame["sharing"] == sharing]
        positions = [place + (index - 0.5) * BAR for place in range(len(names))]
        scale = rows["normalised"] / rows["total_bytes"]
        base = [0.0] * len(rows)
        for (part, tensors), colour, hatch in zip(PARTS.items(), COLOURS, HATCHES, strict=False):
            heights = (rows[[f"{tensor}_bytes" for tensor in tensors]].sum(axis=1) * scale).tolist()
            label = part if index == 0 else None
            axes.bar(positions, heights, 0.9 * BAR, bottom=base, label=label, color=colour, hatch=hatch, ec="white")
            base = [b + h for b, h in zip(base, heights, strict=True)]
        for position, total in zip(positions, base, strict=True):
            text = f"{total:.2f}" if sharing != "none" else "1"
            axes.annotate(text, (position, total), ha="center", va="bottom", fontsize=6.5)
    axes.set_xticks(range(len(names)), [DATASETS.get(name, name) for name in names], fontsize=6.5)
    axes.set_ylim(0, 1.12 * max(1.0, float(frame["normalised"].max())))


def draw_all(frame: pd.DataFrame, panels: Sequence[Axes]) -> None:
    """A row of panels per variant, a column per batch size; left bars are none, right ones layer."""
    batches = sorted(set(frame["batch"]))
    cells = [(schedule, batch) for schedule in VARIANTS for batch in batches]
    for (schedule, batch), axes in zip(cells, panels, strict=True):
        draw(frame[(frame["schedule"] == schedule) & (frame["batch"] == batch)], axes)
        images = "single image" if batch == 1 else f"mini-batch of {batch}"
        axes.set_title(f"{VARIANTS[schedule]}, {images}", fontsize=8)
        if batch == batches[0]:
            axes.set_ylabel("DRAM bytes\n(normalised to none)")
