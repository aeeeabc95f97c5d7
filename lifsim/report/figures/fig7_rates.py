"""fig7, left: spike rate of a network trained under each sharing.

After figure 7 of EfficientLIF-Net (Kim et al., Front. Neurosci. 2023), on a network that the engine trained.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from lifsim.engine.training.study import Trial
from lifsim.report.figures.subject import Subject
from lifsim.report.study_table import rows, seeds_text

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes


def table(trials: Sequence[Trial]) -> pd.DataFrame:
    """One row per sharing: spike rate and accuracy, mean and standard deviation over seeds."""
    import pandas as pd

    return pd.DataFrame(rows(trials))


def title(frame: pd.DataFrame, subject: Subject) -> str:
    """What is drawn."""
    return subject.title(seeds_text(frame["seeds"].tolist()))


def draw(frame: pd.DataFrame, axes: Axes) -> None:
    """Bars of the mean, whiskers of one standard deviation over seeds, where there are several."""
    from lifsim.report.figures.palette import COLOURS
    from lifsim.report.figures.style import points
    from lifsim.report.figures.tick_names import by_lines

    several = frame["seeds"] > 1
    heights = (100 * frame["spike_rate_mean"]).tolist()
    spread = (100 * frame["spike_rate_std"].where(several, 0).astype(float)).tolist()
    axes.bar(range(len(heights)), heights, 0.6, color=COLOURS[0])
    for position, (height, whisker) in enumerate(zip(heights, spread, strict=True)):
        if several.iloc[position]:
            axes.errorbar(position, height, whisker, color="black", capsize=points(2.5))
        axes.annotate(f"{height:.1f}", (position, height + whisker), ha="center", va="bottom", fontsize="small")
    axes.set_xticks(range(len(heights)), by_lines(frame["sharing"].tolist()))
    axes.set_ylim(0, 1.15 * max(h + s for h, s in zip(heights, spread, strict=True)) or 1)
    axes.set_xlabel("LIF sharing")
    axes.set_ylabel("spikes per neuron\nand timestep [%]")
