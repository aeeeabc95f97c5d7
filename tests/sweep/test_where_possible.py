"""Is sharing where it fits none where nothing shares, the same where all can, and else the own of each layer?"""

from __future__ import annotations

import csv
import io
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml

import lifsim
from lifsim.cli.main import main
from lifsim.config.document import parse_document
from lifsim.config.workload import network_of
from lifsim.simulate.result import Result

MEMORY = ("dram.model=bandwidth", "dram.bandwidth_bytes_per_s=1GB", "dram.energy=per_bit")
TRAINING = {"mode": "training", "batch": 1}
ODD = """
name: odd
timesteps: 3
input: {shape: [2, 6, 6], encoding: rate}
layers:
- {name: conv1, op: conv, out: 8, kernel: 3, padding: 1}
- {name: lif1, op: lif}
- {name: conv2, op: conv, out: 8, kernel: 3, padding: 1}
- {name: lif2, op: lif}
- {name: fc, op: linear, out: 10}
- {name: last, op: lifLAST}
spikes: {source: rates, provenance: nobody, rates: {conv1: 0.5, conv2: 0.5, fc: 0.5}}
"""


def odd(last: str = "lif") -> Any:
    return network_of(parse_document(ODD.replace("lifLAST", last), "odd.yaml"))


@pytest.fixture
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.chdir(tmp_path)
    Path("odd.yaml").write_text(ODD.replace("lifLAST", "lif"))
    return "odd.yaml"


def ran(network: Any, sharing: str, **options: Any) -> Result:
    arch = "sata_training" if options.get("mode") == "training" else "sata128"
    return lifsim.run(arch, network, sharing, overrides=MEMORY, **options)


def figures(result: Result) -> Any:
    return [(record.counts, record.energy_pj) for record in result.records], result.totals


@pytest.mark.parametrize("sharing", ["layer", "channel4", "layer+channel2"])
@pytest.mark.parametrize(
    "options",
    [{}, {"schedule": "timestep", "batch": 2}, TRAINING, {**TRAINING, "bptt": "reversed"}],
)
def test_a_network_of_which_no_layer_shares_is_none_in_every_figure(sharing: str, options: dict[str, Any]) -> None:
    whole = yaml.safe_load(ODD.replace("lifLAST", "lif"))
    for layer in whole["layers"]:
        if layer["op"] == "lif":
            layer["share"] = False
    network = network_of(parse_document(yaml.safe_dump(whole), "odd.yaml"))
    assert figures(ran(network, sharing, **options)) == figures(ran(odd(), "none", **options))


@pytest.mark.parametrize("sharing", ["layer", "channel2", "layer+channel4"])
@pytest.mark.parametrize("options", [{}, {"schedule": "timestep"}, {**TRAINING, "bptt": "reversed"}])
def test_where_all_layers_can_share_where_possible_changes_nothing(sharing: str, options: dict[str, Any]) -> None:
    plain = lifsim.run("sata_training", "digits_cnn", sharing, overrides=(*MEMORY, *RATES), **options)
    where = lifsim.run(
        "sata_training", "digits_cnn", f"{sharing}-where-possible", overrides=(*MEMORY, *RATES), **options
    )
    assert figures(plain) == figures(where)
    assert plain.notes == where.notes


RATES = (
    "spikes={source: rates, provenance: nobody, rates: "
    "{conv2: 0.2, conv3: 0.2, conv4: 0.2, fc1: 0.2, fc2: 0.2, fc3: 0.2}}",
)


@pytest.mark.parametrize("schedule", ["tick", "timestep"])
def test_each_layer_shares_or_keeps_its_own(schedule: str) -> None:
    """Registers and buffers of a layer of 10 are those of none, of the others a fourth; all are served by few units."""
    shared, none = ran(odd(), "channel4-where-possible", schedule=schedule), ran(odd(), "none", schedule=schedule)
    for ours, theirs in zip(shared.records, none.records, strict=True):
        times = 1 if ours.counts.name == "fc" else 4
        for kept in ("registers", "sram_accesses"):
            mine, unshared = getattr(ours.counts, kept), getattr(theirs.counts, kept)
            if kept == "sram_accesses":
                mine, unshared = mine.membrane, unshared.membrane
            assert (mine.reads * times, mine.writes * times) == (unshared.reads, unshared.writes)
    assert shared.totals.lif_units == none.totals.lif_units // 4
    few = lifsim.run("sata128", odd(), "none", overrides=(*MEMORY, "lif.units=32"), schedule=schedule)
    assert [r.counts.cycles.lif for r in shared.records] == [r.counts.cycles.lif for r in few.records]
    assert shared.totals.lif_memory_bytes.forward == 2 * 288 // 4 + 10
    assert any("last [10]" in note for note in shared.notes)
    asked = ran(odd("lif, share: false"), "channel4", schedule=schedule)
    assert figures(asked) == figures(shared)
    assert not any("last [10]" in note for note in asked.notes)


def test_the_message_names_both_ways_out(file: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["run", "--workload", file, "--sharing", "channel4"]) == 2
    err = capsys.readouterr().err
    assert "channel4 must divide the 10 channels of last" in err
    assert "`share: false`" in err
    assert "--share-where-possible" in err


