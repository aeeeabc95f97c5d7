"""A stored run repeated, for what its folder does not hold: when each layer ran, and what was on chip."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from lifsim.errors import InputError
from lifsim.report.html.told import CONFIG, Told
from lifsim.simulate.inputs import load_config
from lifsim.simulate.pipeline import run
from lifsim.simulate.resolved import MODEL_VERSION
from lifsim.simulate.result import Result
from lifsim.watch import Watch, unwatched


def made_again(told: Told, folder: Path, watch: Watch = unwatched) -> Told:
    """The stored run with the repeated result, if its figures equal the stored ones; else with the reason why there is
    none."""
    version = told.tree.get("model_version")
    if version != MODEL_VERSION:
        other = "unknown" if version is None else str(version)
        return replace(told, why_not=f"its model version is {other}, that of this LIFSim {MODEL_VERSION}: run it again")
    try:
        inputs = load_config(folder / CONFIG)
        with inputs.origins.telling():
            result = run(inputs.arch, inputs.network, inputs.sharing, inputs.options, watch)
    except InputError as error:
        return replace(told, why_not=f"it cannot be made again: {error.faults[0]}")
    if not _is_same(result, told):
        return replace(told, why_not="made again it has other figures than those that are stored")
    return replace(told, result=result, why_not="")


def _is_same(result: Result, told: Told) -> bool:
    """Whether figures are equal; those of comparisons are not asked for."""
    return result.totals.figures == told.totals.figures
