"""Does `lifsim run` print and write what was asked for, and leave everything alone when it is asked for nonsense?"""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path

import pytest

from lifsim.cli.main import main
from lifsim.config.resolve import find

SMALL = ("--workload", "lenet5_mnist")


@pytest.fixture(autouse=True)
def own_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def _run(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str, str]:
    status = main(["run", *arguments])
    captured = capsys.readouterr()
    assert "Traceback" not in captured.err
    return status, captured.out, captured.err


@pytest.fixture
def wide(monkeypatch: pytest.MonkeyPatch) -> None:
    """A console on which no line of a table is broken, and none as it is stands beside none alike."""
    monkeypatch.setenv("COLUMNS", "140")


@pytest.mark.usefixtures("wide")
def test_the_table_names_its_figures_with_units_and_compares_with_none(capsys: pytest.CaptureFixture[str]) -> None:
    status, out, err = _run(capsys, "--arch", "sata128.yaml", "--sharing", "channel4", "--full")
    assert status == 0
    for part in ("vgg16_cifar10", "channel4", "none", "-75.0 %", "+300.0 %", "mJ", "mm2", "KiB", "ms"):
        assert part in out
    assert "written to reports/vgg16_cifar10-sata128-channel4" in err


@pytest.mark.usefixtures("wide")
@pytest.mark.parametrize(
    ("sharing", "steps"),
    [("channel4", ["32 LIF units, not 128"]), ("layer+channel2", ["64 LIF units, not 128", "the schedule"])],
)
def test_what_of_this_is_sharing_is_answered_first(
    sharing: str, steps: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    _, out, _ = _run(capsys, "--workload", "vgg9_cifar10", "--sharing", sharing, "--full")
    first = out.splitlines()[:10]
    assert first[0].startswith(f"which part is due to sharing? {sharing} against none")
    places = [
        next(place for place, line in enumerate(first) if text in line)
        for text in ("sharing's own, none alike", *(f"no sharing: {step}" for step in steps), "all of it")
    ]
    assert places == sorted(places)


def test_an_inference_run_prints_no_backward_memory(capsys: pytest.CaptureFixture[str]) -> None:
    assert "backward" not in _run(capsys, *SMALL, "--sharing", "channel2")[1]
    assert "backward" not in _run(capsys, *SMALL, "--sharing", "channel2", "--full")[1]


def test_the_groups_of_a_schedule_can_be_given(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    given = ("--sharing", "none", "--groups", "conv1, fc1", "--format", "json")
    _, out, _ = _run(capsys, *SMALL, *given, "--out", str(tmp_path / "given"))
    layers = list(csv.DictReader(io.StringIO((tmp_path / "given" / "layers.csv").read_text())))
    turns = [row["layer"] for row in layers if "timestep by timestep" in row["tiling"]]
    assert turns == [row["layer"] for row in layers]
    assert json.loads(out)["inputs"]["options"]["groups"] == ["conv1", "fc1"]
    again = ("--config", str(tmp_path / "given" / "config.resolved.yaml"), "--format", "json")
    assert json.loads(_run(capsys, *again)[1])["cycles"] == json.loads(out)["cycles"]
    status, _, err = _run(capsys, *SMALL, "--groups", "conv2,fc0,nothing")
    assert status == 2
    assert err.count("must be layers of") == 2
    status, _, err = _run(capsys, *SMALL, "--sharing", "layer", "--groups", "conv1")
    assert status == 0


def test_layers_alone_can_take_turns_with_themselves(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    """What runs how stands in layers.csv, on the console and in explain; the resolved configuration runs it again."""
    given = ("--sharing", "none", "--groups", "conv1,conv2:tick,fc1,fc2:tick,fc3:tick", "--schedule", "timestep")
    out = _run(capsys, *SMALL, *given, "--out", str(tmp_path / "given"))[1]
    assert "groups as given: 3 layers tick-batched, 2 layers timestep by timestep" in " ".join(out.split())
    whole = _run(capsys, *SMALL, *given, "--full", "--out", str(tmp_path / "full"))[1]
    assert "gate), groups as given: 3 layers tick-batched" in " ".join(whole.split())
    rows = {
        row["layer"]: row["tiling"]
        for row in csv.DictReader(io.StringIO((tmp_path / "given" / "layers.csv").read_text()))
    }
    assert rows["conv1"].startswith("conv1 timestep by timestep")
    assert "timestep by timestep" not in rows["conv2"] + rows["fc2"]
    again = _run(capsys, "--config", str(tmp_path / "given" / "config.resolved.yaml"), "--out", str(tmp_path / "again"))
    assert again[0] == 0
    name = "layers.csv"
    assert (tmp_path / "again" / name).read_text() == (tmp_path / "given" / name).read_text()
    status, _, err = _run(capsys, *SMALL, "--sharing", "none", "--groups", "conv1:tick")
    assert status == 2
    assert "must run timestep by timestep, fused or skewed: only a layer alone can tick" in err


def test_layer_sharing_is_compared_under_every_schedule(capsys: pytest.CaptureFixture[str]) -> None:
    _, out, _ = _run(capsys, *SMALL, "--sharing", "layer+channel2", "--schedule", "auto", "--full")
    table = out[out.index("DRAM, schedule by schedule") :]
    for part in ("tick", "timestep", "auto", "none, alike", "none, as it is"):
        assert part in table
    assert "schedule by schedule" not in _run(capsys, *SMALL, "--sharing", "channel2", "--full")[1]


def test_the_files_of_a_run_hold_the_same_figures(capsys: pytest.CaptureFixture[str]) -> None:
    status, out, _ = _run(capsys, *SMALL, "--sharing", "channel2", "--out", "result", "--format", "json")
    assert status == 0
    printed, stored = json.loads(out), json.loads(Path("result/summary.json").read_text())
    assert printed == stored
    with Path("result/layers.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert [row["layer"] for row in rows] == ["conv1", "conv2", "fc1", "fc2", "fc3"]
    for group, key in (("cycles", "total"), ("ops", "macs_effective"), ("dram_bytes", "weights")):
        assert sum(int(row[f"{group}.{key}"]) for row in rows) == stored[group][key]
    assert stored["energy_pj"]["total"]["total"] == pytest.approx(sum(float(row["energy_pj.total"]) for row in rows))
    assert Path("result/timesteps.csv").exists()


def test_the_summary_has_every_key_that_others_rely_on(capsys: pytest.CaptureFixture[str]) -> None:
    _, out, _ = _run(capsys, *SMALL, "--format", "json")
    summary = json.loads(out)
    stalls = {"stall_weights", "stall_spikes", "stall_membrane", "stall_writeback"}
    assert set(summary["cycles"]) == {"total", "array", "fill_drain", "lif"} | stalls
    assert set(summary["ops"]) >= {"macs_dense", "macs_effective", "lif_updates"}
    tensors = {"weights", "spikes_in", "spikes_out", "residual", "membrane_read", "membrane_write", "psum", "total"}
    assert set(summary["dram_bytes"]) == tensors
    for buffer in ("weight", "spike_in", "spike_out", "membrane", "psum"):
        assert set(summary["sram_accesses"][buffer]) == {"reads", "writes"}
    energy = summary["energy_pj"]
    for part in (*energy["compute"].values(), energy["sram"], energy["dram"], energy["total"]):
        assert part["work"] + part["idle"] + part["standing"] == pytest.approx(part["total"])
    assert set(energy["compute"]) == {"spike_mac", "lif", "membrane_registers", "spad", "optimizer"}
    assert set(energy["lif_if"]) == {"toggles", "clock_gated"}
    assert set(summary["lif_update_pj"]) == {"work", "all_in", "toggling", "clock_gated"}
    memory = {"forward", "backward", "in_flight", "forward_baseline", "backward_baseline", "paper_backward"}
    assert set(summary["lif_memory_bytes"]) == memory
    assert summary["area_mm2"] > 0
    assert summary["time_s"] > 0


def test_a_resolved_configuration_gives_the_same_run_again(capsys: pytest.CaptureFixture[str]) -> None:
    overrides = ("--set", "buffers.weight.size_bytes=8KiB", "--set", "array.rows=4", "--batch", "2", "--seed", "5")
    _, first, _ = _run(capsys, *SMALL, "--sharing", "channel2", *overrides, "--out", "a", "--format", "json")
    status, again, _ = _run(capsys, "--config", "a/config.resolved.yaml", "--out", "b", "--format", "json")
    assert status == 0
    assert json.loads(again) == json.loads(first)
    assert json.loads(first)["inputs"]["arch"]["buffers"]["weight"]["size_bytes"] == 8192
    assert Path("a/config.resolved.yaml").read_text() == Path("b/config.resolved.yaml").read_text()


def test_a_result_runs_again_without_the_file_of_its_dram(capsys: pytest.CaptureFixture[str]) -> None:
    own = Path("own.yaml")
    own.write_text(find("dram", "ddr4_2400").read_text().replace("CL: 17", "CL: 29").replace("IDD0: 80", "IDD0: 87"))
    settings = ("--set", "dram.model=cycle", "--set", "dram.device=own.yaml", "--set", "dram.device.timing.tRCD=21")
    assert _run(capsys, "--workload", "lenet5_mnist", *settings, "--out", "a")[0] == 0
    own.unlink()
    assert _run(capsys, "--config", "a/config.resolved.yaml", "--out", "b")[0] == 0
    assert Path("a/summary.json").read_text() == Path("b/summary.json").read_text()
    device = json.loads(Path("b/summary.json").read_text())["inputs"]["dram_device"]
    assert (device["timing"]["CL"], device["timing"]["tRCD"], device["energy"]["IDD0"]) == (29, 21, 87)


def test_a_resolved_configuration_finds_its_trace_from_any_folder(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert main(["trace", "make", *SMALL, "--seed", "1", "--out", "spikes.npz"]) == 0
    assert _run(capsys, *SMALL, "--trace", "spikes.npz", "--out", "a")[0] == 0
    Path("elsewhere").mkdir()
    monkeypatch.chdir("elsewhere")
    assert _run(capsys, "--config", "../a/config.resolved.yaml", "--out", "b")[0] == 0
    for file in Path("b").iterdir():
        assert file.read_bytes() == (Path("../a") / file.name).read_bytes()


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("{}", "must be the folder of a run"),
        ("[1]", "must be the folder of a run"),
        ("no json", "must be the folder of a run"),
        (
            '{"format": "lifsim-summary", "schema_version": 99}',
            "odd/summary.json:1:30 schema_version: 99 must be 2: a newer LIFSim",
        ),
        ('{"format": "lifsim-summary", "schema_version": 2}', "odd/summary.json:1:1 energy_pj: must be given"),
    ],
)
def test_a_folder_that_holds_no_summary_is_not_drawn(
    capsys: pytest.CaptureFixture[str], content: str, message: str
) -> None:
    Path("odd").mkdir()
    Path("odd/summary.json").write_text(content)
    assert main(["plot", "fig9", "--part", "top", "odd", "--out", "other.svg"]) == 2
    assert message in capsys.readouterr().err


def test_csv_on_stdout_is_layers_csv(capsys: pytest.CaptureFixture[str]) -> None:
    _, out, _ = _run(capsys, *SMALL, "--out", "r", "--format", "csv")
    assert out == Path("r/layers.csv").read_text()


def test_another_result_is_replaced_only_by_force(capsys: pytest.CaptureFixture[str]) -> None:
    assert _run(capsys, *SMALL)[0] == 0
    assert _run(capsys, *SMALL)[0] == 0
    assert _run(capsys, *SMALL, "--out", "r")[0] == 0
    before = Path("r/summary.json").read_text()
    status, out, err = _run(capsys, *SMALL, "--seed", "9", "--out", "r")
    assert (status, out) == (2, "")
    assert "r exists and must not be overwritten" in err
    assert Path("r/summary.json").read_text() == before
    assert _run(capsys, *SMALL, "--seed", "9", "--out", "r", "--force")[0] == 0
    assert Path("r/summary.json").read_text() != before
    assert sorted(path.name for path in Path().iterdir()) == ["r", "reports"]


def test_what_is_not_a_result_is_never_replaced(capsys: pytest.CaptureFixture[str]) -> None:
    Path("file").write_text("mine")
    Path("folder").mkdir()
    Path("folder/thesis.txt").write_text("mine")
    for target in ("file", "folder", "file/below"):
        status, out, err = _run(capsys, *SMALL, "--out", target, "--force")
        assert (status, out) == (2, "")
        assert "out: " in err
    assert Path("file").read_text() == "mine"
    assert Path("folder/thesis.txt").read_text() == "mine"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--sharing", "channel3"], "channel3 must divide the 64 channels of lif1"),
        (["--sharing", "channel0"], "N of channelN must be >= 2"),
        (["--sharing", "chanel4"], "did you mean 'channel4'"),
        (["--arch", "sata182"], "did you mean 'sata128'"),
        (["--arch", "absent.yaml"], "absent.yaml"),
        (["--arch", "."], "directory"),
        (["--workload", "vgg61_cifar10"], "did you mean 'vgg16_cifar10'"),
        (["--trace", "absent.npz"], "absent.npz"),
        (["--batch", "0"], "batch: 0 must be >= 1"),
        (["--seed", "-1"], "seed: -1 must be >= 0"),
        (["--set", "buffers.weight.banks=2.5"], "buffers.weight.banks: 2.5 must be a whole number"),
        (["--set", "buffers.weight.size_bytes=-1"], "must be"),
        (["--set", "bufers.weight.banks=2"], "did you mean 'buffers'"),
        (["--set", "buffers.wieght.banks=2"], "did you mean 'weight'"),
        (["--set", "buffers.weight.banks=3"], "3 must be one of 1, 2, 4"),
        (["--config", "absent.yaml"], "absent.yaml"),
        (["--config", "x", "--arch", "y"], "--config must stand without --arch"),
        (["--config", "x", "--seed", "5"], "--config must stand without --seed"),
        (["--sharing", ""], "'' must be none, layer, channelN"),
        (["--arch", ""], "'' must be a file or a shipped architecture"),
        (["--exit-steps", ""], "exit_steps: '' must be TIMESTEPS:SHARE, as in 1:0.6"),
        (["--groups", ""], "groups: '' must be layers of"),
        (["--groups", "conv1,,conv3"], "groups: '' must be layers of"),
        (["--format", "xml"], "xml"),
        (["--format", "json", "--full"], "--full must stand without --format json"),
        (["--format", "csv", "--layers"], "--layers must stand without --format csv"),
    ],
)
def test_nonsense_is_refused_with_its_reason(
    capsys: pytest.CaptureFixture[str], arguments: list[str], message: str
) -> None:
    status, out, err = _run(capsys, *arguments)
    assert (status, out) == (2, "")
    assert message in err
    assert not Path("reports").exists()


def test_a_trace_of_another_network_is_refused(capsys: pytest.CaptureFixture[str], figures: Path) -> None:
    trace = str(figures / "spike_traces" / "lenet5_mnist.npz")
    status, out, err = _run(capsys, "--trace", trace)
    assert (status, out) == (2, "")
    assert "lenet5_mnist.npz" in err


@pytest.mark.slow
def test_fig9_draws_from_stored_runs_what_it_draws_by_running(capsys: pytest.CaptureFixture[str]) -> None:
    top = ("plot", "fig9", "--part", "top")
    for sharing in ("none", "channel2", "channel4"):
        assert _run(capsys, "--sharing", sharing, "--out", f"run-{sharing}")[0] == 0
    for units in ("64", "32"):
        assert _run(capsys, "--set", f"lif.units={units}", "--out", f"run-{units}")[0] == 0
    stored = ("run-none", "run-64", "run-32", "run-channel2", "run-channel4")
    assert main([*top, *stored, "--out", "stored.svg"]) == 0
    assert main([*top, "--out", "made.png"]) == 0
    assert Path("stored.csv").read_text() == Path("made.csv").read_text()
    assert Path("made.png").read_bytes().startswith(b"\x89PNG")
    assert "<svg" in Path("stored.svg").read_text()
    capsys.readouterr()
    assert main([*top, "run-none", "--out", "stored.svg"]) == 2
    assert "must not be overwritten" in capsys.readouterr().err
    assert main([*top, "run-channel2", "--out", "other.svg"]) == 2
    assert "must include one with sharing none" in capsys.readouterr().err
    assert main([*top, "nowhere", "--out", "other.svg"]) == 2
    assert main([*top, "run-none", "--seed", "3", "--out", "other.svg"]) == 2
    assert "RUN must stand without --seed" in capsys.readouterr().err
    assert main([*top, "--out", "other.gif"]) == 2


def test_every_fault_of_a_resolved_configuration_is_told_where_it_stands(capsys: pytest.CaptureFixture[str]) -> None:
    assert _run(capsys, "--workload", "lenet5_mnist", "--out", "a")[0] == 0
    text = Path("a/config.resolved.yaml").read_text()
    clock = text.splitlines().index("  clock_hz: 400000000") + 1
    text = text.replace("clock_hz: 400000000", "clock_hz: -1").replace("sharing: none", "sharing: chanel2")
    text = text.replace("  schedule: tick", "  schedule: tock\n  chunck: 3\n  batch: 0")
    text = text.replace("  batch: 1\n", "")
    Path("broken.yaml").write_text(text)
    status, _, errors = _run(capsys, "--config", "broken.yaml", "--out", "b")
    first = text.splitlines().index("  schedule: tock") + 1
    sharing = text.splitlines().index("sharing: chanel2") + 1
    assert status == 2
    told = "\n".join(errors) if isinstance(errors, list) else errors
    for place in (
        f"broken.yaml:{first}:3 options.schedule: 'tock' must be one of tick, timestep, window:TW, fused, "
        "fused:TW, skewed, skewed:TW, auto; did you mean 'tick'?",
        f"broken.yaml:{first + 1}:3 options.chunck: is not a known key; did you mean 'chunk'?",
        f"broken.yaml:{first + 2}:3 options.batch: 0 must be >= 1",
        f"broken.yaml:{sharing}:1 sharing: 'chanel2' must be none, layer",
        f"broken.yaml:{clock}:3 clock_hz: -1 must be > 0",
    ):
        assert place in told
    for value in ("3", "[tick]", "null"):
        Path("broken.yaml").write_text(text.partition("options:")[0] + f"options: {value}\n")
        status, _, errors = _run(capsys, "--config", "broken.yaml", "--out", "b")
        assert status == 2
        assert "options: " in str(errors)
        assert "must be a mapping of keys" in str(errors)


def test_a_taken_out_is_told_beside_the_faults_of_the_inputs(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "taken").write_text("mine")
    given = ["--set", "array.rows=0", "--sharing", "channel1", "--out", str(tmp_path / "taken")]
    assert main(["run", "--workload", "lenet5_mnist", *given]) == 2
    told = capsys.readouterr().err
    assert "array.rows: 0 must be" in told
    assert "out: " in told
    assert "must be a folder, or not exist" in told
    ideal = ["--set", "dram.model=ideal", "--dram-trace", "dramsim3", "--out", str(tmp_path / "taken")]
    assert main(["run", "--workload", "lenet5_mnist", *ideal]) == 2
    told = capsys.readouterr().err
    assert "an ideal memory takes no time" in told
    assert "must be a folder, or not exist" in told
