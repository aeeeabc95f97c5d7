"""`lifsim compare` and `lifsim run` of several sharings: what they print, keep and refuse."""

from __future__ import annotations

import csv
import io
import json
import re
import shlex
import shutil
from pathlib import Path
from typing import Any

import pytest

import lifsim
from lifsim.cli.compare import compare
from lifsim.cli.main import main
from lifsim.errors import InputError
from lifsim.simulate.resolved import sha256_of
from tests.checkout import ROOT, copy_checkout

IDEAL = ("--set", "dram.model=ideal")
LENET = ("--workload", "lenet5_mnist", *IDEAL)


def told(capsys: pytest.CaptureFixture[str], *arguments: str | Path) -> tuple[int, str, str]:
    capsys.readouterr()
    status = main([*map(str, arguments)])
    out, err = capsys.readouterr()
    return status, out, err


def rows_of(text: str) -> list[dict[str, Any]]:
    """Of CSV, numbers as such: 0 is 0.0."""

    def cell(value: str) -> Any:
        try:
            return float(value)
        except ValueError:
            return value

    return [{name: cell(value) for name, value in row.items()} for row in csv.DictReader(io.StringIO(text))]


def test_runs_of_options_are_those_of_lifsim_run(capsys: pytest.CaptureFixture[str]) -> None:
    given = ("--sharing", "none,c#2", "--arch", "sata128,eyeriss_like", "--batch", "2", "--format", "json")
    status, out, err = told(capsys, "compare", *LENET, *given)
    assert status == 0
    tree = json.loads(out)
    assert [one["run"] for one in tree["runs"]] == [
        f"{sharing} on {arch}" for arch in ("sata128", "eyeriss_like") for sharing in ("none", "channel2")
    ]
    for one in tree["runs"]:
        sharing, arch = one["run"].split(" on ")
        result = lifsim.run(arch, "lenet5_mnist", sharing, batch=2, overrides=["dram.model=ideal"])
        assert one["figures"] == json.loads(json.dumps(result.totals.figures))
    assert err.splitlines() == [f"not alike: {line}" for line in tree["unlike"]]


def test_stored_runs_are_not_run_again(
    stored: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("lifsim.sweeps.together.simulate", None)
    status, out, _ = told(
        capsys, "compare", stored / "none", stored / "channel2", "--format", "csv", "--rows", "cycles"
    )
    assert status == 0
    rows = list(csv.DictReader(io.StringIO(out)))
    summary = json.loads((stored / "channel2" / "summary.json").read_text())
    assert [row["run"] for row in rows] == ["none", "channel2"]
    assert rows[1]["cycles.total"] == str(summary["cycles"]["total"])


def test_both_kinds_stand_beside_each_other(stored: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Stored ones first; a run that is made is the stored one's equal."""
    given = (stored / "channel2", *LENET, "--sharing", "none,channel2", "--baseline", "none", "--rows", "all")
    status, out, _ = told(capsys, "compare", *given, "--format", "json")
    assert status == 0
    first, _, made = json.loads(out)["runs"]
    assert (first["run"], made["run"]) == ("channel2", "channel2 (2)")
    assert (first["stored"], made["stored"]) == (str(stored / "channel2"), None)
    assert first["figures"] == made["figures"]
    assert first["change"] == made["change"]


def test_a_sharing_that_does_not_fit_is_told_and_the_others_are_shown(capsys: pytest.CaptureFixture[str]) -> None:
    status, out, err = told(capsys, "compare", *LENET, "--sharing", "channel4,none,layer")
    assert (status, err) == (0, "")
    assert re.search(r"not run: channel4: \S+ sharing: channel4 must divide the 6 channels", re.sub(r"\s+", " ", out))
    assert "changes are against none" in out
    status, out, err = told(capsys, "compare", *LENET, "--sharing", "channel4,none", "--format", "csv")
    assert status == 0
    assert re.search(r"not run: channel4: \S+ sharing: channel4 must divide", err)
    assert [bool(row["error"]) for row in csv.DictReader(io.StringIO(out))] == [True, False]
    status, out, err = told(capsys, "compare", *LENET, "--sharing", "channel4,channel5")
    assert (status, out) == (2, "")
    assert re.match(r"channel4: \S+ sharing: channel4 must divide the 6 channels", err)
    assert re.search(r"\nchannel5: \S+ sharing: channel5 must divide", err)
    status, _, _ = told(capsys, "compare", *LENET, "--sharing", "channel4,none", "--share-where-possible")
    assert status == 0


def test_every_fault_is_told_at_once(stored: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "file").write_text("")
    given = (tmp_path / "no_run", "--sharing", "nne", "--batch", "0", "--rows", "enrgy", "--arch", "sata129")
    status, out, err = told(capsys, "compare", *given, "--out", tmp_path / "file")
    assert (status, out) == (2, "")
    for words in ("no_run: must be the folder of a run", "'nne'", "0 must be >= 1", "'enrgy'", "'sata129'", "a folder"):
        assert words in err
    status, out, err = told(capsys, "compare", stored / "none", "--baseline", "3", "--rows", "cyclez")
    assert (status, out) == (2, "")
    assert err.splitlines()[0] == "baseline: 3 must be the number of a run, 1 to 1"
    assert "did you mean 'cycles'" in err.splitlines()[1]


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ((), "runs: must be given: folders of runs, or options with several values"),
        (("--rows", "energy,foo"), "rows: 'foo' must be one of cycles, time,"),
        (("--rows", "enrgy"), "did you mean 'energy'?"),
        (("--vary", "array.rows"), "--vary array.rows: must have the form key.path=values"),
        (("--vary", "array.rows=1", "--vary", "array.rows=2"), "--vary array.rows=2: must be given once"),
        (("--optimizer", "adam"), "must go with mode training, not inference: nothing else changes weights"),
        (("--bptt", "reversed,stored"), "'reversed' must go with mode training"),
        (("--sharing", "none,"), "sharing: '' must be none, layer"),
        (("--batch", "1,two"), "batch: 'two' must be a whole number"),
        (("--vary", "batch=1:999"), "more than 200 runs must be a sweep's: lifsim sweep keeps"),
    ],
)
def test_what_is_refused(given: tuple[str, ...], words: str, capsys: pytest.CaptureFixture[str]) -> None:
    status, out, err = told(capsys, "compare", *given)
    assert (status, out) == (2, "")
    assert words in err


