"""fig8, right: LIF membranes under each sharing beside the weights of the pruned network.

After figure 8 of EfficientLIF-Net (Kim et al., Front. Neurosci. 2023). Its dashed line, "~5 MB" of ResNet-19's weights,
is consistent with 12,575,104 weights of 32 bits of which 90 % are pruned: 5.03 MB, without the indices that a sparse
format needs. The paper does not say so.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from lifsim.report.figures.fig1 import BEHIND_TEXT
from lifsim.report.memory_table import MemoryRow
from lifsim.units import counted

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

_MB = 1e6


def table(rows: Sequence[MemoryRow], weight_bits: int, membrane_bits: int, pruned: float) -> pd.DataFrame:
    """One row per network and sharing: bytes of the membranes in inference, and of all weights, the share `pruned` of
    which is gone."""
    import pandas as pd

    return pd.DataFrame(
        {
            "workload": row.workload,
            "sharing": row.sharing,
            "batch": row.batch,
            "share": pruned,
            "weight_bits": weight_bits,
            "membrane_bits": membrane_bits,
            "weight_bytes": round(row.memory.forward.weights * (1 - pruned)),
            "lif_bytes": row.memory.forward.lif,
        }
        for row in rows
    )


def title(frame: pd.DataFrame) -> str:
    """What is drawn."""
    first = frame.iloc[0]
    membranes, weights = (counted(int(first[f"{name}_bits"]), "bit") for name in ("membrane", "weight"))
    return (
        f"LIF membranes of {membranes} in inference, {counted(int(first['batch']), 'image')};\n"
        f"dashed: weights of {weights}, {100 * first['share']:g} % of them pruned, without indices"
    )


def draw(frame: pd.DataFrame, axes: Axes) -> None:
    """Bars of membranes, a group a network and a bar a sharing; across each group its weights, dashed."""
    from lifsim.report.figures.style import COLOURS

    networks, sharings = (list(dict.fromkeys(frame[name])) for name in ("workload", "sharing"))
    width = 0.8 / len(sharings)
    for index, (sharing, colour) in enumerate(zip(sharings, COLOURS, strict=False)):
        rows = frame[frame["sharing"] == sharing]
        places = [networks.index(name) - 0.4 + (index + 0.5) * width for name in rows["workload"]]
        axes.bar(places, (rows["lif_bytes"] / _MB).tolist(), width, color=colour, label=f"LIF, {sharing}")
    for place, name in enumerate(networks):
        weights = float(frame.loc[frame["workload"] == name, "weight_bytes"].iloc[0]) / _MB
        label = "weights that are left" if place == 0 else None
        axes.plot([place - 0.48, place + 0.48], [weights, weights], "k--", linewidth=1, label=label)
        at = (place + 0.48, weights)
        axes.annotate(
            f"{weights:.2f}", at, (0, 3), textcoords="offset points", ha="right", fontsize=7, bbox=BEHIND_TEXT
        )
    axes.set_xticks(range(len(networks)), [name.replace("_", "\n", 1) for name in networks], fontsize=7)
    axes.set_yscale("log")
    axes.set_ylabel("memory [MB]")
    axes.set_title(title(frame), fontsize=8)