def test_run_writes_down_where_it_shares_and_runs_again(file: str, capsys: pytest.CaptureFixture[str]) -> None:
    settings = [text for each in MEMORY for text in ("--set", each)]
    asked = ["--workload", file, "--sharing", "C#4", "--share-where-possible", *settings]
    assert main(["run", *asked, "--out", "one", "--format", "json"]) == 0
    first = json.loads(capsys.readouterr().out)
    assert first["inputs"]["sharing"] == "channel4-where-possible"
    assert any("last [10]" in note for note in first["notes"])
    assert yaml.safe_load(Path("one/config.resolved.yaml").read_text())["sharing"] == "channel4-where-possible"
    assert main(["run", "--config", "one/config.resolved.yaml", "--out", "two", "--format", "json"]) == 0
    assert json.loads(capsys.readouterr().out)["cycles"] == first["cycles"]
    assert main(["run", "--config", "one/config.resolved.yaml", "--share-where-possible"]) == 2
    assert "--share-where-possible" in capsys.readouterr().err
    assert main(["explain", *asked, "--layer", "fc"]) == 0
    out = capsys.readouterr().out
    assert "which part is due to sharing: none alike has as few LIF units (32 of 128)" in out


@pytest.mark.parametrize(
    "command",
    [
        ["memory", "--sharing", "none,channel4"],
        ["plot", "fig7", "--sharing", "channel4", "--out", "fig7.svg"],
        ["plot", "fig9", "--part", "top", "--out", "fig9.svg"],
        ["sweep", "--sharing", "none,channel4", "--out", "swept"],
        ["optimize", "--sharing", "none,channel4", "--points", "2", "--out", "sought"],
        ["workload", "show"],
        ["trace", "record", "--sharing", "channel4", "--out", "trace.npz"],
    ],
    ids=lambda command: " ".join(command[:2]),
)
def test_every_command_shares_where_it_fits(command: list[str], file: str, capsys: pytest.CaptureFixture[str]) -> None:
    name = [file] if command[:2] == ["workload", "show"] else ["--workload", file]
    memory = [text for each in MEMORY for text in ("--set", each)] if command[0] in ("sweep", "optimize") else []
    shares = ["--sharing", "channel4"] if command[0] == "workload" else []
    assert main([*command, *name, *shares, "--share-where-possible", *memory]) == 0
    captured = capsys.readouterr()
    assert "last [10]" in captured.err
    if command[0] == "memory":
        assert "channel4-where-possible" in captured.out
    if command[0] == "sweep":
        assert main(["store", "export", "swept", "--out", "swept.csv"]) == 0
        rows = list(csv.DictReader(io.StringIO(Path("swept.csv").read_text())))
        assert {row["sharing"] for row in rows} == {"none", "channel4-where-possible"}
        assert not any(row.get("error") for row in rows)
    if command[:2] == ["trace", "record"]:
        assert main(["trace", "info", "trace.npz"]) == 0
        assert "channel4-where-possible" in capsys.readouterr().out


def test_a_trace_of_the_same_membranes_is_no_other_networks(file: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Whatever its sharing is called."""
    assert main(["trace", "record", "--workload", file, "--sharing", "channel2", "--out", "even.npz"]) == 0
    capsys.readouterr()
    same = ran(odd(), "channel2-where-possible", trace="even.npz")
    other = ran(odd(), "channel4-where-possible", trace="even.npz")
    assert not any("fires other spikes" in note for note in same.notes)
    assert any("fires other spikes" in note for note in other.notes)


def test_python_shares_where_it_fits() -> None:
    sharing = lifsim.Sharing.parse("channel4").where_it_fits()
    assert replace(sharing, where_possible=False) == lifsim.Sharing.parse("channel4")
    swept = lifsim.sweep("sata128", odd(), ["none", "channel4"], share_where_possible=True, overrides=MEMORY, jobs=1)
    assert list(swept.frame["sharing"]) == ["none", str(sharing)]
    assert swept.frame["error"].isna().all()


DIGITS = """
name: odd_digits
timesteps: 2
input: {shape: [1, 8, 8], encoding: direct, bits: 5}
layers:
- {name: conv1, op: conv, out: 8, kernel: 3, padding: 1, batch_norm: true}
- {name: lif1, op: lif}
- {name: fc1, op: linear, out: 10}
- {name: last, op: lif}
- {name: mean, op: time_mean}
- {name: fc2, op: linear, out: 10}
spikes: {source: engine}
"""


@pytest.mark.slow
def test_training_shares_where_it_fits(file: str, capsys: pytest.CaptureFixture[str]) -> None:
    """The membranes of a last layer of 10 classes are undone as one call a timestep; a run takes the weights."""
    Path("digits.yaml").write_text(DIGITS)
    asked = ["--workload", "digits.yaml", "--sharing", "channel4", "--share-where-possible"]
    assert main(["train", *asked, "--membranes", "reversed", "--epochs", "1", "--out", "w.npz"]) == 0
    assert "last [10]" in capsys.readouterr().err
    engine = ["--spikes", "engine", "--weights", "w.npz", "--images", "digits", "--set", "dram.model=ideal"]
    assert main(["run", *asked, *engine, "--format", "json", "--out", "run"]) == 0
    spikes = json.loads(capsys.readouterr().out)["inputs"]["spikes"]
    assert (spikes["measured"], spikes["recorded_under"]) == (True, "channel4-where-possible")
