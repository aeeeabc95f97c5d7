"""Does what `lifsim run` shows answer in ten lines or so, with the figures of summary.json, on any terminal?"""

from __future__ import annotations

import csv
import fcntl
import io
import json
import os
import pty
import re
import struct
import subprocess
import sys
import termios
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

import lifsim
from lifsim.cli.main import main
from lifsim.config.resolve import available
from lifsim.model.sharing import Sharing
from lifsim.note import Note, decisive
from lifsim.report.console import print_result
from lifsim.report.summary import Around
from lifsim.simulate.inputs import Inputs
from lifsim.sweeps.beside import run_beside_baseline
from lifsim.sweeps.rates_range import rates_range
from lifsim.units import change_text, format_bytes, format_si

LONG = "long.yaml"
LENET = ("--workload", "lenet5_mnist")
RUNS = {
    "none": (*LENET, "--sharing", "none"),
    "channel2": (*LENET, "--sharing", "channel2"),
    "layer": ("--workload", "vgg9_cifar10", "--sharing", "layer", "--set", "dram.model=ideal"),
    "batch": (*LENET, "--batch", "4"),
    "training": (*LENET, "--mode", "training", "--batch", "2", "--bptt", "reversed", "--sharing", "channel2"),
}


@pytest.fixture(autouse=True)
def own_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("COLUMNS", raising=False)


def joule(pj: float) -> str:
    return format_si(pj * 1e-12, "J")


def labelled(out: str) -> dict[str, str]:
    """The lines with a label, by it."""
    lines = [line for line in out.splitlines() if re.match(r"[A-Za-z]", line) and "  " in line]
    return {name.strip(): text.strip() for name, _, text in (line.partition("  ") for line in lines)}


@pytest.mark.parametrize("name", RUNS)
def test_the_figures_are_those_of_the_summary(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["run", *RUNS[name], "--out", "r"]) == 0
    out = capsys.readouterr().out
    told, summary = labelled(out), json.loads(Path("r/summary.json").read_text())
    training, batch = "stages" in summary, summary["inputs"]["batch"]
    assert len(out.splitlines()) <= (22 if training else 16)
    assert told["cycles"] == f"{summary['cycles']['total']:,}, {format_si(summary['time_s'], 's')}"
    running, overall = summary["pe_utilisation"], summary["pe_utilisation_overall"]
    assert told["PEs"].endswith(f"gate: {running:.1%} busy while it runs, {overall:.1%} overall")
    energy, dram = summary["energy_pj"]["total"], summary["dram_bytes"]
    kinds = (f"{joule(energy[kind])} {kind}" for kind in ("work", "idle", "standing"))
    assert told["energy"] == f"{joule(energy['total'])}: {', '.join(kinds)}"
    assert told["DRAM"].startswith(f"{format_bytes(dram['total'])}: ")
    parts = dict(re.findall(r"([a-z ]+) ([0-9.]+)%", told["DRAM"].partition(": ")[2].replace(", ", ",")))
    assert sum(float(share) for share in parts.values()) == pytest.approx(100, abs=0.3)
    assert parts["weights"] == f"{100 * dram['weights'] / dram['total']:.1f}"
    kept = summary["lif_memory_bytes"]
    assert told["LIF memory"].startswith(f"{format_bytes(kept['forward'])} forward")
    assert told["LIF memory"].endswith(f"area {summary['area_mm2']:.4g} mm2")
    assert (f", {format_bytes(kept['backward'])} backward, reversed" in told["LIF memory"]) == training
    assert ("an image" in told) == (batch > 1)
    if batch > 1:
        image = f"{summary['cycles']['total'] / batch:,.0f} cycles, {format_si(summary['time_s'] / batch, 's')}"
        spent = f"{joule(energy['total'] / batch)}, {format_bytes(dram['total'] / batch)} of DRAM"
        assert told["an image"] == f"{image}, {spent}"
    for stage, record in summary.get("stages", {}).items():
        figures = [f"{record['cycles']['total']:,}", format_bytes(record["dram_bytes"]["total"])]
        figures += [joule(record["energy_pj"]["total"]["total"])]
        line = next(line for line in out.splitlines() if line.startswith(f"{stage.replace('_', ' ')} "))
        assert all(figure in line for figure in figures)
    assert ("comparison" in summary) == ("sharing's own" in out) == (name in ("channel2", "layer", "training"))