def test_a_run_of_another_lifsim_is_refused_in_words(
    stored: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    tree = json.loads((stored / "none" / "summary.json").read_text())
    for name, change in (("old", {"schema_version": 1}), ("new", {"schema_version": 99}), ("bad", {"time_s": "x"})):
        (tmp_path / name).mkdir()
        (tmp_path / name / "summary.json").write_text(json.dumps(tree | change))
    status, out, err = told(capsys, "compare", *(tmp_path / name for name in ("old", "new", "bad")), stored / "none")
    assert (status, out) == (2, "")
    for name, words in (("old", "is of an older one"), ("new", "is of a newer one"), ("bad", "is damaged")):
        assert len(re.findall(rf"^{re.escape(str(tmp_path / name))}: must be .* {words}", err, re.MULTILINE)) == 1
    assert "schema_version: 1 must be 2" in err


@pytest.mark.parametrize(
    "arch",
    [
        {},
        {"name": 5, "dram": 3, "accounting": [1], "components": [{"name": [1]}, 7, {"name": "a"}]},
        {"name": "a\x1b[2J\nforged", "dram": {"model": {"x": 1}}, "a\x1b[2J\nforged": "b\x1b[2J\nforged"},
        {"name": "a", "buffers": {"size_bytes": 10**400, "read_pj": float("nan"), "clock_hz": float("inf")}},
        {
            "name": "a",
            "array": json.loads("[" * 400 + "1" + "]" * 400),
            "lif": json.loads('{"a":' * 400 + "1" + "}" * 400),
        },
    ],
)
@pytest.mark.parametrize("form", ["table", "json", "csv"])
def test_whatever_a_summary_has_of_its_inputs_is_text(
    arch: dict[str, Any], form: str, stored: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Their hashes fit, and else nothing need."""
    tree = json.loads((stored / "none" / "summary.json").read_text())
    spikes = {"kind": "trace", "sha256": 7}
    for part, value in (("arch", arch), ("workload", arch)):
        tree["inputs"] |= {part: value, f"{part}_sha256": sha256_of(value)}
    tree["inputs"] |= {"spikes": spikes, "spikes_sha256": sha256_of([spikes, 0])}
    (tmp_path / "odd").mkdir()
    (tmp_path / "odd" / "summary.json").write_text(json.dumps(tree))
    status, out, err = told(capsys, "compare", stored / "none", tmp_path / "odd", "--format", form)
    assert status == 0, err
    assert "\x1b" not in out + err
    assert not any(line.strip().startswith("forged") for line in (out + err).splitlines())
    if form == "json":
        json.loads(out, parse_constant=lambda name: pytest.fail(name))


def test_another_model_version_stands_in_the_heading(
    stored: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    tree = json.loads((stored / "channel2" / "summary.json").read_text())
    (tmp_path / "old").mkdir()
    (tmp_path / "old" / "summary.json").write_text(json.dumps(tree | {"model_version": 3}))
    status, out, _ = told(capsys, "compare", stored / "none", tmp_path / "old")
    assert status == 0
    heading = out[: out.index("cycles")]
    assert "not alike: model version: 14 (none), 3 (old), of this LIFSim" in heading.replace(
        str(tree["model_version"]), "14"
    )


def test_one_run_and_one_run_twice(stored: Path, capsys: pytest.CaptureFixture[str]) -> None:
    status, out, _ = told(capsys, "compare", stored / "none")
    assert status == 0
    assert out.startswith("1 run of lenet5_mnist on sata128, T=32, batch 1, inference, schedule tick\n\n")
    assert not re.search(r"against|inputs|not alike|[-+][0-9.]+ %", out, re.MULTILINE)
    status, out, _ = told(capsys, "compare", stored / "none", stored / "none")
    assert status == 0
    assert "none (2)" in out
    assert {line.split()[-1] for line in out.splitlines() if re.match(r"(cycles| {4,}\w|area)", line)} == {
        "=",
        "(2)",
        "work",
    }


@pytest.mark.parametrize("command", ["compare", pytest.param("run", marks=pytest.mark.slow)])
def test_what_is_kept_can_be_compared_again(
    command: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    given = (command, *LENET, "--sharing", "layer,none,channel4,layer", "--out", "kept")
    status, out, err = told(capsys, *given)
    assert status == 0
    assert err == "written to kept\n"
    assert sorted(one.name for one in Path("kept").iterdir()) == [
        "comparison.csv", "comparison.json", "layer", "layer_2", "none",
    ]  # fmt: skip
    tree = json.loads(Path("kept/comparison.json").read_text())
    assert [one.get("folder") for one in tree["runs"]] == ["layer", "none", None, "layer_2"]
    status, again, _ = told(capsys, "compare", "kept")
    assert status == 0
    figures = [line for line in out.splitlines() if line.startswith(("cycles", "area"))]
    assert figures == [line for line in again.splitlines() if line.startswith(("cycles", "area"))]
    status, same, err = told(capsys, *given)
    assert (status, same, err) == (0, out, "kept holds this already\n")
    for other in ((*given, "--seed", "3"), (command, *LENET, "--sharing", "layer,none", "--out", "kept")):
        status, out, err = told(capsys, *other)
        assert (status, out) == (2, "")
        assert "exists and must not be overwritten" in err
        assert json.loads(Path("kept/comparison.json").read_text()) == tree
    assert told(capsys, *given, "--seed", "3", "--force")[::2] == (
        0,
        "written to kept, in the place of what was there\n",
    )
    assert told(capsys, *given, "--force")[0] == 0
    Path("kept/none/mine.txt").write_text("mine")
    status, _, err = told(capsys, *given, "--force")
    assert status == 2
    assert "holds none/mine.txt" in err
    assert Path("kept/none/mine.txt").read_text() == "mine"
    Path("kept/none/mine.txt").unlink()
    Path("kept/comparison.json").write_text("{}")
    status, _, err = told(capsys, *given, "--force")
    assert status == 2
    assert "no comparison.json that LIFSim wrote" in err


@pytest.mark.slow
def test_processes_make_the_same_runs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    given = ("compare", *LENET, "--sharing", "none,channel4,layer,channel2", "--format", "json")
    one = told(capsys, *given, "--out", "one")
    two = told(capsys, *given, "--out", "two", "--jobs", "2")
    assert one[:2] == two[:2]
    for name in ("comparison.json", "comparison.csv", "channel2/summary.json", "layer/layers.csv"):
        assert Path("one", name).read_bytes() == Path("two", name).read_bytes()


def test_a_comparison_that_fails_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    given = ("compare", *LENET, "--sharing", "none,channel4", "--baseline", "channel4", "--out", "kept")
    status, _, err = told(capsys, *given)
    assert status == 2
    assert re.search("baseline channel4: .*channel4 must divide", err)
    assert list(tmp_path.iterdir()) == []


def test_runs_of_a_kept_comparison_are_called_as_it_called_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    given = (*LENET, "--arch", "sata128,eyeriss_like", "--sharing", "none,channel2", "--format", "csv")
    _, out, _ = told(capsys, "compare", *given, "--out", "a", "--baseline", "channel2 on sata128")
    status, again, _ = told(capsys, "compare", "a", "--baseline", "channel2 on sata128", "--format", "csv")
    assert status == 0
    assert rows_of(again) == rows_of(out)
    _, out, _ = told(capsys, "compare", "a/none_on_sata128", "a", "--format", "csv")
    labels = [f"{sharing} on {arch}" for arch in ("sata128", "eyeriss_like") for sharing in ("none", "channel2")]
    assert [row["run"] for row in csv.DictReader(io.StringIO(out))] == ["none_on_sata128", *labels]


@pytest.mark.parametrize("name", ["../none", "/etc", "a/b", "", 3, None, "gone"])
def test_a_comparison_names_only_folders_of_its_own(
    name: Any, stored: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    shutil.copytree(stored / "none", tmp_path / "none")
    (tmp_path / "here").mkdir()
    text = json.dumps({"format": "lifsim-comparison", "runs": [{"run": "a", "folder": name}, 7, {"folder": "x"}]})
    (tmp_path / "here" / "comparison.json").write_text(text)
    status, _, err = told(capsys, "compare", tmp_path / "here")
    assert status == 2
    assert "must be the folder of a run" in err


def test_a_comparison_stands_for_the_runs_that_it_read(
    stored: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """From any folder, and after it was moved together with them; one that has gone is told."""
    above = tmp_path / "above"
    for name in ("none", "auto"):
        shutil.copytree(stored / name, above / "runs" / name)
    monkeypatch.chdir(above)
    given = ("runs/none", "runs/auto", stored / "again", *LENET, "--sharing", "layer")
    status, out, _ = told(capsys, "compare", *given, "--out", "kept/both", "--format", "csv")
    assert status == 0
    listed = json.loads(Path("kept/both/comparison.json").read_text())["runs"]
    assert [one["stored"] for one in listed] == ["../../runs/none", "../../runs/auto", str(stored / "again"), None]
    assert rows_of(told(capsys, "compare", "kept/both", "--format", "csv")[1]) == rows_of(out)
    monkeypatch.chdir("runs")
    assert rows_of(told(capsys, "compare", "../kept/both", "--format", "csv", "--out", "two")[1]) == rows_of(out)
    assert rows_of(told(capsys, "compare", "two", "--format", "csv")[1]) == rows_of(out)
    monkeypatch.chdir(tmp_path)
    above.rename("moved")
    assert rows_of(told(capsys, "compare", "moved/kept/both", "--format", "csv")[1]) == rows_of(out)
    shutil.rmtree("moved/runs/auto")
    status, out, err = told(capsys, "compare", "moved/kept/both", "gone")
    assert (status, out) == (2, "")
    first, second = err.splitlines()
    assert first.startswith("moved/runs/auto: must be where moved/kept/both/comparison.json has it")
    assert second.startswith("gone: must be the folder of a run")


def test_a_file_among_folders_is_told_how_to_leave_out(
    stored: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "README.md").write_text("Runs.")
    status, _, err = told(capsys, "compare", tmp_path / "README.md", stored / "none")
    assert status == 2
    assert f"README.md: must be the folder of a run, with a summary.json; {tmp_path}/*/ is all folders there" in err


@pytest.mark.parametrize("option", ["--rows=cycles", "--baseline=none", "--vary=batch=1,2", "--jobs=2"])
def test_run_says_whose_the_options_of_a_comparison_are(option: str, capsys: pytest.CaptureFixture[str]) -> None:
    status, out, err = told(capsys, "run", "--sharing", "none,layer", option)
    assert (status, out) == (2, "")
    name = option.partition("=")[0]
    assert err == (
        f"{name}: must go with lifsim compare, which lifsim run is with several sharings: "
        f"lifsim compare --sharing A,B {name} ...\n"
    )
    status, _, err = told(capsys, "run", "--rowz", "cycles")
    assert status == 2
    assert "No such option '--rowz'" in err


def test_run_of_several_sharings_is_compare(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    given = (*LENET, "--sharing", "none,channel2,layer")
    first, second = (told(capsys, command, *given) for command in ("compare", "run"))
    assert first[:2] == second[:2]
    assert second[2] == "nothing is written: --out FOLDER keeps the comparison and its runs\n"
    for form in ("json", "csv"):
        both = [told(capsys, command, *given, "--format", form)[1] for command in ("compare", "run")]
        assert both[0] == both[1]
    status, _, err = told(capsys, "run", *given, "--timeline", "--out", tmp_path / "x")
    assert status == 2
    assert "--timeline must go with one sharing" in err


def test_a_file_of_a_comma_is_one_for_run(capsys: pytest.CaptureFixture[str]) -> None:
    """Only several sharings make it a comparison."""
    status, _, err = told(capsys, "run", "--workload", "a,b.yaml")
    assert status == 2
    assert "'a,b.yaml' must be a file" in err


PRINTED = re.compile(r"```sh\n(lifsim compare [^\n]*)\n```\n\n```text\n(.*?)```", re.DOTALL)


@pytest.mark.slow
@pytest.mark.parametrize("document", ["README.md", "docs/comparing.md"])
def test_tables_in_documents_are_those_that_come_out(
    document: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Whole, as on a terminal of 80 columns."""
    monkeypatch.setenv("COLUMNS", "80")
    found = PRINTED.findall((ROOT / document).read_text(encoding="utf-8"))
    assert found
    for line, table in found:
        _, out, _ = told(capsys, *shlex.split(line)[1:])
        assert out == table


EXAMPLES = [
    line.strip() for line in str(compare.epilog).replace("\\\n", " ").splitlines() if line.strip().startswith("lifsim ")
]


@pytest.mark.slow
def test_the_examples_of_help_run_as_printed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(copy_checkout(tmp_path / "checkout"))
    assert len(EXAMPLES) > 3
    for line in EXAMPLES:
        status, out, err = told(capsys, *shlex.split(line)[1:])
        assert status == 0, f"{line}\n{err}"
        assert out


def test_python_gives_a_frame_with_a_row_a_run(stored: Path) -> None:
    result = lifsim.run("sata128", "lenet5_mnist", "channel2", overrides=["dram.model=ideal"])
    frame = lifsim.compare(
        stored / "none",
        result,
        workload="lenet5_mnist",
        sharing=[lifsim.Sharing.parse("layer"), "channel4"],
        batch=2,
        overrides="dram.model=ideal",
        baseline="lenet5_mnist-sata128-channel2",
    )
    assert list(frame.index) == ["none", "lenet5_mnist-sata128-channel2", "layer", "channel4"]
    cycles = frame["cycles.total"]
    assert cycles.iloc[1] == result.totals.cycles.total
    assert frame["change.cycles.total"].iloc[0] == cycles.iloc[0] / cycles.iloc[1] - 1
    assert frame["batch"].tolist()[:3] == [1, 1, 2]
    assert "must divide" in frame["error"].iloc[3]
    assert frame.attrs["unlike"][0].startswith("images: 1, 2")


def test_python_takes_objects_and_axes() -> None:
    arch, network = lifsim.load_arch("sata128", ["dram.model=ideal"]), lifsim.load_workload("lenet5_mnist")
    frame = lifsim.compare(arch=arch, workload=network, vary={"array.rows": [8, 16]}, rows=["cycles", "area"])
    assert list(frame.index) == ["array.rows 8", "array.rows 16"]
    assert frame["array.rows"].tolist() == [8, 16]
    assert not [name for name in frame.columns if name.startswith("energy_pj")]
    alone = lifsim.run(arch, network, overrides=["array.rows=8"])
    assert frame.loc["array.rows 8", "cycles.total"] == alone.totals.cycles.total


@pytest.mark.parametrize(
    ("runs", "given", "words"),
    [
        ((), {}, "must be given: results, folders of runs, or options"),
        ((3,), {}, "3 must be a result, or the folder of a run"),
        (("nowhere",), {}, "nowhere: must be the folder of a run"),
        ((), {"vary": ["a"]}, "a list must be a mapping"),
        ((), {"sharing": ["nne", "leyer"], "batch": 0}, "'leyer' must be"),
        ((), {"jobs": 0}, "0 must be a whole number from 1 to"),
        ((), {"arch": 3}, "3 must be a name, a path or an object"),
        ((), {"sharing": "none", "rows": "enrgy"}, "did you mean 'energy'"),
        ((), {"sharing": "none", "groups": ["nolayer"]}, "'nolayer' must be layers of"),
    ],
)
def test_what_python_is_told_is_wrong(runs: Any, given: Any, words: str) -> None:
    with pytest.raises(InputError) as raised:
        lifsim.compare(*runs, **given)
    assert words in str(raised.value)
