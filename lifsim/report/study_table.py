"""Accuracy and spike rate of a study per sharing: mean and spread over its seeds."""

from __future__ import annotations

import math
from collections.abc import Sequence
from statistics import fmean, stdev
from typing import Any

from lifsim.snn.training.study import Trial


def rows(trials: Sequence[Trial]) -> list[dict[str, Any]]:
    """One row per sharing, in the order of first appearance: mean and standard deviation, lowest and highest."""
    found = []
    for sharing in dict.fromkeys(trial.sharing for trial in trials):
        mine = [trial for trial in trials if trial.sharing == sharing]
        row: dict[str, Any] = {"sharing": sharing, "seeds": len(mine)}
        for name in ("accuracy", "spike_rate", "active_share"):
            values = [float(getattr(trial, name)) for trial in mine]
            row[f"{name}_mean"] = fmean(values)
            row[f"{name}_std"] = stdev(values) if len(values) > 1 else math.nan
        row["accuracy_min"] = min(trial.accuracy for trial in mine)
        row["accuracy_max"] = max(trial.accuracy for trial in mine)
        found.append(row)
    return found


def markdown(trials: Sequence[Trial]) -> str:
    """The rows as a Markdown table, in percent."""
    lines = ["| sharing | seeds | test accuracy % | lowest to highest | spike rate % |", "|---|---|---|---|---|"]
    for row in rows(trials):
        accuracy = f"{100 * row['accuracy_mean']:.2f} ± {100 * row['accuracy_std']:.2f}"
        extent = f"{100 * row['accuracy_min']:.2f} to {100 * row['accuracy_max']:.2f}"
        rate = f"{100 * row['spike_rate_mean']:.2f} ± {100 * row['spike_rate_std']:.2f}"
        lines.append(f"| {row['sharing']} | {row['seeds']} | {accuracy} | {extent} | {rate} |")
    return "\n".join(lines)
