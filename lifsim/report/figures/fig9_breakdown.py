"""fig9, top: breakdown of computation energy under channel sharing, normalised to the run without sharing.

The figure of EfficientLIF-Net (Kim et al., Front. Neurosci. 2023, fig. 9) for LIFSim's own model: spike MACs, LIF
units, membrane registers and scratchpads of the PE array, each by what its energy is spent on; beside the shared runs
those without sharing on as few LIF units; once with LIF units that toggle without work, once with clock-gated ones.
All runs have the same work, not the same time: the order of its chains may cost a shared run cycles, in which more
idles and leaks. The numbers have them beside the energy.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from lifsim.accounting.energy import KINDS
from lifsim.errors import Fault, InputError
from lifsim.simulate.resolved import sha256_of
from lifsim.units import counted, format_si

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

    from lifsim.report.figures.style import Key

PARTS = {
    "spike_mac": "spike MAC",
    "lif": "LIF units",
    "membrane_registers": "membrane registers",
    "spad": "scratchpads",
}
IDLE_UNITS = {"toggles": "idle LIF units toggle", "clock_gated": "idle LIF units are clock-gated"}
"""By their names in `energy_pj.lif_if`."""

HATCH = {"work": "", "idle": "////", "standing": "...."}


def table(summaries: Sequence[Mapping[str, Any]]) -> pd.DataFrame:
    """One row per run and assumption on idle LIF units: sharing, LIF units, cycles, energy of each part in pJ and what
    it is spent on, and all of it over the total of the run `none` (of several, that with the most LIF units).

    `summaries` are summary.json trees. Raises InputError unless one of them is unshared and all are of one
    architecture but for `lif.units`, workload and trace.
    """
    import pandas as pd

    _check_comparable(summaries)
    frame = pd.DataFrame([row for idle in IDLE_UNITS for row in _rows(summaries, idle)])
    columns = [column for column in frame.columns if column.endswith("_pj")]
    totals = [f"{part}_pj" for part in PARTS]
    unshared = frame[frame["sharing"] == "none"].sort_values("lif_units", ascending=False, kind="stable")
    baselines = unshared.groupby("idle_units", sort=False)[totals].first().sum(axis=1)
    if not baselines.all():
        raise InputError(
            Fault("0 must be > 0 in the run with sharing none: all is normalised to it", "energy_pj.compute")
        )
    over = frame["idle_units"].map(baselines)
    shares = frame[columns].div(over, axis=0).rename(columns=lambda name: name.removesuffix("_pj") + "_normalised")
    return pd.concat([frame, shares, (frame[totals].sum(axis=1) / over).rename("total_normalised")], axis=1)


def _rows(summaries: Sequence[Mapping[str, Any]], idle: str) -> Iterator[dict[str, Any]]:
    for summary in summaries:
        energy = summary["energy_pj"]
        compute = {**energy["compute"], "lif": energy["lif_if"][idle]}
        row = {"idle_units": idle, "sharing": summary["inputs"]["sharing"], "lif_units": summary["lif_units"]}
        row["cycles"] = summary["cycles"]["total"]
        for part in PARTS:
            row[f"{part}_pj"] = compute[part]["total"]
            row |= {f"{part}_{kind}_pj": compute[part][kind] for kind in KINDS}
        yield row


def draw(frame: pd.DataFrame, panels: Sequence[Axes]) -> None:
    """A panel for each assumption: stacked bars, one per run, colours by part, hatches by what energy is spent on. What
    they mean is told by `key`."""
    for (idle, title), axes in zip(IDLE_UNITS.items(), panels, strict=True):
        runs = frame[frame["idle_units"] == idle]
        _draw(runs, axes)
        axes.set_title(f"{title} (1 is {format_si(_one_pj(runs) * 1e-12, 'J')})", fontsize="small")
    panels[0].set_ylabel("computation energy\n(over the panel's own none)")
    most = max(axes.get_ylim()[1] for axes in panels)
    for axes in panels:
        axes.set_ylim(0, most)


def _one_pj(runs: pd.DataFrame) -> float:
    """What the runs of a panel are normalised to: panels differ in it."""
    first = runs.iloc[0]
    return float(sum(first[f"{part}_pj"] for part in PARTS) / first["total_normalised"])


def _draw(runs: pd.DataFrame, axes: Axes) -> None:
    from lifsim.report.figures.palette import COLOURS
    from lifsim.report.figures.tick_names import by_lines

    positions, base = list(range(len(runs))), [0.0] * len(runs)
    for part, colour in zip(PARTS, COLOURS, strict=False):
        for kind, hatch in HATCH.items():
            heights = runs[f"{part}_{kind}_normalised"].tolist()
            axes.bar(positions, heights, 0.65, bottom=base, color=colour, hatch=hatch, edgecolor="white", linewidth=0)
            base = [low + height for low, height in zip(base, heights, strict=True)]
    for position, top in zip(positions, base, strict=True):
        axes.annotate(f"{top:.3f}", (position, top), ha="center", va="bottom", fontsize="small")
    names = zip(by_lines(runs["sharing"].tolist(), 9, 4), runs["lif_units"], strict=True)
    axes.set_xticks(positions, [f"{sharing}\n{counted(units, 'unit')}" for sharing, units in names])
    axes.set_ylim(0, 1.1 * max(base))


def key() -> Key:
    """Parts in the order in which they are stacked, then what the hatches say."""
    from matplotlib.patches import Patch

    from lifsim.report.figures.palette import COLOURS
    from lifsim.report.figures.style import Key

    parts = [Patch(color=colour, label=label) for label, colour in zip(PARTS.values(), COLOURS, strict=False)]
    kinds = [Patch(facecolor="#777777", edgecolor="white", hatch=hatch, label=kind) for kind, hatch in HATCH.items()]
    return Key([*parts, *kinds], [*PARTS.values(), *HATCH])


def _check_comparable(summaries: Sequence[Mapping[str, Any]]) -> None:
    faults = []
    sharings = [summary["inputs"]["sharing"] for summary in summaries]
    if "none" not in sharings:
        faults.append(Fault(f"runs must include one with sharing none, have {', '.join(sharings) or 'no run'}"))
    runs = [
        f"{sharing} on {summary['lif_units']} LIF units" for sharing, summary in zip(sharings, summaries, strict=True)
    ]
    if len(set(runs)) < len(runs):
        faults.append(Fault(f"runs must differ in sharing or LIF units, have {', '.join(runs)}"))
    machines = {_machine(summary["inputs"]["arch"]) for summary in summaries}
    if len(machines) > 1:
        hashes = sorted({str(summary["inputs"]["arch_sha256"]) for summary in summaries})
        faults.append(Fault(f"runs must have the same arch_sha256 but for lif.units, have {', '.join(hashes)}"))
    for key in ("workload_sha256", "spikes_sha256", "batch"):
        values = {str(summary["inputs"].get(key)) for summary in summaries}
        if len(values) > 1:
            faults.append(Fault(f"runs must have the same {key}, have {', '.join(sorted(values))}"))
    if faults:
        raise InputError(faults)


def _machine(arch: Mapping[str, Any]) -> str:
    """The hash of an architecture, how many LIF units it has left out."""
    lif = arch.get("lif")
    units = {"lif": {key: value for key, value in lif.items() if key != "units"}} if isinstance(lif, dict) else {}
    return sha256_of({**arch, **units})