@pytest.mark.parametrize("name", ["channel2", "layer", "training"])
def test_sharings_own_changes_are_those_of_the_comparison(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["run", *RUNS[name], "--out", "r"]) == 0
    lines = capsys.readouterr().out.splitlines()
    summary = json.loads(Path("r/summary.json").read_text())
    steps = summary["comparison"]["steps"]
    memory = f"lif_memory_bytes.{'backward' if name == 'training' else 'forward'}"
    (heads,) = (line for line in lines if line.startswith("change "))
    assert ("backward LIF memory" in heads) == (name == "training")
    for step in (steps[0], steps[-1]):
        line = next(line for line in lines if line.startswith(step["says"]))
        keys = ("cycles.total", "energy_pj.total", "dram_bytes.total", memory, "area_mm2")
        changes = re.findall(r"[+-][0-9.]+ %|=|x [0-9,]+", line.removeprefix(step["says"]))
        assert changes == [change_text(step["change"][key]) for key in keys]


@pytest.mark.parametrize("sharing", ["channel2", "layer"])
def test_where_nothing_is_shared_it_is_said_at_once(sharing: str, capsys: pytest.CaptureFixture[str]) -> None:
    """The first screen, not among the other notes."""
    Path("bare.yaml").write_text(
        yaml.safe_dump(
            {
                "name": "bare",
                "timesteps": 2,
                "input": {"shape": [1, 8, 8], "encoding": "rate"},
                "layers": [
                    {"name": "conv1", "op": "conv", "out": 4, "kernel": 3},
                    {"name": "lif1", "op": "lif", "share": False},
                    {"name": "fc1", "op": "linear", "out": 4},
                ],
                "spikes": {"source": "rates", "provenance": "nobody", "rates": {"conv1": 0.5, "fc1": 0.1}},
            }
        )
    )
    given = ("--workload", "bare.yaml", "--sharing", sharing, "--set", "dram.model=ideal")
    assert main(["run", *given, "--out", "r"]) == 0
    assert f"{sharing} is none here: no LIF layers of this network can share" in capsys.readouterr().out


def test_layers_add_up_to_the_totals(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["run", *RUNS["channel2"], "--layers", "--out", "r"]) == 0
    out = capsys.readouterr().out
    table = out[out.index("layer  ") :].splitlines()
    rows = list(csv.DictReader(io.StringIO(Path("r/layers.csv").read_text())))
    for row, line in zip(rows, table[2:], strict=False):
        cells = re.split(r" {2,}", line.strip())
        energy, moved = joule(float(row["energy_pj.total"])), format_bytes(int(row["dram_bytes.total"]))
        assert cells[0] == row["layer"]
        assert cells[2:4] == [f"{int(row['cycles.total']):,}", f"{float(row['pe_utilisation']):.1%}"]
        assert cells[5:] == [moved, energy, row["bound"]]
    summary = json.loads(Path("r/summary.json").read_text())
    total = re.split(r" {2,}", table[-1].strip())
    assert total[:2] == ["total", f"{summary['cycles']['total']:,}"]
    assert total[-3:-1] == [format_bytes(summary["dram_bytes"]["total"]), joule(summary["energy_pj"]["total"]["total"])]
    assert [row["layer"] for row in rows] == [line.split()[0] for line in table[2:-2]]


