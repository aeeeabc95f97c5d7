"""Does every command that reads spikes take rates, and name all ways out where nothing says what fires? Do check and
all of them agree?"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

import lifsim
from lifsim.cli.main import main
from lifsim.config.given_rates import WAYS_TO_RATES, WAYS_TO_SPIKES
from lifsim.config.rates_file import with_table
from lifsim.errors import InputError
from tests.workload.texts import TWO_LAYERS

RATES = "{conv1: 0.2, conv2: [0.1, 0.2, 0.3, 0.4]}"
STATED = TWO_LAYERS + f"spikes: {{source: rates, provenance: nobody, rates: {RATES}}}\n"
SAID = ("--rate", "0.25", "--rate", "conv2=0.5")
SIMULATED = {
    "run": ["run"],
    "explain": ["explain", "--layer", "conv2"],
    "compare": ["compare", "--sharing", "none,layer", "--jobs", "1"],
    "roofline": ["plot", "roofline", "--out", "r.svg", "--force"],
    "schedule": ["plot", "schedule", "--out", "s.svg", "--force"],
    "fig9": ["plot", "fig9", "--part", "top", "--out", "f.svg", "--force"],
    "sweep": ["sweep", "--sharing", "none,channel2", "--jobs", "1", "--retry-failed"],
    "optimize": ["optimize", "--minimise", "cycles.total", "--sharing", "none,channel2", "--jobs", "1"],
}
DRAWN = {
    "make": ["trace", "make", "--out", "t.npz", "--force"],
    "record": ["trace", "record", "--out", "t.npz", "--force"],
}
COMMANDS = SIMULATED | DRAWN
TO_CALIBRATE = "to be calibrated to, in the workload (spikes.rates) or by --rate; --weights FILE"
POOLED = ("sweep", "optimize")
"""Commands that begin processes of their own."""


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("bare.yaml").write_text(TWO_LAYERS)
    Path("stated.yaml").write_text(STATED)
    Path("classes.yaml").write_text(TWO_LAYERS + "- {name: fc, op: linear, out: 4}\n")
    Path("given.csv").write_text("layer,rate\nconv1,0.25\nconv2,0.5\n")


def info(capsys: pytest.CaptureFixture[str]) -> dict[str, Any]:
    capsys.readouterr()
    assert main(["trace", "info", "t.npz", "--format", "json"]) == 0
    found: dict[str, Any] = json.loads(capsys.readouterr().out)
    return found


def in_one_line(text: str) -> str:
    return " ".join(text.split())


@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=pytest.mark.slow if name in (*POOLED, "fig9") else ()) for name in COMMANDS]
)
def test_check_and_every_command_agree(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    """What check says that a run wants, every command says, too; and runs once it is there."""
    if name == "optimize":
        pytest.importorskip("optuna")
    assert main(["check", "bare.yaml"]) == 0
    assert "to be run, spikes: must have a source" in in_one_line(capsys.readouterr().out)
    assert main([*COMMANDS[name], "--workload", "bare.yaml"]) == 2
    said = in_one_line(capsys.readouterr().err)
    wanted = {"make": WAYS_TO_RATES, "record": TO_CALIBRATE}
    assert wanted.get(name, WAYS_TO_SPIKES) in said
    assert main(["check", "stated.yaml"]) == 0
    assert "to be run" not in capsys.readouterr().out
    assert main([*COMMANDS[name], "--workload", "stated.yaml"]) == 0
    assert main([*COMMANDS[name], "--workload", "bare.yaml", *SAID]) == 0
    capsys.readouterr()
    assert main([*COMMANDS[name], "--workload", "bare.yaml", "--rates", "none.csv"]) == 2
    assert "none.csv: cannot be read" in capsys.readouterr().err
    assert main([*COMMANDS[name], "--workload", "bare.yaml", "--rates", "given.csv"]) == 0


@pytest.mark.parametrize("rates", [SAID, ("--rates", "given.csv"), ("--rates", "0.25,conv2=0.5")])
def test_traces_are_drawn_at_them(rates: tuple[str, ...], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["trace", "make", "--workload", "bare.yaml", "--batch", "64", "--out", "t.npz", *rates]) == 0
    found = info(capsys)
    assert [layer["rate"] for layer in found["layers"]] == pytest.approx([0.25, 0.5], abs=0.02)
    words = "conv1=0.25, conv2=0.5" if "given.csv" in rates else "0.25, conv2=0.5"
    assert found["provenance"].endswith(f"given to this run: {words}")


def test_the_engine_is_calibrated_to_them_and_trained_weights_are_not(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["trace", "record", "--workload", "bare.yaml", "--batch", "4", "--out", "t.npz", "--rate", "0.4"]) == 0
    assert info(capsys)["layers"][1]["rate"] == pytest.approx(0.4, abs=0.02)
    asked = ["trace", "record", "--workload", "bare.yaml", "--out", "u.npz", "--rate", "0.4", "--weights", "w.npz"]
    assert main(asked) == 2
    assert "rate: must stand without weights w.npz" in capsys.readouterr().err


@pytest.mark.parametrize("said", [["--rate", "cnov2=0.1"], ["--rates", "wrong.csv"]])
def test_rates_of_no_layer_are_refused_by_every_command(said: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    Path("wrong.csv").write_text("layer,rate\nconv1,0.1\ncnov2,0.1\n")
    for name, command in COMMANDS.items():
        if name not in POOLED:
            assert main([*command, "--workload", "bare.yaml", *said]) == 2
            assert "did you mean 'conv2'?" in capsys.readouterr().err, name


def test_the_gradients_of_calibrated_weights_are_those_at_given_rates(capsys: pytest.CaptureFixture[str]) -> None:
    """And of no other weights: these fire as they do."""
    asked = ["gradients", "--workload", "classes.yaml", "--data", "random", "--batch", "2"]
    calibrated = [*asked, "--weights", "calibrated", "--surrogate", "triangle"]
    assert main(calibrated) == 2
    assert TO_CALIBRATE in in_one_line(capsys.readouterr().err)
    found = []
    for rates in (SAID, ("--rates", "given.csv", "--rate", "fc=0.25"), ("--rate", "0.4")):
        assert main([*calibrated, *rates]) == 0
        found.append(capsys.readouterr().out.partition("provenance: ")[::2])
    said = (
        "at rates given to this run: 0.25, conv2=0.5,",
        "given to this run: conv1=0.25, conv2=0.5, fc=0.25,",
        "to this run: 0.4,",
    )
    for (figures, provenance), words in zip(found, said, strict=True):
        assert words in in_one_line(provenance)
        assert "measured: false" in figures
    assert found[0][0] == found[1][0] != found[2][0]
    for surrogate, measured in (("triangle", "false"), ("atan", "true")):  # zeros of untrained weights are nobody's
        assert main([*asked, "--surrogate", surrogate]) == 0
        assert f"measured: {measured}" in capsys.readouterr().out
    for weights in ([], ["--weights", "w.npz"]):
        assert main([*asked, *weights, "--rate", "0.25"]) == 2
        told = capsys.readouterr().err
        assert f"rate: must stand without weights {weights[-1] if weights else 'random'}" in told
        assert "'calibrated' ones fire at these" in told


def test_a_batch_from_python_fires_at_given_rates() -> None:
    of = {"workload": "classes.yaml", "weights": "calibrated", "images": "random", "batch": 2}
    fired = lifsim.infer(**of, rate={"conv1": 0.25, "conv2": 0.4, "fc": 0.1}).spikes
    assert [fired[name].mean() for name in ("lif1", "lif2")] == pytest.approx([0.4, 0.1], abs=0.01)
    tabled = lifsim.gradients(**of, rates="given.csv", rate=["fc=0.2"])
    assert tabled.spikes["lif1"].mean() == pytest.approx(0.5, abs=0.01)
    for weights, said in (({}, "that are given"), ("random", "random")):
        for call in (lifsim.infer, lifsim.gradients):
            with pytest.raises(InputError, match=f"rate: must stand without weights {said}, which fire at rates of"):
                call(**{**of, "weights": weights}, rate=0.2)
    with pytest.raises(InputError, match="did you mean 'conv2'"):
        lifsim.infer(**of, rate={"cnov2": 0.2})


def test_a_table_comes_before_what_is_named() -> None:
    assert with_table(["conv1=0.3", 0.9], Path("given.csv")) == ("conv1=0.25", "conv2=0.5", "conv1=0.3", "0.9")
    assert with_table(None, Path("given.csv")) == ("conv1=0.25", "conv2=0.5")
    assert with_table(0.9, None) == 0.9
    assert with_table(True, Path("given.csv")) is True  # for the schema to refuse


@pytest.mark.slow
def test_points_of_a_sweep_have_them_or_an_axis(capsys: pytest.CaptureFixture[str]) -> None:
    memory = ("dram.model=ideal", "dram.energy=per_bit")
    given = lifsim.sweep(None, "bare.yaml", rate=[0.25, "conv2=0.5"], overrides=memory, jobs=1).frame
    tabled = lifsim.sweep(None, "bare.yaml", rates="given.csv", overrides=memory, jobs=1).frame
    alone = lifsim.run(None, "bare.yaml", rate={"conv1": 0.25, "conv2": 0.5}, overrides=memory)
    assert list(given["ops.macs_effective"]) == list(tabled["ops.macs_effective"]) == [alone.totals.ops.macs_effective]
    Path("s.yaml").write_text("workload: bare.yaml\nrate: {conv1: 0.25, conv2: 0.5}\nset: {dram.model: ideal}\n")
    assert main(["sweep", "s.yaml", "--jobs", "1", "--out", "store"]) == 0
    assert main(["store", "export", "store", "--format", "json", "--out", "rows.json"]) == 0
    (row,) = json.loads(Path("rows.json").read_text())
    assert row["ops.macs_effective"] == alone.totals.ops.macs_effective
    capsys.readouterr()
    assert main(["sweep", "--workload", "bare.yaml", "--rate", "0.1", "--vary", "rate=0.1,0.2"]) == 2
    assert "rate: must be given once, as --rate or as --vary" in capsys.readouterr().err
    with pytest.raises(InputError, match="must be a rate"):
        lifsim.sweep(None, "bare.yaml", rate="often", jobs=1)


def test_what_does_not_read_spikes_refuses_them(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["plot", "fig9", "--part", "bottom", "--rate", "0.1", "--workload", "bare.yaml", "--out", "f.svg"]) == 2
    assert "--part bottom must stand without --workload, --rate: bytes are the same" in capsys.readouterr().err
    assert main(["plot", "fig9", "--part", "top", "reports/x", "--rate", "0.1", "--out", "f.svg"]) == 2
    assert "RUN must stand without --rate" in capsys.readouterr().err
