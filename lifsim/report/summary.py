"""A result as the plain data that is stored: summary.json and config.resolved.yaml."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

import yaml

from lifsim import __version__
from lifsim.accounting.basis import price_bases
from lifsim.accounting.records import as_tree
from lifsim.lazy_dataclass import dataclass
from lifsim.schedule.begins import group_words
from lifsim.simulate.resolved import MODEL_VERSION, resolved_arch, resolved_inputs, sha256_of
from lifsim.simulate.result import Result
from lifsim.sweeps.beside import Comparison
from lifsim.sweeps.exits_beside import ExitComparison
from lifsim.sweeps.rates_range import RatesRange

SUMMARY_FORMAT = "lifsim-summary"
SCHEMA_VERSION = 2
"""2: energy is work, idle and standing; 1: dynamic and leakage."""


@dataclass(frozen=True)
class Around:
    """Runs around a run: without sharing, at other rates, and with all timesteps where images exit early."""

    comparison: Comparison | None = None
    rates: RatesRange | None = None
    exits: ExitComparison | None = None


def summary(result: Result, around: Around = Around()) -> dict[str, Any]:
    """The tree of summary.json: resolved inputs and their hashes, then the totals, and those it is compared with."""
    arch, workload = resolved_arch(result.arch), dict(result.network.definition)
    spikes, device = asdict(result.spikes), arch["dram"].get("device")
    return {
        "format": SUMMARY_FORMAT,
        "schema_version": SCHEMA_VERSION,
        "lifsim_version": __version__,
        "model_version": MODEL_VERSION,
        "name": result.name,
        "inputs": {
            "arch": arch,
            "workload": workload,
            "sharing": str(result.sharing),
            "options": result.options.tree(),
            "spikes": spikes,
            **({"dram_device": device, "dram_device_sha256": sha256_of(device)} if device else {}),
            "arch_sha256": sha256_of(arch),
            "workload_sha256": sha256_of(workload),
            "spikes_sha256": sha256_of([spikes, result.options.seed]),
            "seed": result.options.seed,
            "batch": result.options.batch,
        },
        **({"groups": list(group_words(result.network, result.plan))} if result.plan else {}),
        **result.totals.tree(),
        **({"stages": {name: as_tree(stage) for name, stage in result.stages.items()}} if result.stages else {}),
        **({"buffers": {name: as_tree(use) for name, use in result.buffers.items()}} if result.buffers else {}),
        **({"early_exit": early_exit_tree(result)} if result.exits else {}),
        "prices": {part: asdict(basis) for part, basis in price_bases(result.arch).items()},
        "worst_case_bits": {one.layer: {"psum": one.psum, "membrane": one.membrane} for one in result.assumed.widths},
        "assumptions": list(result.assumed.lines),
        **({"comparison": around.comparison.tree()} if around.comparison else {}),
        **({"rates_range": around.rates.tree()} if around.rates else {}),
        **({"early_exit_comparison": around.exits.tree()} if around.exits else {}),
        "notes": list(result.notes),
    }


def early_exit_tree(result: Result) -> dict[str, Any]:
    """When images are done, and whether the schedule lets them go."""
    run = result.plan.exits if result.plan else None
    return {"exits": run is not None, **(result.exits.tree(run) if result.exits else {})}


def resolved_config(result: Result) -> str:
    """YAML with all that is needed to run it again: `lifsim run --config` takes it."""
    header = f"# Written by LIFSim {__version__}. Run it again: lifsim run --config config.resolved.yaml\n"
    tree = resolved_inputs(result.arch, result.network, result.sharing, result.options)
    dumper = yaml.CSafeDumper if yaml.__with_libyaml__ else yaml.SafeDumper
    return header + yaml.dump(tree, Dumper=dumper, sort_keys=False, allow_unicode=True, width=120)
