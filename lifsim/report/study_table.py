"""Accuracy and spike rate of a study per sharing: mean and spread over its seeds."""

from __future__ import annotations

from collections.abc import Sequence
from statistics import fmean, stdev
from typing import Any

from lifsim.engine.training.study import Trial


def rows(trials: Sequence[Trial]) -> list[dict[str, Any]]:
    """One row per sharing, in the order of first appearance: mean and standard deviation, lowest and highest. One
    seed has no deviation: None."""
    found = []
    for sharing in dict.fromkeys(trial.sharing for trial in trials):
        mine = [trial for trial in trials if trial.sharing == sharing]
        row: dict[str, Any] = {"sharing": sharing, "seeds": len(mine)}
        for name in ("accuracy", "spike_rate", "active_share"):
            values = [float(getattr(trial, name)) for trial in mine]
            row[f"{name}_mean"] = fmean(values)
            row[f"{name}_std"] = stdev(values) if len(values) > 1 else None
        row["accuracy_min"] = min(trial.accuracy for trial in mine)
        row["accuracy_max"] = max(trial.accuracy for trial in mine)
        found.append(row)
    return found


def markdown(trials: Sequence[Trial]) -> str:
    """The rows as a Markdown table, in percent."""
    lines = ["| sharing | seeds | test accuracy % | lowest to highest | spike rate % |", "|---|---|---|---|---|"]
    for row in rows(trials):
        accuracy = _percent(row["accuracy_mean"], row["accuracy_std"])
        extent = f"{100 * row['accuracy_min']:.2f} to {100 * row['accuracy_max']:.2f}"
        rate = _percent(row["spike_rate_mean"], row["spike_rate_std"])
        lines.append(f"| {row['sharing']} | {row['seeds']} | {accuracy} | {extent} | {rate} |")
    return "\n".join(lines)


def _percent(mean: float, deviation: float | None) -> str:
    return f"{100 * mean:.2f}" if deviation is None else f"{100 * mean:.2f} ± {100 * deviation:.2f}"
