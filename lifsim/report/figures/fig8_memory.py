"""fig8, right: LIF membranes under each sharing beside the weights of the pruned network.

After figure 8 of EfficientLIF-Net (Kim et al., Front. Neurosci. 2023). Its dashed line, "~5 MB" of ResNet-19's weights,
is consistent with 12,575,104 weights of 32 bits of which 90 % are pruned: 5.03 MB, without the indices that a sparse
format needs. The paper does not say so.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from lifsim.report.figures.fig1 import BEHIND_TEXT
from lifsim.report.figures.scales import tick_in_units
from lifsim.report.figures.words import Unit, labelled
from lifsim.report.memory_table import MemoryRow
from lifsim.units import counted

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

_MEMORY = Unit("bytes")


def table(rows: Sequence[MemoryRow], weight_bits: int, membrane_bits: int, pruned: float) -> pd.DataFrame:
    """One row per network and sharing: bytes of the membranes in inference, and of all weights, the share `pruned` of
    which is gone."""
    import pandas as pd

    return pd.DataFrame(
        {
            "workload": row.workload,
            "sharing": row.sharing,
            "timesteps": row.timesteps,
            "batch": row.batch,
            "share": pruned,
            "weight_bits": weight_bits,
            "membrane_bits": membrane_bits,
            "weight_bytes": round(row.memory.forward.weights * (1 - pruned)),
            "lif_bytes": row.memory.forward.lif,
            "shares_nothing": row.shares_nothing,
        }
        for row in rows
    )


def title(frame: pd.DataFrame) -> str:
    """What is drawn."""
    return ", ".join(title_lines(frame))


def title_lines(frame: pd.DataFrame) -> tuple[str, str]:
    """The same, in two lines."""
    first = frame.iloc[0]
    membranes, weights = (counted(int(first[f"{name}_bits"]), "bit") for name in ("membrane", "weight"))
    timesteps = sorted(set(frame["timesteps"].tolist()))
    times, networks = " and ".join(map(str, timesteps)), counted(frame["workload"].nunique(), "network")
    return (
        f"{networks} in inference, T = {times}, batch {int(first['batch'])}, membranes of {membranes}",
        f"weights of {weights}, {100 * first['share']:g} % of them pruned, without indices",
    )


def draw(frame: pd.DataFrame, axes: Axes) -> None:
    """Bars of membranes, a group a network and a bar a sharing; across each group its weights, dashed. A sharing that
    shares nothing in a network says so."""
    from lifsim.report.figures.palette import COLOURS
    from lifsim.report.figures.style import HATCHES
    from lifsim.report.figures.tick_names import by_lines

    networks, sharings = (list(dict.fromkeys(frame[name])) for name in ("workload", "sharing"))
    width = 0.8 / len(sharings)
    for index, sharing in enumerate(sharings):
        rows = frame[frame["sharing"] == sharing]
        places = [networks.index(name) - 0.4 + (index + 0.5) * width for name in rows["workload"]]
        heights = rows["lif_bytes"].tolist()
        colour, hatch = COLOURS[index % len(COLOURS)], HATCHES[index % len(HATCHES)]
        axes.bar(places, heights, width, color=colour, hatch=hatch, edgecolor="white", label=f"LIF, {sharing}")
    for place, name in enumerate(networks):
        weights = float(frame.loc[frame["workload"] == name, "weight_bytes"].iloc[0])
        label = "weights left" if place == 0 else None
        axes.plot([place - 0.48, place + 0.48], [weights, weights], "k--", label=label)
        at = (place + 0.48, weights)
        axes.annotate(
            _MEMORY.text(weights),
            at,
            (0, 3),
            textcoords="offset points",
            ha="right",
            fontsize="small",
            bbox=BEHIND_TEXT,
        )
    names = zip(by_lines(networks, 12), networks, strict=True)
    axes.set_xticks(range(len(networks)), [f"{short}{_idle(frame, name)}" for short, name in names])
    axes.set_yscale("log")
    axes.set_ylim(axes.get_ylim()[0], 1.6 * axes.get_ylim()[1])
    axes.set_ylabel(labelled("memory", tick_in_units(axes.yaxis, _MEMORY)))


def _idle(frame: pd.DataFrame, network: str) -> str:
    """Its sharings that share nothing."""
    idle = frame.loc[(frame["workload"] == network) & frame["shares_nothing"].astype(bool), "sharing"].tolist()
    return f"\n({', '.join(idle)}\nshares nothing)" if idle else ""
