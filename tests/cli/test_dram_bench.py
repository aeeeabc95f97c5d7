"""Does `lifsim dram-bench` say what a DRAM does, and why an input is refused?"""

from __future__ import annotations

import json
import lzma
from pathlib import Path

import pytest

from lifsim.cli.main import main

LINES = "".join(f"0x{64 * i:x} {'WRITE' if i % 4 == 3 else 'READ'} {i}\n" for i in range(400))


def figures(capsys: pytest.CaptureFixture[str], *arguments: str) -> dict[str, float]:
    assert main(["dram-bench", *arguments, "--format", "json"]) == 0
    result: dict[str, float] = json.loads(capsys.readouterr().out)
    return result


def test_a_trace_and_its_packed_form_give_the_same(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    plain, packed = tmp_path / "a.trc", tmp_path / "a.trc.xz"
    plain.write_text(LINES)
    packed.write_bytes(lzma.compress(LINES.encode()))
    one, other = (figures(capsys, "--dram", "ddr4_2400", str(path)) for path in (plain, packed))
    assert one["cycles"] == other["cycles"]
    assert (one["reads"], one["writes"]) == (300, 100)


@pytest.mark.parametrize("pattern", ["sequential", "strided", "random", "tile"])
def test_every_pattern_moves_what_was_asked(pattern: str, capsys: pytest.CaptureFixture[str]) -> None:
    result = figures(capsys, "--dram", "hbm2", "--pattern", pattern, "--bytes", "320KiB")
    assert result["moved_bytes"] == pytest.approx(320 << 10, rel=0.01)
    assert 0 < result["peak_share"] <= 1


def test_table_and_csv_hold_the_cycles(capsys: pytest.CaptureFixture[str]) -> None:
    arguments = ["dram-bench", "--dram", "ddr3_1866", "--pattern", "sequential", "--bytes", "64KiB"]
    main([*arguments, "--format", "csv"])
    names, values = capsys.readouterr().out.splitlines()
    cycles = int(values.rpartition('"')[2].split(",")[names.split(",").index("cycles") - 1])
    main(arguments)
    assert f"{cycles:,}" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        ("0x40 READ 1\n0x80 FETCH 2\nREAD\n", ":2:1: '0x80 FETCH 2' must be `0xADDRESS READ|WRITE cycle`"),
        ("", "must have at least one request"),
        ("0xffffffffffffffff READ 0\n", "must lie within the 8589934592 bytes"),
        ("0x0 READ 99999999999999999\n", "must be 0 to"),
    ],
)
def test_a_bad_trace_is_refused(content: str, reason: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "bad.trc"
    path.write_text(content)
    assert main(["dram-bench", "--dram", "ddr4_2400", str(path)]) == 2
    assert reason in capsys.readouterr().err


def test_other_bad_input_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    broken = tmp_path / "cut.trc.xz"
    broken.write_bytes(lzma.compress(LINES.encode())[:-20])
    for arguments, reason in (
        (["--dram", "ddr4_2400"], "either --pattern or a trace"),
        (["--dram", "ddr4_2401", "--pattern", "tile"], "did you mean 'ddr4_2400'?"),
        (["--dram", "ddr4_2400", str(broken)], "must be a whole .xz file"),
        (["--dram", "ddr4_2400", str(tmp_path)], "is a directory"),
        (["--dram", "ddr4_2400", "--pattern", "tile", "--set", "timing.tRAS=1"], "tRAS: 1 must be >= tRCD"),
    ):
        assert main(["dram-bench", *arguments]) == 2
        assert reason in capsys.readouterr().err
