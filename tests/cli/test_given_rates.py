"""Do runs take rates without a trace, do all faults of them stand where they are, and do check and run agree?"""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

import lifsim
from lifsim.cli.main import main
from lifsim.config.given_rates import WAYS_TO_SPIKES, at_given_rates, reading_spikes, without_use
from lifsim.config.workload import load_workload
from lifsim.errors import InputError
from lifsim.simulate.options import Options
from lifsim.trace.synthesise import synthesise
from lifsim.trace.writer import save
from tests.workload.texts import TWO_LAYERS

MEMORY = ("dram.model=ideal", "dram.energy=per_bit")
STATED = "spikes: {source: rates, provenance: nobody, rates: {conv1: 0.2, conv2: 0.8}}\n"
DIRECT = TWO_LAYERS.replace("encoding: rate", "encoding: direct")


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("bare.yaml").write_text(TWO_LAYERS)
    Path("stated.yaml").write_text(TWO_LAYERS + STATED)
    Path("direct.yaml").write_text(DIRECT)


@pytest.mark.parametrize(
    ("file", "rate", "shares"),
    [
        ("bare.yaml", 0.25, (0.25, 0.25)),
        ("bare.yaml", [0.25, "conv2=0.5"], (0.25, 0.5)),
        ("bare.yaml", ["conv2=0.5", 0.25], (0.25, 0.5)),
        ("bare.yaml", ["0.9", "0.25"], (0.25, 0.25)),
        ("bare.yaml", {"conv1": 0.1, "conv2": [0, 1, 0, 1]}, (0.1, 0.5)),
        ("bare.yaml", "conv2=0.1,conv2=0.3,0.7", (0.7, 0.3)),
        ("stated.yaml", "conv2=0.5", (0.2, 0.5)),
        ("stated.yaml", np.float32(0.5), (0.5, 0.5)),
        ("stated.yaml", None, (0.2, 0.8)),
        ("bare.yaml", 0, (0.0, 0.0)),
        ("bare.yaml", 1, (1.0, 1.0)),
    ],
)
def test_layers_fire_at_the_rates_they_are_given(file: str, rate: object, shares: tuple[float, float]) -> None:
    """Effective MACs of a 1 x 1 convolution: every one is read by all filters."""
    result = lifsim.run(None, file, rate=rate, overrides=MEMORY)
    for record, channels, share in zip(result.records, (2, 8), shares, strict=True):
        dense = 4 * 64 * channels * 8
        spread = 8 * np.sqrt(dense / 8 * share * (1 - share))
        assert abs(record.counts.ops.macs_effective - share * dense) <= 4 * spread
    assert not result.spikes.measured


def test_a_file_comes_before_what_is_named(tmp_path: Path) -> None:
    Path("r.csv").write_text("layer,rate,remark\nconv1,0.1,read nowhere\n\nconv2,0:1:0:1,\n")
    found = lifsim.run(None, "bare.yaml", rate=["conv1=0.3", 0.9], rates=tmp_path / "r.csv", overrides=MEMORY)
    asked = lifsim.run(None, "bare.yaml", rate={"conv1": 0.3, "conv2": [0, 1, 0, 1]}, overrides=MEMORY)
    assert found.totals == asked.totals
    assert found.options.rate == ("conv1=0.1", "conv2=0:1:0:1", "conv1=0.3", "0.9")
    through = Options(rate=("conv2=0.4", "conv1=0.2"))
    assert lifsim.run(None, "bare.yaml", options=through, rates="r.csv").options.rate[-1] == "conv1=0.2"


def test_the_accounting_of_satasim_counts_at_them() -> None:
    counted = [lifsim.run("sata128_satasim", "stated.yaml", rate=rate).totals.ops.macs_effective for rate in (0.1, 0.4)]
    assert counted[1] == pytest.approx(4 * counted[0], rel=1e-3)


def test_a_roofline_takes_them(capsys: pytest.CaptureFixture[str]) -> None:
    plot = ["plot", "roofline", "--workload", "bare.yaml", "--out", "r.svg"]
    assert main(plot) == 2
    assert WAYS_TO_SPIKES in capsys.readouterr().err
    assert main([*plot, "--rate", "0.2"]) == 0