@pytest.fixture(scope="module")
def printed() -> Callable[..., None]:
    """Prints a run, which is made once, on a terminal of so many columns."""
    made: dict[tuple[str, ...], tuple[lifsim.Result, Around]] = {}

    def show(arch: str, workload: str, sharing: str, mode: str, **asked: bool) -> None:
        key = (arch, workload, sharing, mode)
        if key not in made:
            options = lifsim.Options.model_validate({"mode": mode, "batch": 2 if mode == "training" else None})
            inputs = Inputs(lifsim.load_arch(arch), lifsim.load_workload(workload), Sharing.parse(sharing), options)
            result, comparison = run_beside_baseline(inputs)
            made[key] = result, Around(comparison, rates_range(inputs, result))
        print_result(*made[key], **asked)

    return show


SHIPPED = [
    *((arch, "lenet5_mnist", "channel2", "inference") for arch in available("arch") if arch != "sata128_satasim"),
    ("sata128_satasim", "satasim_bntt", "none", "inference"),
    ("sata128", "alexnet_cifar10", "none", "inference"),
    ("sata_training", "lenet5_mnist", "layer+channel2", "training"),
    ("tpu_like_small", LONG, "layer", "inference"),
]


def long_names() -> str:
    """A network of layers whose names have 60 characters, parted by dashes, by lines below, or not at all."""
    names = [f"{name[:59]}{index}" for index, name in enumerate(("part_of_a_" * 6, "block-of-a-" * 6, "n" * 60))]
    layers: list[dict[str, Any]] = []
    for index, name in enumerate(names):
        layers.append({"name": name, "op": "conv", "out": 4, "kernel": 3, "padding": 1})
        layers.append({"name": f"l{index}", "op": "lif"})
    tree = {
        "name": "a_network_whose_name_takes_more_than_half_of_a_line_by_itself",
        "timesteps": 2,
        "input": {"shape": [4, 8, 8], "encoding": "rate"},
        "layers": [*layers, {"name": "fc", "op": "linear", "out": 4}],
        "spikes": {"source": "rates", "provenance": "nobody", "rates": dict.fromkeys([*names, "fc"], 0.2)},
    }
    Path(LONG).write_text(yaml.safe_dump(tree))
    return LONG


