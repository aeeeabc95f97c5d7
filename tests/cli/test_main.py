"""Does the command line refuse bad input with every fault, exit code 2 and no traceback, and start fast?"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from lifsim import __version__
from lifsim.cli import main as main_module
from lifsim.cli.main import COMMANDS, main
from lifsim.cli.stopping import Stopped
from lifsim.config.resolve import find

SATA128 = find("arch", "sata128").read_text()


def _run(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str, list[str]]:
    status = main(arguments)
    captured = capsys.readouterr()
    assert "Traceback" not in captured.err
    return status, captured.out, captured.err.splitlines()


def _check(capsys: pytest.CaptureFixture[str], tmp_path: Path, content: bytes | str) -> list[str]:
    file = tmp_path / "f.yaml"
    file.write_bytes(content.encode() if isinstance(content, str) else content)
    status, out, err = _run(capsys, "check", str(file))
    assert (status, out) == (2, "")
    assert all(line.startswith(str(file)) for line in err)
    return [line.removeprefix(str(file)) for line in err]


def test_good_files_are_ok_and_every_fault_of_the_others_is_told(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    good, bad, worse = tmp_path / "good.yaml", tmp_path / "bad.yaml", tmp_path / "worse.yaml"
    good.write_text(SATA128)
    bad.write_text(SATA128.replace("rows: 16", "rows: 0").replace("cols: 8", "clos: 8"))
    worse.write_text("{")
    status, out, err = _run(capsys, "check", *map(str, (good, bad, worse, tmp_path / "absent.yaml")))
    assert status == 2
    assert out == f"{good}: ok (architecture)\n"
    rows = 1 + next(n for n, line in enumerate(SATA128.splitlines()) if "rows: 16" in line)
    assert err[:3] == [
        f"{bad}:{rows - 1}:1 array.cols: must be given",
        f"{bad}:{rows}:3 array.rows: 0 must be >= 1",
        f"{bad}:{rows + 1}:3 array.clos: is not a known key; did you mean 'cols'?",
    ]
    assert err[3].startswith(f"{worse}:1:2: must be valid YAML")
    assert err[4:] == [f"{tmp_path / 'absent.yaml'}: cannot be read: No such file or directory"]


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("clock_hz: 400MHz", "clok_hz: 400MHz", "clok_hz: is not a known key; did you mean 'clock_hz'?"),
        ("clock_hz: 400MHz", "clock_hz: 400MHz\nclock_hz: 1", "clock_hz: must be given once, is given in line"),
        ("144KiB", "-3", "buffers.weight.size_bytes: -3 must be >= 0"),
        ("144KiB", "0", "buffers.weight.size_bytes: 0 must be > 0"),
        ("rows: 16", "rows: 0", "array.rows: 0 must be >= 1"),
        ("144KiB, banks: 2", "144KiB, banks: 2.5", "buffers.weight.banks: 2.5 must be a whole number"),
        (
            "dataflow: os",
            "dataflow: row_stationery",
            "array.dataflow: 'row_stationery' must be one of is, os, row_stationary, sata, ws; did you mean",
        ),
        ("144KiB,", "144KiB, read_pj: 3,", "buffers.weight: must have write_pj, leakage_mw, area_mm2 too"),
        (
            "adder, tag: spike_mac, kernel: adder, width_bits: 16",
            "adder, tag: spike_mac, kernel: adder, width_bits: 9",
            "components.adder: adder of 9 bits must be in",
        ),
        ("144KiB, banks: 2", "144KiB, banks: 3", "buffers.weight.banks: 3 must be one of 1, 2, 4 (the SRAM table)"),
        ("width_bits: 8, count: 8}", "width_bits: 0, count: 8}", "components.spad_psum.width_bits: 0 must be >= 1"),
        ("tag: lif", "tag: spad", "components: must have at least one of tag lif"),
        ("name: adder", "name: and_gate", "components.1.name: 'and_gate' must be given once, is components.0 too"),
        ("sparsity: gate", "sparsity: skip\n  dataflow: ws", "array.dataflow: must be given once"),
    ],
)
def test_an_architecture_with_a_fault_is_refused(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, old: str, new: str, message: str
) -> None:
    assert old in SATA128
    faults = _check(capsys, tmp_path, SATA128.replace(old, new))
    assert any(message in fault for fault in faults), faults


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("", ": must not be empty"),
        (b"\x89PNG\r\n\x1a\n\x00\x00", ":1:1: must be UTF-8 text, has byte 0x89"),
        ("[1, 2]", ":1:1: a list must be a mapping of keys"),
        ("a: 1", ":1:1: must have the keys of an architecture, a workload or a DRAM device"),
        ("hello", ":1:1: a single value must be a mapping of keys"),
    ],
)
def test_a_file_that_is_no_configuration_is_refused(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, content: bytes | str, message: str
) -> None:
    assert _check(capsys, tmp_path, content) == [message]


def test_a_directory_is_refused(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    status, out, err = _run(capsys, "check", str(tmp_path))
    assert (status, out, err) == (2, "", [f"{tmp_path}: is a directory, must be a YAML file"])


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["chekc"], "no such command 'chekc'; did you mean 'check'?"),
        (["check"], "Missing argument 'FILE...'"),
        (
            ["list", "arcs"],
            "'arcs' is not one of 'archs', 'workloads', 'drams', 'sharings', 'kernels', 'datasets', 'dataflows', "
            "'sparsities', 'neurons', 'layers', 'memories', 'accountings'",
        ),
        (["check", "--hepl", "x"], "No such option '--hepl'"),
        (["--verison"], "No such option '--verison'"),
    ],
)
def test_wrong_usage_is_explained(capsys: pytest.CaptureFixture[str], arguments: list[str], message: str) -> None:
    status, out, err = _run(capsys, *arguments)
    assert (status, out) == (2, "")
    assert any(message in line for line in err), err


def test_lists_name_what_is_shipped(capsys: pytest.CaptureFixture[str]) -> None:
    status, out, _ = _run(capsys, "list", "archs")
    assert status == 0
    assert "sata128 " in out
    status, out, _ = _run(capsys, "list", "sharings")
    assert status == 0
    named = [line.split()[0] for line in out.splitlines() if not line.startswith(" ")]
    assert named == ["none", "layer", "channelN", "layer+channelN"]


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_explains_itself_with_examples(capsys: pytest.CaptureFixture[str], command: str) -> None:
    status, out, _ = _run(capsys, command, "--help")
    assert status == 0
    assert "Examples:" in out


def test_version(capsys: pytest.CaptureFixture[str]) -> None:
    assert _run(capsys, "--version")[:2] == (0, f"lifsim, version {__version__}\n")


@pytest.mark.parametrize(
    ("error", "status", "message"),
    [
        (KeyError("x"), 1, "lifsim: internal error: KeyError: 'x'; run with --debug for the traceback"),
        (PermissionError(13, "Permission denied", "out"), 2, "out: Permission denied"),
        (EOFError("y"), 1, "lifsim: internal error: EOFError: y; run with --debug for the traceback"),
        (Stopped(signal.SIGTERM), 143, "stopped by SIGTERM: nothing unfinished is kept; the same command starts again"),
    ],
)
def test_what_goes_wrong_inside_has_its_exit_code(
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    error: BaseException,
    status: int,
    message: str,
) -> None:
    def fail(*_: object) -> None:
        raise error

    monkeypatch.setattr(main_module.cli, "invoke", fail)
    code, _, err = _run(capsys, "list", "archs")
    assert code == status
    assert message in err


@pytest.mark.skipif(sys.platform == "win32", reason="no pipes as a Unix shell has them")
def test_a_reader_that_has_enough_ends_it_quietly() -> None:
    reading, writing = os.pipe()
    os.close(reading)
    command = [sys.executable, "-m", "lifsim", "list", "sharings"]
    done = subprocess.run(command, stdout=writing, stderr=subprocess.PIPE, text=True, check=False)
    os.close(writing)
    assert (done.returncode, done.stderr) == (0, "")


def test_debug_shows_the_traceback_wherever_it_stands(capsys: pytest.CaptureFixture[str]) -> None:
    for arguments in (["--debug", "check", "/absent"], ["check", "--debug", "/absent"]):
        assert main(arguments) == 2
        err = capsys.readouterr().err
        assert "Traceback" in err
        assert err.endswith("/absent: cannot be read: No such file or directory\n")


def test_help_imports_nothing_heavy() -> None:
    heavy = "{'numpy', 'pandas', 'pydantic', 'yaml', 'matplotlib', 'numba', 'scipy', 'rich'}"
    code = f"import sys; from lifsim.cli.main import main; main(['--help']); sys.exit(len({heavy} & set(sys.modules)))"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, check=False).returncode == 0


def test_a_run_imports_what_a_run_needs(tmp_path: Path) -> None:
    """Each module takes some tenths of a millisecond, and libraries for tables and pictures half a second."""
    code = "import sys; from lifsim.__main__ import main; main(); print(*sys.modules, file=sys.stderr)"
    run = [sys.executable, "-c", code, "run", "--sharing", "channel4", "--out", str(tmp_path / "run")]
    done = subprocess.run(run, capture_output=True, check=True, text=True)
    modules = done.stderr.splitlines()[-1].split()
    heavy = {"numba", "pandas", "matplotlib", "scipy", "torch", "jinja2", "dask", "numpy.ma", "rich", "pydantic"}
    assert not (heavy | {"importlib.metadata", "importlib.resources", "email", "logging", "subprocess"}) & set(modules)
    own = [name for name in modules if name.startswith("lifsim.")]
    wings = {"batches", "engine", "interchange", "recording", "processes", "sweeps"}
    assert {name for name in own if name.split(".")[1] in wings and name.count(".") > 1} <= {
        "lifsim.engine.confidence",
        "lifsim.sweeps.beside",
        "lifsim.sweeps.exits_beside",
        "lifsim.sweeps.rates_range",
    }
    elsewhere = ("compare", "explain", "figures", "html", "plot", "validation")
    assert not [name for name in own if name.startswith(tuple(f"lifsim.report.{wing}" for wing in elsewhere))]
    assert {name for name in own if name.split(".")[1] == "training" and name.count(".") > 1} <= {
        f"lifsim.training.{name}" for name in ("norm_notes", "optimizer", "refusals", "stages", "undone")
    }
    assert len(own) < 332


def test_what_a_process_leaves_is_not_searched_for_garbage() -> None:
    code = (
        "import gc, sys; from lifsim.__main__ import main; status = main()\n"
        "print(status, gc.get_freeze_count() > 1000, len(gc.get_objects()) < 1000, file=sys.stderr)"
    )
    for arguments, status in ((["list", "archs"], "0"), (["list", "nothing"], "2")):
        done = subprocess.run([sys.executable, "-c", code, *arguments], capture_output=True, check=True, text=True)
        assert done.stderr.splitlines()[-1] == f"{status} True True"


def test_garbage_is_hardly_looked_for_while_a_command_starts(tmp_path: Path) -> None:
    """What is imported and read is none."""
    begin = "import gc; from lifsim.__main__ import main; seen = sum(of['collections'] for of in gc.get_stats())"
    code = f"{begin}; main(); print(sum(of['collections'] for of in gc.get_stats()) - seen)"
    run = [sys.executable, "-c", code, "run", "--workload", "lenet5_mnist", "--format", "csv", "--out", str(tmp_path)]
    done = subprocess.run([*run, "--force"], capture_output=True, check=False, text=True)
    assert int(done.stdout.splitlines()[-1]) < 10


def test_help_tells_of_training_where_a_command_can_train(capsys: pytest.CaptureFixture[str]) -> None:
    for command in (["run"], ["explain"], ["plot", "schedule"], ["plot", "fig9"]):
        assert main([*command, "--help"]) == 0
        told = " ".join(capsys.readouterr().out.split())
        assert "--batch N Images. Default: all of the trace, else 1" in told
        assert ("in training 16" in told) == ("--mode" in told) == (command[0] != "plot")
