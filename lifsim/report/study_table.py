"""Accuracy and spike rate of a study per sharing, and per share of pruned weights: mean and spread over its seeds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from statistics import fmean, stdev
from typing import Any

from lifsim.engine.training.pruned_study import Pruned
from lifsim.engine.training.study import Trial
from lifsim.units import counted

_FIGURES = ("accuracy", "spike_rate", "active_share")


def rows(trials: Sequence[Trial]) -> list[dict[str, Any]]:
    """One row per sharing, in the order of first appearance: mean and standard deviation, lowest and highest. One
    seed has no deviation: None.

    accuracy_change: of each seed against none with the same seed, which is tested on the same images; None: there is
    none.
    """
    found = []
    unshared = {trial.seed: trial.accuracy for trial in trials if trial.sharing == "none"}
    for sharing in dict.fromkeys(trial.sharing for trial in trials):
        mine = [trial for trial in trials if trial.sharing == sharing]
        row: dict[str, Any] = {"sharing": sharing, "seeds": len(mine)}
        for name in _FIGURES:
            row |= _spread(name, [float(getattr(trial, name)) for trial in mine])
        row["accuracy_min"] = min(trial.accuracy for trial in mine)
        row["accuracy_max"] = max(trial.accuracy for trial in mine)
        changes = [trial.accuracy - unshared[trial.seed] for trial in mine if trial.seed in unshared]
        row |= _spread("accuracy_change", changes)
        found.append(row)
    return found


def seeds_text(seeds: Sequence[int]) -> str:
    """How many seeds means are of, and what of several is drawn: `1 seed`, `2 seeds, mean and standard deviation`."""
    least, most = min(seeds), max(seeds)
    many = counted(most, "seed") if least == most else f"{least} to {counted(most, 'seed')}"
    return many + (", mean and standard deviation" if most > 1 else "")


def pruned_rows(networks: Sequence[Pruned]) -> list[dict[str, Any]]:
    """One row per sharing, epochs of training after each cut, and share of pruned weights: mean and standard deviation,
    and the weights that are left, on average."""
    cuts = [(network, cut) for network in networks for cut in network.cuts]
    groups: dict[tuple[str, int, float], list[Any]] = {}
    for network, cut in cuts:
        groups.setdefault((network.sharing, network.retrain_epochs, cut.share), []).append(cut)
    found = []
    for (sharing, epochs, share), mine in groups.items():
        row = {"sharing": sharing, "retrain_epochs": epochs, "share": share, "seeds": len(mine)}
        for name in _FIGURES:
            row |= _spread(name, [float(getattr(cut, name)) for cut in mine])
        found.append(row | {"weights": fmean(cut.weights for cut in mine)})
    return found


def _spread(name: str, values: Sequence[float]) -> dict[str, float | None]:
    mean, deviation = fmean(values) if values else None, stdev(values) if len(values) > 1 else None
    return {f"{name}_mean": mean, f"{name}_std": deviation}


def markdown(trials: Sequence[Trial]) -> str:
    """The rows as a Markdown table, in percent."""
    lines = ["| sharing | seeds | test accuracy % | lowest to highest | spike rate % |", "|---|---|---|---|---|"]
    for row in rows(trials):
        accuracy = _percent(row, "accuracy")
        extent = f"{100 * row['accuracy_min']:.2f} to {100 * row['accuracy_max']:.2f}"
        rate = _percent(row, "spike_rate")
        lines.append(f"| {row['sharing']} | {row['seeds']} | {accuracy} | {extent} | {rate} |")
    return "\n".join(lines)


def pruned_markdown(networks: Sequence[Pruned]) -> str:
    """The rows as a Markdown table, in percent."""
    heads = ("sharing", "seeds", "pruned %", "epochs after each cut", "test accuracy %", "neurons that ever fire %")
    lines = [f"| {' | '.join(heads)} |", "|---" * len(heads) + "|"]
    for row in pruned_rows(networks):
        cells = [row["sharing"], row["seeds"], f"{100 * row['share']:g}", row["retrain_epochs"]]
        cells += [_percent(row, "accuracy"), _percent(row, "active_share")]
        lines.append(f"| {' | '.join(map(str, cells))} |")
    return "\n".join(lines)


def _percent(row: Mapping[str, Any], name: str) -> str:
    mean, deviation = row[f"{name}_mean"], row[f"{name}_std"]
    return f"{100 * mean:.2f}" if deviation is None else f"{100 * mean:.2f} ± {100 * deviation:.2f}"
