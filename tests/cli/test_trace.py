"""Do `lifsim trace import`, `make` and `info` do what they say, refuse bad input, and keep what was there before?"""

from __future__ import annotations

import csv
import json
from pathlib import Path

import numpy as np
import pytest

from lifsim.cli.main import main
from lifsim.trace.opening import open_trace

WORKLOAD = """
name: tiny
timesteps: 4
input: {shape: [2, 6, 6], encoding: direct, bits: 8}
layers:
  - {name: conv1, op: conv, out: 4, kernel: 3, padding: 1}
  - {name: lif1, op: lif}
  - {name: conv2, op: conv, out: 4, kernel: 3, padding: 1}
  - {name: lif2, op: lif}
  - {name: fc, op: linear, out: 10}
spikes: {source: rates, measured: false, provenance: made up, rates: {conv2: [0.1, 0.2, 0.3, 0.4], fc: 0.5}}
"""


@pytest.fixture
def workload(tmp_path: Path) -> str:
    file = tmp_path / "tiny.yaml"
    file.write_text(WORKLOAD)
    return str(file)


@pytest.fixture
def plain(tmp_path: Path) -> Path:
    rng = np.random.default_rng(0)
    arrays = {"a": np.ones((1, 2, 6, 6)), "b": rng.random((4, 4, 6, 6)) < 0.3, "c": rng.random((4, 144)) < 0.3}
    np.savez_compressed(tmp_path / "plain.npz", **arrays)
    return tmp_path / "plain.npz"


def _run(capsys: pytest.CaptureFixture[str], *arguments: object) -> tuple[int, str, list[str]]:
    status = main(list(map(str, arguments)))
    captured = capsys.readouterr()
    assert "Traceback" not in captured.err
    return status, captured.out, captured.err.splitlines()


def test_an_imported_trace_holds_the_spikes_under_the_workloads_names(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, workload: str, plain: Path
) -> None:
    out = tmp_path / "out.npz"
    status, said, _ = _run(
        capsys, "trace", "import", plain, "--workload", workload, "--sharing", "C#2", "--source", "me", "--out", out
    )
    assert (status, said.startswith(f"{out}: 3 layers, 4 timesteps, batch 1")) == (0, True)
    with open_trace(out) as trace, np.load(plain) as arrays:
        assert (trace.workload, trace.sharing, trace.provenance) == ("tiny", "channel2", "me: plain archive plain.npz")
        assert [layer.name for layer in trace.layers] == ["conv1", "conv2", "fc"]
        np.testing.assert_array_equal(trace.layer("conv2").read(3, 0, 1)[0], arrays["b"][3])


def test_a_leading_axis_of_images_is_split_as_asked(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, plain: Path
) -> None:
    status, said, _ = _run(
        capsys, "trace", "import", plain, "--timesteps", 2, "--layout", "bt", "--out", tmp_path / "o.npz"
    )
    assert (status, "2 timesteps, batch 2" in said) == (0, True)
    with open_trace(tmp_path / "o.npz") as trace, np.load(plain) as arrays:
        np.testing.assert_array_equal(trace.layer("c").read(1, 0, 2), arrays["c"][[1, 3]])


def test_timesteps_given_are_those_of_the_workload_too(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, workload: str, plain: Path
) -> None:
    options = ["--workload", workload, "--timesteps", 2, "--out", tmp_path / "o.npz"]
    status, said, _ = _run(capsys, "trace", "import", plain, *options)
    assert (status, "2 timesteps, batch 2" in said) == (0, True)


def test_an_existing_file_is_kept_unless_forced(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, plain: Path
) -> None:
    out = tmp_path / "out.npz"
    out.write_text("mine")
    status, _, errors = _run(capsys, "trace", "import", plain, "--out", out)
    assert (status, out.read_text()) == (2, "mine")
    assert errors == [f"{out}: exists already; it is replaced only on request (--force)"]
    assert _run(capsys, "trace", "import", plain, "--out", out, "--force")[0] == 0
    bad = tmp_path / "bad.npz"
    np.savez(bad, a=np.ones((4, 3)), b=np.full((4, 3), 7))
    before = out.read_bytes()
    status, _, errors = _run(capsys, "trace", "import", bad, "--out", out, "--force")
    assert (status, errors) == (2, [f"{bad} b: must hold 0 and 1 only"])
    assert out.read_bytes() == before
    assert not [file for file in tmp_path.iterdir() if file.name.startswith(".")]


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        (["--workload", "vgg16_cifar1"], "did you mean one of vgg16_cifar10, vgg16_cifar100?"),
        (["--workload", "vgg16_cifar10"], "layers: trace has 3, vgg16_cifar10 14"),
        (["--sharing", "chanel2"], "did you mean 'channel2'"),
        (["--timesteps", "3"], "4 must begin with T x B = 3 x 1"),
        (["--timesteps", "0"], "0 is not in the range"),
    ],
)
def test_bad_requests_are_refused(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, plain: Path, options: list[str], reason: str
) -> None:
    status, _, errors = _run(capsys, "trace", "import", plain, "--out", tmp_path / "out.npz", *options)
    assert status == 2
    assert reason in "\n".join(errors)
    assert not (tmp_path / "out.npz").exists()