def test_what_trace_info_writes_is_read(capsys: pytest.CaptureFixture[str]) -> None:
    drawn = at_given_rates(load_workload("direct.yaml"), ("0.3:0.1:0.2:0.4",))
    save(synthesise(drawn, 1, 0), Path("t.npz"))
    assert main(["trace", "info", "t.npz", "--format", "csv"]) == 0
    Path("r.csv").write_text(capsys.readouterr().out)
    result = lifsim.run(None, "direct.yaml", rates="r.csv", overrides=MEMORY)
    own = lifsim.run(None, "direct.yaml", trace="t.npz", overrides=MEMORY)
    assert result.totals.ops.macs_effective == pytest.approx(own.totals.ops.macs_effective, rel=0.05)
    assert any("the rate that is given of conv1 is of no use" in note for note in result.notes)
    assert without_use(drawn, ("conv2=0.1",)) == []
    assert lifsim.run(None, "direct.yaml", rate=["conv1=0.1:0.2:0.3:0.4", 0.3], overrides=MEMORY).spikes.kind == "rates"


def test_the_run_can_be_run_again_and_says_that_its_rates_are_assumed(capsys: pytest.CaptureFixture[str]) -> None:
    asked = ["run", "--workload", "bare.yaml", "--rate", "0.25", "--rate", "conv2=0.5"]
    assert main([*asked, "--full"]) == 0
    told, where = (" ".join(text.split()) for text in capsys.readouterr())
    assert "spikes are random at assumed, not measured rates: given to this run: 0.25, conv2=0.5" in told
    assert "rates are assumed; at half" in told
    assert where.endswith("written to reports/bare-sata128-none-rate0.25+conv2=0.5")
    folder = Path("reports/bare-sata128-none-rate0.25+conv2=0.5")
    assert main(["run", "--config", str(folder / "config.resolved.yaml"), "--out", "again"]) == 0
    first, again = (json.loads((place / "summary.json").read_text()) for place in (folder, Path("again")))
    assert first["cycles"] == again["cycles"]
    assert first["ops"] == again["ops"]


@pytest.mark.slow
def test_a_sweep_and_a_comparison_have_several() -> None:
    frame = lifsim.sweep(None, "bare.yaml", vary={"rate": [0.1, 0.4]}, overrides=MEMORY, jobs=1).frame
    for rate, effective in zip([0.1, 0.4], frame["ops.macs_effective"], strict=True):
        assert lifsim.run(None, "bare.yaml", rate=rate, overrides=MEMORY).totals.ops.macs_effective == effective
    compared = lifsim.compare(workload="bare.yaml", vary={"rate": [0.1, 0.4]}, overrides=MEMORY)
    assert list(compared["ops.macs_effective"]) == list(frame["ops.macs_effective"])
    Path("r.csv").write_text("layer,rate\nconv1,0.1\nconv2,0.4\n")
    tabled = lifsim.compare(workload="bare.yaml", rates="r.csv", rate={"conv2": 0.1}, overrides=MEMORY)
    assert tabled["ops.macs_effective"].iloc[0] == frame["ops.macs_effective"].iloc[0]
    alike = lifsim.compare(workload="bare.yaml", sharing=["none", "layer"], rate={"conv1": 0.1, "conv2": 0.2})
    assert list(alike["error"]) == [None, None]


