"""Runs that are compared, made once."""

from __future__ import annotations

from pathlib import Path

import pytest

import lifsim
from lifsim.report.compare.runs import Run
from lifsim.report.save import save

IDEAL = "dram.model=ideal"

RUNS = {
    "none": {},
    "channel2": {"sharing": "channel2"},
    "again": {},
    "auto": {"sharing": "channel2", "schedule": "auto"},
    "two_images": {"batch": 2},
    "other_seed": {"seed": 3},
    "training": {"mode": "training", "batch": 1},
    "reversed": {"mode": "training", "batch": 1, "bptt": "reversed"},
    "satasim": {"arch": "sata128_satasim"},
    "other_node": {"overrides": [IDEAL, "technology_nm=65"]},
    "simulated": {"overrides": []},
}


@pytest.fixture(scope="package")
def stored(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder in which `RUNS` of lenet5_mnist are stored, each in its own."""
    folder = tmp_path_factory.mktemp("runs")
    for name, inputs in RUNS.items():
        overrides = [] if name == "satasim" else [IDEAL]
        save(lifsim.run(workload="lenet5_mnist", **({"overrides": overrides} | inputs)), folder / name, replace=False)  # type: ignore[arg-type]
    return folder


@pytest.fixture(scope="package")
def runs(stored: Path) -> dict[str, Run]:
    """`RUNS`, read back, by name."""
    from lifsim.report.compare.runs import read_stored

    return dict(zip(RUNS, read_stored([stored / name for name in RUNS]), strict=True))
