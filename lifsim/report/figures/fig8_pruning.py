"""fig8: neurons that fire, accuracy, and bytes of weights and membranes under magnitude pruning.

After figure 8 of EfficientLIF-Net (Kim et al., Front. Neurosci. 2023), on a network that the engine trained; weights
are pruned over all layers together and not trained again.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING

from lifsim.engine.training.analysis import Pruned

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

_PANELS = (
    ("active_share_mean", 100.0, "neurons that ever fire [%]"),
    ("accuracy_mean", 100.0, "test accuracy [%]"),
)
KIB = 1024


def table(prunings: Iterable[Pruned], weight_bits: int, membrane_bits: int) -> pd.DataFrame:
    """One row per sharing and share of pruned weights: means and standard deviations over seeds, and the bytes of the
    weights that are left (without the indices of a sparse format) and of the membranes of one image."""
    import pandas as pd

    frame = pd.DataFrame([asdict(pruning) for pruning in prunings])
    groups = frame.groupby(["sharing", "share"], sort=False)
    out = groups.agg(
        seeds=("seed", "count"),
        accuracy_mean=("accuracy", "mean"),
        accuracy_std=("accuracy", "std"),
        active_share_mean=("active_share", "mean"),
        active_share_std=("active_share", "std"),
        spike_rate_mean=("spike_rate", "mean"),
        weights=("weights", "mean"),
        lif_elements=("lif_elements", "first"),
    ).reset_index()
    out["weight_bytes"] = (out["weights"].round() * weight_bits / 8).round().astype(int)
    out["lif_bytes"] = (out["lif_elements"] * membrane_bits + 7) // 8
    return out


def draw(frame: pd.DataFrame, panels: Sequence[Axes]) -> None:
    """Firing neurons, accuracy, and bytes against the share of pruned weights, a line a sharing."""
    from lifsim.report.figures.style import COLOURS, legend_outside

    for sharing, colour in zip(dict.fromkeys(frame["sharing"]), COLOURS, strict=False):
        rows = frame[frame["sharing"] == sharing]
        shares = (100 * rows["share"]).tolist()
        for (column, scale, _), axes in zip(_PANELS, panels, strict=False):
            axes.plot(shares, (scale * rows[column]).tolist(), "o-", color=colour, markersize=3, label=sharing)
        lif = (rows["lif_bytes"] / KIB).tolist()
        panels[2].plot(shares, lif, "-", color=colour, label=f"LIF, {sharing}")
        weights = (rows["weight_bytes"] / KIB).tolist()
    panels[2].plot(shares, weights, "k--", label="weights")
    for (_, _, label), axes in zip(_PANELS, panels, strict=False):
        axes.set_ylabel(label)
        axes.set_ylim(0, 105)
    panels[2].set_ylabel("memory [KiB]")
    panels[2].set_yscale("log")
    for axes in panels:
        axes.set_xlabel("weights pruned [%]")
    legend_outside(panels[2])
