"""fig6: accuracy of weights trained under one sharing and run under another.

After figure 6 of EfficientLIF-Net (Kim et al., Front. Neurosci. 2023), on a network that the engine trained.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict
from typing import TYPE_CHECKING

from lifsim.engine.training.analysis import Transfer

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


def draw(frame: pd.DataFrame, axes: Axes) -> None:
    """A matrix of percentages: rows the sharing of training, columns that of inference."""
    names = list(dict.fromkeys(frame["trained"]))
    values = frame.pivot_table(index="trained", columns="run", values="accuracy_mean").loc[names, names]
    axes.imshow(values.to_numpy(), cmap="cividis", vmin=0, vmax=1, aspect="auto")
    for row, trained in enumerate(names):
        for column, run in enumerate(names):
            value = float(values.loc[trained, run])
            colour = "white" if value < 0.5 else "black"
            axes.annotate(f"{100 * value:.1f}", (column, row), ha="center", va="center", color=colour, fontsize=8)
    axes.grid(visible=False)
    axes.set_xticks(range(len(names)), [name.replace("+", "+\n") for name in names])
    axes.set_yticks(range(len(names)), names)
    axes.set_xlabel("run under")
    axes.set_ylabel("trained under")
    axes.set_title("test accuracy [%]")