@pytest.mark.parametrize("run", SHIPPED, ids=lambda run: f"{run[0]}-{run[1]}-{run[3]}")
def test_no_line_is_wider_than_the_terminal(
    run: tuple[str, str, str, str],
    printed: Callable[..., None],
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """No table, and no text but a word that is longer by itself; and no figure is lost on the narrower ones."""
    long_names()
    for asked in ({}, {"layers": True}, {"full": True}):
        told = {}
        for columns in (40, 80, 200):
            monkeypatch.setenv("COLUMNS", str(columns))
            printed(*run, **asked)
            out = capsys.readouterr().out
            told[columns] = set(re.findall(r"[0-9][0-9.,]*[0-9]%?|[0-9]", out))
            too_wide = [line for line in out.splitlines() if len(line.rstrip()) > columns]
            assert all(len(line.split()) == 1 for line in too_wide), too_wide
            assert "…" not in out
            if columns == 80 and not asked:
                most = 22 if run[3] == "training" else 16
                assert len(out.splitlines()) <= most + 2 * (run[1] == LONG)  # whose name alone takes a line
        if run[1] != LONG and "full" not in asked:  # of names the digits may stand apart; in full a second none goes
            assert told[40] == told[80] == told[200]


@pytest.mark.parametrize("columns", [40, 80])
def test_long_names_are_folded_and_not_cut(
    columns: int, printed: Callable[..., None], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    file = long_names()
    monkeypatch.setenv("COLUMNS", str(columns))
    printed("tpu_like_small", file, "layer", "inference", layers=True)
    out = capsys.readouterr().out
    table = out[out.index("\nlayer") :]
    first = "".join(line[: columns // 3].split(" ")[0] for line in table.splitlines())
    for layer in lifsim.load_workload(file).layers:
        assert layer.name in first


def test_a_line_of_a_pipe_is_a_line(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody says how wide it is: notes, headings and rows are whole, and nothing is coloured."""
    file = long_names()
    monkeypatch.setenv("TERM", "xterm-256color")
    given = ("--workload", file, "--sharing", "layer", "--set", "dram.model=ideal")
    assert main(["run", *given, "--full", "--layers", "--out", "r"]) == 0
    out = capsys.readouterr().out
    lines, summary = out.splitlines(), json.loads(Path("r/summary.json").read_text())
    assert "\x1b" not in out
    assert [f"note: {note}" for note in summary["notes"]] == [line for line in lines if line.startswith("note: ")]
    assert all(f"assumption: {line}" in lines for line in summary["assumptions"])
    for layer in lifsim.load_workload(file).layers:
        assert sum(line.startswith(f"{layer.name} ") for line in lines) == 1
    assert main(["run", *given, "--out", "s"]) == 0
    first = capsys.readouterr().out.splitlines()
    briefs = decisive(lifsim.run("sata128", file, "layer", overrides=["dram.model=ideal"]).notes)
    assert len(briefs) == 2
    assert all(any(line.endswith(f"  {brief}") for line in first) for brief in briefs)
    assert len(first) == len([line for line in first if line.strip()]) <= 18  # two baselines, two unknowns


def _on_a_terminal(columns: int, **environment: str) -> str:
    """What a run shows on a real one."""
    here, there = pty.openpty()
    fcntl.ioctl(there, termios.TIOCSWINSZ, struct.pack("HHHH", 50, columns, 0, 0))
    clean = {name: value for name, value in os.environ.items() if name not in ("COLUMNS", "NO_COLOR")}
    command = [sys.executable, "-m", "lifsim", "run", *LENET, "--sharing", "channel2", "--set", "dram.model=ideal"]
    with subprocess.Popen(
        [*command, "--out", f"r{columns}{len(environment)}"], stdout=there, stderr=subprocess.DEVNULL,
        env=clean | {"TERM": "xterm-256color"} | environment,
    ) as running:  # fmt: skip
        os.close(there)
        told = b""
        while True:
            try:
                told += os.read(here, 1 << 16)
            except OSError:  # the other side is closed
                break
    os.close(here)
    assert running.returncode == 0
    return told.decode()


@pytest.mark.slow
def test_a_terminal_is_filled_and_not_more_and_coloured_unless_that_is_unwanted() -> None:
    styled = re.compile(r"\x1b\[[0-9;]*m")
    out = _on_a_terminal(40)
    assert styled.search(out)
    assert max(len(line) for line in styled.sub("", out).splitlines()) <= 40
    plain = _on_a_terminal(80, NO_COLOR="1")
    assert max(len(line) for line in styled.sub("", plain).splitlines()) <= 80
    assert not re.search(r"\x1b\[[0-9;]*(3[0-9]|4[0-9]|9[0-9])[;m]", plain)


def test_what_is_decisive_is_data_on_the_note() -> None:
    notes = ("a text", Note("a long note", "brief"), Note("another"), Note("the same again", "brief"))
    assert notes[1] == "a long note"
    assert decisive(notes) == ("brief",)
    assert json.dumps(notes[1]) == '"a long note"'


@pytest.mark.parametrize("columns", [20, 45, 60, 72, 100, 10_000])
def test_a_file_gets_it_as_a_terminal_shows_it_without_styles(
    columns: int, printed: Callable[..., None], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    long_names()
    monkeypatch.setenv("COLUMNS", str(columns))
    for run in SHIPPED[-4:] + SHIPPED[:1]:
        told = []
        for plain in (True, False):
            monkeypatch.setattr("lifsim.report.console.is_plain", lambda plain=plain: plain)
            printed(*run)
            told.append(capsys.readouterr().out)
        assert told[0] == told[1], run


def test_who_asks_for_styles_gets_them(
    printed: Callable[..., None], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    printed(*SHIPPED[0])
    assert "\x1b[" not in capsys.readouterr().out
    monkeypatch.setenv("FORCE_COLOR", "1")
    printed(*SHIPPED[0])
    assert "\x1b[1m" in capsys.readouterr().out