@pytest.mark.slow
def test_the_engine_is_calibrated_to_them() -> None:
    text = DIRECT.replace("out: 8, kernel: 1", "out: 8, kernel: 3, batch_norm: true")
    Path("tuned.yaml").write_text(text + "- {name: fc, op: linear, out: 9}")
    result = lifsim.run(None, "tuned.yaml", rate=0.3, spikes="engine", overrides=MEMORY)
    assert result.spikes.kind == "engine"
    rates = [one.counts.ops.macs_effective / one.counts.ops.macs_dense for one in result.records[1:]]
    assert rates == pytest.approx([0.3, 0.3], abs=0.02)


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["--rate", "fc=0.1"], ["rate.fc: 'fc' must be a layer of bare that reads spikes", "missing conv1, conv2"]),
        (["--rate", "cnov2=0.1", "--rate", "0.1"], ["did you mean 'conv2'?"]),
        (["--rate", "conv2=0.1"], ["missing conv1: a rate by itself, --rate 0.15, is that of all others"]),
        (["--rate", "1.5"], ["rate.0: 1.5 must be >= 0 and <= 1; 15% is 0.15"]),
        (["--rate", "15%"], ["'15%' must be a rate from 0 to 1", "15% is 0.15"]),
        (["--rate", "nan"], ["nan must be >= 0 and <= 1"]),
        (["--rate", "-0.1"], ["-0.1 must be >= 0 and <= 1"]),
        (["--rate", "inf"], ["inf must be >= 0"]),
        (["--rate", ""], ["rate.0: '' must"]),
        (["--rate", "=0.3"], ["'=0.3' must have a layer in front of ="]),
        (["--rate", "conv1="], ["'' must be a rate from 0 to 1"]),
        (["--rate", "0.1,0.2:x,conv1=y"], ["'x' must be a rate", "'y' must be a rate"]),
        (["--rate", "0.1:0.2"], ["must have one rate, or 4, one per timestep; has 2"]),
        (["--rate", ":".join(["0"] * 2000)], ["2000 rates must be at most 1024"]),
        (["--rate", "0.1", "--trace", "t.npz"], ["rate: must stand without a trace"]),
        (["--rate", "0.1", "--spikes", "engine", "--weights", "w.npz"], ["rate: must stand without weights w.npz"]),
        (["--rate", "0.1", "--weights", "calibrated"], ["'calibrated' must go with spikes engine"]),
        (["--rate", "2", "--arch", "nope", "--sharing", "chanel2"], ["rate.0: 2 must", "'nope' must", "'chanel2'"]),
        (["--rates", "none.csv", "--batch", "0"], ["none.csv: cannot be read", "batch: 0 must be >= 1"]),
        (["--rates", "bare.yaml"], ["bare.yaml:1:1: must have the column layer and rate", "it is a workload"]),
        (["--rates", "."], ["is a directory, must be a CSV file of rates"]),
    ],
)  # fmt: skip
def test_what_is_no_rate_is_refused(arguments: list[str], told: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["run", "--workload", "bare.yaml", *arguments]) == 2
    lines = capsys.readouterr().err
    assert all(one in lines for one in told), lines
    assert not Path("reports").exists()


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (
            "layer,rate\nconv2,0.2\nconv1,1.5\nconv2,0.3\n,0.1\nconv3\nconv9,x\n",
            ["3:1 conv1: 1.5 must be", "4:1 conv2: must be given once, is in line 2", "5:1: must name a layer",
             "6:1: must have 2 cells", "7:1 conv9: 'x' must be a rate"],
        ),
        ("layer,rate\nconv1,0.2\n\nconv3,0.1\n", ["4:1 rate.conv3: 'conv3' must be a layer of bare", "missing conv2"]),
        ("layer,rate\nconv1,0.2\nconv2,0.1:0.2\n", ["3:1 rate.conv2: must have one rate, or 4"]),
        ("layer,share\nconv1,0.2\n", ["1:1: must have the column rate"]),
        ("layer,rate,layer\nconv1,0.2,conv2\n", ["1:1: must have the column layer once"]),
        ("", ["1:1: must have the column layer and rate"]),
        ("layer,rate\n", ["1:1: must have a line for at least one layer"]),
        ('layer,rate\nconv1,"0.2\n', ["2:1: must be CSV"]),
        ("layer,rate\n" + "".join(f"l{n},0\n" for n in range(2001)), ["2002:1: must have at most 2000 layers"]),
    ],
)  # fmt: skip
def test_every_fault_of_a_table_has_its_line(text: str, told: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    Path("r.csv").write_text(text)
    for command in (["run"], ["compare", "--sharing", "none"], ["explain", "--layer", "conv2"]):
        assert main([*command, "--workload", "bare.yaml", "--rates", "r.csv"]) == 2
        lines = capsys.readouterr().err
        assert all(one.split(" ", 1)[1] in lines if command[0] == "compare" else f"r.csv:{one}" in lines
                   for one in told if one != "missing conv2"), lines  # fmt: skip
    with pytest.raises(InputError, match=told[0].split(" ", 1)[0]):
        lifsim.run(None, "bare.yaml", rates="r.csv")


@pytest.mark.parametrize("rate", [True, {}, [], {"conv1": None}, object(), [None], {"conv1": {}}, b"0.1"])
def test_what_is_no_rate_in_python_is_refused_in_words(rate: object) -> None:
    with pytest.raises(InputError, match="rate"):
        lifsim.run(None, "bare.yaml", rate=rate)


def test_check_and_run_agree(capsys: pytest.CaptureFixture[str]) -> None:
    """A file without spikes is right, and check says what a run asks for; a trace that is not there is wrong."""
    assert main(["check", "bare.yaml", "stated.yaml"]) == 0
    told = capsys.readouterr().out.splitlines()
    assert told[::2] == ["bare.yaml: ok (workload)", "stated.yaml: ok (workload)"]
    assert told[1] == f"bare.yaml: to be run, spikes: must have a source: bare states no rates; {WAYS_TO_SPIKES}"
    assert main(["run", "--workload", "bare.yaml", "--batch", "0"]) == 2
    lines = capsys.readouterr().err
    assert "batch: 0 must" in lines
    assert main(["run", "--workload", "bare.yaml"]) == 2
    assert capsys.readouterr().err == told[1].removeprefix("bare.yaml: to be run, ") + "\n"
    Path("traced.yaml").write_text(TWO_LAYERS + "spikes: {source: trace, trace: none.npz}\n")
    Path("partly.yaml").write_text(DIRECT + "spikes: {provenance: me, rates: {conv1: 0.1}}\n")
    for file, fault in (("traced.yaml", "none.npz: no such file"), ("partly.yaml", "must have a stated rate")):
        for command in (["check", file], ["run", "--workload", file]):
            assert main(command) == 2
            assert fault in capsys.readouterr().err
    assert main(["run", "--workload", "traced.yaml", "--rate", "0.1", "--out", "drawn"]) == 0


def test_every_shipped_workload_is_runnable_or_says_what_it_wants(capsys: pytest.CaptureFixture[str]) -> None:
    from lifsim.config.resolve import available, find
    from lifsim.simulate.spikes import missing_spikes

    names = available("workload")
    assert main(["check", *(str(find("workload", name)) for name in names)]) == 0
    told = capsys.readouterr().out
    wanting = [name for name in names if missing_spikes(load_workload(name), Options())]
    assert told.count("to be run, ") == len(wanting)


def test_operands_that_read_spikes_are_those_that_need_rates() -> None:
    assert [one.name for one in reading_spikes(load_workload("direct.yaml"))] == ["conv2"]
    assert [one.name for one in reading_spikes(load_workload("bare.yaml"))] == ["conv1", "conv2"]


PER_STEP = TWO_LAYERS.replace("name: bare", "name: per_step") + (
    "spikes: {source: rates, provenance: nobody, rates: {conv1: [0.1, 0.2, 0.3, 0.4], conv2: [0.4, 0.3, 0.2, 0.1]}}\n"
)
FITTED = (
    PER_STEP.replace("timesteps: 4", "timesteps: 2")
    .replace("[0.1, 0.2, 0.3, 0.4]", "0.9")
    .replace("[0.4, 0.3, 0.2, 0.1]", "0.9")
)
MISFIT = "must have one rate, or 2, one per timestep; has 4"


@pytest.fixture
def per_step() -> str:
    Path("per_step.yaml").write_text(PER_STEP)
    Path("fitted.yaml").write_text(FITTED)
    return "per_step.yaml"


def test_rates_that_are_replaced_need_not_fit_the_timesteps(per_step: str) -> None:
    """The run is that of a workload that states fitting ones, and is run again from its own file."""
    for rate in (0.25, {"conv1": 0.25, "conv2": 0.5}, "conv1=0.1:0.2,0.3"):
        found = lifsim.run(workload=per_step, overrides=[*MEMORY, "timesteps=2"], rate=rate)
        fitting = lifsim.run(workload="fitted.yaml", overrides=MEMORY, rate=rate)
        assert found.totals == fitting.totals
        network = lifsim.load_workload(per_step)
        again = lifsim.run(workload=network, overrides=[*MEMORY, "timesteps=2"], rate=rate)
        assert again.totals == found.totals
    assert main(["run", "--workload", per_step, "--set", "timesteps=2", "--rate", "0.25", "--out", "a"]) == 0
    assert main(["run", "--config", "a/config.resolved.yaml", "--out", "b"]) == 0
    assert Path("a/layers.csv").read_bytes() == Path("b/layers.csv").read_bytes()


def test_rates_that_are_read_must_fit(per_step: str) -> None:
    """One layer is given a rate, the other's is read still."""
    for rate in (None, "conv1=0.25"):
        with pytest.raises(InputError) as caught:
            lifsim.run(workload=per_step, overrides=[*MEMORY, "timesteps=2"], rate=rate)
        layers = ["conv1", "conv2"] if rate is None else ["conv2"]
        assert [fault.path for fault in caught.value.faults] == [f"spikes.rates.{layer}" for layer in layers]
        assert all(fault.message.startswith(MISFIT) for fault in caught.value.faults)


def test_a_rate_for_all_is_not_that_of_a_layer_that_sees_the_image() -> None:
    """Whose stated rates stay, and must fit, whatever is given of it by name: that is of no use there."""
    Path("image.yaml").write_text(PER_STEP.replace("encoding: rate", "encoding: direct"))
    for rate in (0.25, ["conv1=0.5", "0.25"]):
        with pytest.raises(InputError, match="must have one rate; has 4") as caught:
            lifsim.run(workload="image.yaml", overrides=MEMORY, rate=rate)
        assert [fault.path for fault in caught.value.faults] == ["spikes.rates.conv1"]
    settings = ["spikes.rates.conv1=0.5", "timesteps=2"]
    assert lifsim.run(workload="image.yaml", overrides=[*MEMORY, *settings], rate=0.25).totals.cycles.total > 0


def test_nobody_reads_the_rates_beside_a_trace(per_step: str) -> None:
    save(synthesise(lifsim.load_workload("fitted.yaml"), 1, 0), Path("two.npz"))
    found = lifsim.run(workload=per_step, overrides=[*MEMORY, "timesteps=2"], trace="two.npz")
    assert found.totals == lifsim.run(workload="fitted.yaml", overrides=MEMORY, trace="two.npz").totals


@pytest.mark.parametrize(
    "command",
    [
        ["sweep", "--jobs", "1", "--out", "s", "--sharing", "none,channel2"],
        ["compare", "--sharing", "none,channel2"],
        ["explain", "--layer", "conv2"],
        ["trace", "record", "--out", "r.npz"],
    ],
)
def test_every_command_takes_rates_in_the_place_of_misfits(
    command: list[str], per_step: str, capsys: pytest.CaptureFixture[str]
) -> None:
    settings = ["--workload", per_step, "--set", "timesteps=2"]
    assert main([*command, *settings, "--rate", "0.25"]) == 0
    assert MISFIT not in capsys.readouterr().err


def test_rates_per_timestep_are_not_those_of_layers_behind_a_mean() -> None:
    """Which are named, with the way out, which works."""
    given = ["0.1:0.2:0.3:0.4"]
    with pytest.raises(InputError) as caught:
        lifsim.run(workload="vgg9_cifar10", overrides=MEMORY, rate=given)
    (fault,) = caught.value.faults
    assert fault.message == ("must have one rate; has 4: it is that of fc3, too (--rate fc3=RATE gives it its own)")
    network = lifsim.load_workload("vgg9_cifar10")
    found = at_given_rates(network, [*given, "fc3=0.5"]).spikes.rates
    assert (found["conv2"], found["fc3"]) == ((0.1, 0.2, 0.3, 0.4), (0.5,))