def test_a_sharing_that_the_workload_cannot_have_is_refused(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, workload: str, plain: Path
) -> None:
    options = ["--workload", workload, "--sharing", "channel3", "--out", tmp_path / "out.npz"]
    status, _, errors = _run(capsys, "trace", "import", plain, *options)
    assert status == 2
    assert "channel3 must divide the 4 channels of lif1" in errors[0]


def test_a_trace_is_not_imported_again(capsys: pytest.CaptureFixture[str], tmp_path: Path, plain: Path) -> None:
    assert _run(capsys, "trace", "import", plain, "--out", tmp_path / "one.npz")[0] == 0
    status, _, errors = _run(capsys, "trace", "import", tmp_path / "one.npz", "--out", tmp_path / "two.npz")
    assert (status, "is a trace already" in errors[0]) == (2, True)


def test_made_spikes_have_the_workloads_rates_or_those_given(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, workload: str
) -> None:
    out = tmp_path / "out.npz"
    assert _run(capsys, "trace", "make", "--workload", workload, "--batch", 200, "--out", out)[0] == 0
    rates = {layer["layer"]: layer["rates"] for layer in _info(capsys, out)["layers"]}
    assert rates["conv2"] == pytest.approx([0.1, 0.2, 0.3, 0.4], abs=0.02)
    assert rates["fc"] == pytest.approx([0.5] * 4, abs=0.02)
    options = ["--workload", workload, "--timesteps", 2, "--rates", "conv2=0.7:0.3,fc=0.2", "--batch", 200, "--force"]
    assert _run(capsys, "trace", "make", *options, "--out", out)[0] == 0
    found = _info(capsys, out)
    rates = {layer["layer"]: layer["rates"] for layer in found["layers"]}
    assert rates == {
        "conv1": [1.0],
        "conv2": pytest.approx([0.7, 0.3], abs=0.02),
        "fc": pytest.approx([0.2] * 2, abs=0.02),
    }
    assert (found["timesteps"], found["batch"], found["seed"]) == (2, 200, 0)
    assert found["provenance"].endswith("given to this run: conv2=0.7:0.3, fc=0.2")


def _info(capsys: pytest.CaptureFixture[str], file: Path) -> dict:
    status, out, _ = _run(capsys, "trace", "info", file, "--format", "json")
    assert status == 0
    return json.loads(out)


def test_every_fault_of_given_rates_is_told(capsys: pytest.CaptureFixture[str], tmp_path: Path, workload: str) -> None:
    options = ["--workload", workload, "--out", tmp_path / "out.npz"]
    status, _, errors = _run(capsys, "trace", "make", *options, "--rates", "conv2=0.1:0.2,convv2=nan,fc=2")
    assert status == 2
    assert errors == [
        "rate.1: nan must be >= 0 and <= 1",
        "rate.2: 2 must be >= 0 and <= 1; 15% is 0.15",
    ]
    status, _, errors = _run(capsys, "trace", "make", *options, "--rate", "conv2=0.1:0.2", "--rate", "convv2=0.1")
    assert status == 2
    assert errors == [
        "rate.conv2: must have one rate, or 4, one per timestep; has 2",
        "rate.convv2: 'convv2' must be a layer of tiny that reads spikes; did you mean 'conv2'?",
    ]
    status, _, errors = _run(capsys, "trace", "make", *options, "--rates", "conv2=x,conv2=0.1,,fc")
    assert (status, len(errors)) == (2, 3)


def test_the_same_seed_makes_the_same_file(capsys: pytest.CaptureFixture[str], tmp_path: Path, workload: str) -> None:
    for name, seed in {"one": 1, "same": 1, "other": 2}.items():
        _run(capsys, "trace", "make", "--workload", workload, "--seed", seed, "--out", tmp_path / name)
    assert (tmp_path / "one").read_bytes() == (tmp_path / "same").read_bytes()
    assert (tmp_path / "one").read_bytes() != (tmp_path / "other").read_bytes()


def test_info_is_a_table_or_a_row_per_layer(capsys: pytest.CaptureFixture[str], plain: Path) -> None:
    status, table, _ = _run(capsys, "trace", "info", plain)
    assert (status, [line.split()[0] for line in table.splitlines()[-3:]]) == (0, ["a", "b", "c"])
    with np.load(plain) as arrays:
        spikes = arrays["b"]
    rows = list(csv.DictReader(_run(capsys, "trace", "info", plain, "--format", "csv")[1].splitlines()))
    assert float(rows[1]["rate_t2"]) == pytest.approx(spikes[2].mean())
    assert float(rows[1]["silent_share"]) == pytest.approx(1 - spikes.any(axis=0).mean())


def test_names_from_a_file_are_printed_as_they_are(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    np.savez(tmp_path / "t.npz", **{"[bold]": np.ones((1, 3))})
    status, table, _ = _run(capsys, "trace", "info", tmp_path / "t.npz")
    assert (status, "[bold]" in table) == (0, True)
    np.savez(tmp_path / "t.npz", **{"\x1b[31m": np.ones((1, 3))})
    status, _, errors = _run(capsys, "trace", "info", tmp_path / "t.npz")
    assert (status, "\x1b" in errors[0]) == (2, False)
