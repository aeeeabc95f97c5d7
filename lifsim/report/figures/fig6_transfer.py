"""fig6: accuracy of weights trained under one sharing and run under another.

After figure 6 of EfficientLIF-Net (Kim et al., Front. Neurosci. 2023), on a network that the engine trained.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict
from typing import TYPE_CHECKING

from lifsim.engine.training.analysis import Transfer
from lifsim.report.figures.subject import Subject
from lifsim.report.study_table import seeds_text

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes


def table(transfers: Iterable[Transfer]) -> pd.DataFrame:
    """One row per pair of sharings: trained, run, mean accuracy and its standard deviation over seeds, seeds."""
    import pandas as pd

    frame = pd.DataFrame([asdict(transfer) for transfer in transfers])
    groups = frame.groupby(["trained", "run"], sort=False)
    accuracy = groups["accuracy"].agg(["mean", "std", "count"])
    accuracy.columns = pd.Index(["accuracy_mean", "accuracy_std", "seeds"])
    return accuracy.join(groups["spike_rate"].mean().rename("spike_rate_mean")).reset_index()


def title(frame: pd.DataFrame, subject: Subject) -> str:
    """What is drawn."""
    return f"test accuracy [%] of {subject.title(seeds_text(frame['seeds'].tolist()))}"


def draw(frame: pd.DataFrame, axes: Axes) -> None:
    """A matrix of percentages: rows the sharing of training, columns that of inference; framed: both the same."""
    from matplotlib.colors import Normalize
    from matplotlib.patches import Rectangle

    from lifsim.report.figures.style import points
    from lifsim.report.figures.tick_names import by_lines

    names = list(dict.fromkeys(frame["trained"]))
    values = frame.pivot_table(index="trained", columns="run", values="accuracy_mean").loc[names, names]
    norm = Normalize(float(values.to_numpy().min()), float(values.to_numpy().max()))
    axes.imshow(values.to_numpy(), cmap="cividis", norm=norm, aspect="auto")
    for row, trained in enumerate(names):
        axes.add_patch(Rectangle((row - 0.5, row - 0.5), 1, 1, fill=False, edgecolor="black", lw=points(1.0)))
        for column, run in enumerate(names):
            value = float(values.loc[trained, run])
            colour = "white" if norm(value) < 0.5 else "black"
            axes.annotate(f"{100 * value:.1f}", (column, row), ha="center", va="center", color=colour, fontsize="small")
    axes.grid(visible=False)
    axes.set_xticks(range(len(names)), by_lines(names))
    axes.set_yticks(range(len(names)), by_lines(names))
    axes.set_xlabel("run under (LIF sharing)")
    axes.set_ylabel("trained under (LIF sharing)")
