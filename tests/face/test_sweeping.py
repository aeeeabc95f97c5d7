"""Is `lifsim.sweep` the sweep of the command line, and each row a run?"""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import pytest

import lifsim
from lifsim.cli.main import main
from lifsim.errors import InputError

IDEAL = ["dram.model=ideal"]


@pytest.fixture(autouse=True)
def own_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_rows_are_runs_and_those_of_the_command(own_folder: Path) -> None:
    swept = lifsim.sweep(
        lifsim.load_arch("sata128", IDEAL),
        lifsim.load_workload("lenet5_mnist"),
        ["none", lifsim.Sharing(channels=2)],
        vary={"array.rows": np.array([4, 8])},
        batch=[1, 2],
        jobs=1,
        out="kept",
    )
    assert swept.out == Path("kept")
    assert len(swept.frame) == 8
    assert swept.frame["error"].isna().all()
    for row in swept.rows[::3]:
        run = lifsim.run("sata128", "lenet5_mnist", row["sharing"], batch=row["batch"],
                         overrides=[*IDEAL, f"array.rows={row['array.rows']}"])  # fmt: skip
        assert {name: row[name] for name in run.totals.figures} == run.totals.figures
    options = ["--workload", "lenet5_mnist", "--sharing", "none,channel2", "--batch", "1,2", "--set", IDEAL[0]]
    assert main(["sweep", *options, "--vary", "array.rows=4,8", "--jobs", "1", "--out", "command"]) == 0
    tables = []
    for store in ("kept", "command"):
        assert main(["store", "export", store]) == 0
        with Path(f"{store}.csv").open() as file:
            tables.append(list(csv.DictReader(file)))
    assert tables[0] == tables[1]
    assert (own_folder / "kept").is_file()


def test_what_is_not_kept_leaves_nothing(own_folder: Path) -> None:
    swept = lifsim.sweep(workload="lenet5_mnist", overrides=IDEAL, vary={"array.rows": "4:16:x2"}, jobs=1)
    assert swept.out is None
    assert swept.frame["array.rows"].tolist() == [4, 8, 16]
    assert list(own_folder.iterdir()) == []
    shown = repr(swept).splitlines()
    assert shown[0] == "sweep of 3 points"
    assert shown[1].split() == ["array.rows", "4,", "8,", "16"]
    assert "<table>" in swept._repr_html_()


def test_every_fault_is_told() -> None:
    with pytest.raises(InputError) as error:
        lifsim.sweep("sata129", "lenet5_mnist", ["none", "lay3"], vary={"arry.rows": 3}, batch=[0], schedule="tock")  # type: ignore[arg-type]
    told = str(error.value)
    for part in ("'sata129' must be", "'lay3' must be", "batch: 0 must be >= 1", "schedule: 'tock' must be",
                 "arry.rows: 'arry' must be an option"):  # fmt: skip
        assert part in told
    assert "--batch" not in told


@pytest.mark.parametrize("jobs", [0, -1, "all", 5000])
def test_jobs_are_a_number_of_processes(jobs: int) -> None:
    with pytest.raises(InputError, match="must be a whole number from 1 to 4096"):
        lifsim.sweep(workload="lenet5_mnist", jobs=jobs)


def test_two_objects_of_one_name_are_refused() -> None:
    archs = [lifsim.load_arch("sata128", [f"array.rows={rows}"]) for rows in (4, 8)]
    with pytest.raises(InputError, match="'sata128' must be the name of one object only"):
        lifsim.sweep(archs, "lenet5_mnist")
    with pytest.raises(InputError, match="vary: a list must be a mapping"):
        lifsim.sweep(workload="lenet5_mnist", vary=["array.rows=3"])  # type: ignore[arg-type]


def test_a_sweep_of_which_every_point_fails_is_refused() -> None:
    with pytest.raises(InputError, match="every point fails"):
        lifsim.sweep(workload="lenet5_mnist", sharing="channel7", overrides=IDEAL, jobs=1)
