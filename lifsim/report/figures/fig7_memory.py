"""fig7, memory halves: forward and backward memory, unshared and shared.

After figure 7 of EfficientLIF-Net (Kim et al., Front. Neurosci. 2023). The backward pass stands in every way to keep
membranes, alike on both sides, beside the paper's convention; and what is left of its ratio at 8, 16 and 32 bits.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from lifsim.report.figures.fig1 import PARTS, parts_of
from lifsim.report.figures.scales import tick_in_units
from lifsim.report.figures.words import Unit
from lifsim.report.memory_table import MemoryRow, phases

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

MEMORY = Unit("bytes")
PANELS = {
    "forward": "forward",
    "stored": "backward, all stored",
    "reversed": "backward, all reversed,\nwith copies or forgotten bits",
    "recomputed": "backward, all recomputed,\nwith u' in flight",
    "paper": "backward, paper's convention:\nunshared stored,\nshared reversed without copies",
}
"""Like beside like, and the paper's comparison, by phase."""

WAYS = ("reversed", "recomputed", "paper")


def by_bits(rows: Sequence[MemoryRow]) -> pd.DataFrame:
    """LIF memory of the backward pass by sharing, bits of a membrane and phase: bytes, and how many times less than
    what the unshared network stores at these bits (empty of nothing)."""
    import pandas as pd

    lines = []
    for row in rows:
        for bits, ways in row.memory.by_bits.items():
            stored = ways["stored"].memory
            kept = {way: one.memory.backward for way, one in ways.items()} | {"paper": stored.paper_backward}
            for way, own in kept.items():
                line = {"workload": row.workload, "sharing": row.sharing, "timesteps": row.timesteps}
                line |= {"batch": row.batch, "phase": phases()[way], "membrane_bits": bits, "lif_bytes": own}
                lines.append(line | {"less_than_unshared_stored": stored.backward_baseline / own if own else None})
    return pd.DataFrame(lines)


def table(rows: Sequence[MemoryRow], membrane_bits: int) -> pd.DataFrame:
    """The rows of `fig1.table` in every phase, at `membrane_bits`; whether the sharing shares nothing in this network,
    and whether it cannot be trained."""
    from lifsim.report.figures import fig1

    frame = fig1.table(rows, tuple(phases())).assign(membrane_bits=membrane_bits)
    idle, never = ({row.sharing: flag for row, flag in zip(rows, flags, strict=True)} for flags in (
        [row.shares_nothing for row in rows], [row.untrainable for row in rows]
    ))  # fmt: skip
    return frame.assign(shares_nothing=frame["sharing"].map(idle), untrainable=frame["sharing"].map(never))


def draw(frame: pd.DataFrame, panels: Sequence[Axes]) -> None:
    """One panel per phase, one stacked bar per sharing; below each bar how many times less the LIFs take. Of what
    cannot be trained nothing is drawn but in the forward pass."""
    from lifsim.report.figures.stack import stacked_bars

    named, parts = phases(), parts_of(frame)
    drawn = frame[frame["phase"].isin([named[phase] for phase in PANELS])]
    drawn = drawn[~drawn["untrainable"].astype(bool) | (drawn["phase"] == named["forward"])]
    unit, size = MEMORY.scaled(max(float(drawn["total_bytes"].max()), 1))
    for (phase, title), axes in zip(PANELS.items(), panels, strict=False):
        rows = frame[frame["phase"] == named[phase]]
        positions = list(range(len(rows)))
        shown = (~rows["untrainable"].astype(bool) | (phase == "forward")).astype(float)
        heights = {label: (rows[f"{part}_bytes"] * shown).tolist() for part, label in parts.items()}
        totals = [_digits(total / size) if draw else "" for total, draw in zip(rows["total_bytes"], shown, strict=True)]
        stacked_bars(axes, positions, heights, labels=totals)
        for position, draw in zip(positions, shown, strict=True):
            if not draw:
                axes.annotate(
                    "cannot be trained", (position, 0), ha="center", va="bottom", rotation=90, fontsize="small"
                )
        unshared = float(rows.loc[rows["sharing"] == "none", "lif_bytes"].iloc[0])
        less = [f"{unshared / own:.3g}x" if own and unshared else "-" for own in rows["lif_bytes"] * shown]
        names = named_sharings(rows["sharing"].tolist(), rows["shares_nothing"].tolist())
        axes.set_xticks(positions, [f"{ratio}\n{name}" for ratio, name in zip(less, names, strict=True)])
        axes.set_title(title, fontsize="small")
        axes.set_ylabel(f"memory [{unit}]")
    most = max(axes.get_ylim()[1] for axes in panels)  # bars of one height are of one size in every panel
    for axes in panels:
        axes.set_ylim(0, most)
        tick_in_units(axes.yaxis, MEMORY)


def _digits(value: float) -> str:
    return f"{value:,.1f}" if value >= 10 else f"{value:.3g}"


def named_sharings(names: Sequence[str], shares_nothing: Sequence[bool]) -> list[str]:
    """As they stand under bars: one that shares nothing in this network says so."""
    from lifsim.report.figures.tick_names import by_lines

    return [
        f"{name}\n(shares\nnothing)" if nothing else name
        for name, nothing in zip(by_lines(names, 9, 4), shares_nothing, strict=True)
    ]


def draw_by_bits(frame: pd.DataFrame, shares_nothing: Mapping[str, bool], axes: Axes) -> None:
    """How many times less than unshared and stored, a group of bars a sharing and width."""
    from lifsim.report.figures.palette import COLOURS
    from lifsim.report.figures.style import HATCHES

    shown = frame[frame["sharing"] != "none"] if frame["sharing"].nunique() > 1 else frame
    groups = list(dict.fromkeys(zip(shown["sharing"], shown["membrane_bits"], strict=True)))
    width = 0.9 / len(WAYS)
    first = len(PARTS)  # other colours than those of the parts
    for number, (way, colour, hatch) in enumerate(zip(WAYS, COLOURS[first:], HATCHES[first:], strict=False)):
        less = shown.loc[shown["phase"] == phases()[way], "less_than_unshared_stored"].tolist()
        places = [place + (number - 1) * width for place in range(len(groups))]
        heights = [0 if ratio is None or ratio != ratio else ratio for ratio in less]
        label = f"{way}, times less" if way != "paper" else "paper's convention, times less"
        axes.bar(places, heights, width, label=label, color=colour, hatch=hatch, edgecolor="white")
        for place, height in zip(places, heights, strict=True):
            text = f"{height:.1f}" if height else "0 B"
            axes.annotate(text, (place, height), ha="center", va="bottom", fontsize="small")
    middle = sorted({bits for _, bits in groups})[len({bits for _, bits in groups}) // 2]
    names = [sharing + (" (shares nothing)" if shares_nothing[sharing] else "") for sharing, _ in groups]
    axes.set_xticks(
        range(len(groups)),
        [f"{bits}\n{name}" if bits == middle else str(bits) for name, (_, bits) in zip(names, groups, strict=True)],
    )
    axes.set_xlabel("bits of a membrane, by LIF sharing (0 B: nothing is kept)")
    axes.set_ylabel("times less than\nunshared, stored")
    axes.set_ylim(0, 1.18 * float(shown["less_than_unshared_stored"].max() or 1))
    axes.set_xlim(-0.6, len(groups) - 0.4)
    axes.set_title("LIF memory of the backward pass, at each width of a membrane", fontsize="small")
