"""fig9, top: breakdown of computation energy under channel sharing, normalised to the run without sharing.

The figure of EfficientLIF-Net (Kim et al., Front. Neurosci. 2023, fig. 9) for LIFSim's own model: spike MACs, LIF units
and scratchpads of the PE array.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from lifsim.errors import Fault, InputError

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

PARTS = {"spike_mac": "spike MAC", "lif": "LIF", "spad": "scratchpads"}


def table(summaries: Sequence[Mapping[str, Any]]) -> pd.DataFrame:
    """One row per run: sharing, energy of each part in pJ, and the same over the total of the run `none`.

    `summaries` are summary.json trees. Raises InputError unless one of them is unshared and all are of one
    architecture, workload and trace.
    """
    import pandas as pd

    _check_comparable(summaries)
    rows = []
    for summary in summaries:
        compute = summary["energy_pj"]["compute"]
        rows.append({"sharing": summary["inputs"]["sharing"], **{f"{p}_pj": compute[p]["total"] for p in PARTS}})
    frame = pd.DataFrame(rows)
    columns = [f"{part}_pj" for part in PARTS]
    baseline = float(frame.loc[frame["sharing"] == "none", columns].sum(axis=1).iloc[0])
    if not baseline:
        raise InputError(
            Fault("0 must be > 0 in the run with sharing none: all is normalised to it", "energy_pj.compute")
        )
    for part in PARTS:
        frame[f"{part}_normalised"] = frame[f"{part}_pj"] / baseline
    frame["total_normalised"] = frame[columns].sum(axis=1) / baseline
    return frame


def draw(frame: pd.DataFrame, axes: Axes) -> None:
    """Stacked bars, one a sharing."""
    from lifsim.report.figures.stack import stacked_bars
    from lifsim.report.figures.style import legend_outside

    positions = list(range(len(frame)))
    stacked_bars(axes, positions, {label: frame[f"{part}_normalised"].tolist() for part, label in PARTS.items()})
    axes.set_xticks(positions, frame["sharing"].tolist())
    axes.set_ylabel("computation energy\n(normalised to none)")
    axes.set_xlabel("LIF sharing")
    legend_outside(axes)


def _check_comparable(summaries: Sequence[Mapping[str, Any]]) -> None:
    faults = []
    sharings = [summary["inputs"]["sharing"] for summary in summaries]
    if "none" not in sharings:
        faults.append(Fault(f"runs must include one with sharing none, have {', '.join(sharings) or 'no run'}"))
    if len(set(sharings)) < len(sharings):
        faults.append(Fault(f"runs must differ in sharing, have {', '.join(sharings)}"))
    for key in ("arch_sha256", "workload_sha256", "spikes_sha256", "batch"):
        values = {str(summary["inputs"].get(key)) for summary in summaries}
        if len(values) > 1:
            faults.append(Fault(f"runs must have the same {key}, have {', '.join(sorted(values))}"))
    if faults:
        raise InputError(faults)
