"""Does `lifsim dram-bench` say what a DRAM does, and why an input is refused?"""

from __future__ import annotations

import gzip
import json
import lzma
from pathlib import Path

import numpy as np
import pytest

from lifsim.cli.main import main
from lifsim.interchange.dram_trace import read_dram_trace
from lifsim.interchange.dram_trace_out import write_dram_trace

LINES = "".join(f"0x{64 * i:x} {'WRITE' if i % 4 == 3 else 'READ'} {i}\n" for i in range(400))


def figures(capsys: pytest.CaptureFixture[str], *arguments: str) -> dict[str, float]:
    assert main(["dram-bench", *arguments, "--format", "json"]) == 0
    result: dict[str, float] = json.loads(capsys.readouterr().out)
    return result


@pytest.mark.slow
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


def test_an_option_that_is_not_read_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    trace = tmp_path / "a.trc"
    trace.write_text(LINES)
    bench = ["dram-bench", "--dram", "ddr4_2400"]
    assert main([*bench, "--pattern", "sequential", "--stride", "8KiB", "--ignore-cycles"]) == 2
    assert capsys.readouterr().err.splitlines() == [
        "--stride: must go with --pattern strided, not --pattern sequential, which does not read it",
        "--ignore-cycles: must go with a trace, not --pattern sequential, which does not read it",
    ]
    assert main([*bench, str(trace), "--seed", "1", "--bytes", "1KiB", "--set", "timing.tRCD=0"]) == 2
    assert capsys.readouterr().err.splitlines() == [
        "--bytes: must go with --pattern sequential|strided|random|tile, not a trace, which does not read it",
        "--seed: must go with --pattern random, not a trace, which does not read it",
        "--set timing.tRCD: 0 must be >= 1",
    ]
    assert main([*bench, "--pattern", "strided", "--stride", "8KiB", "--bytes", "64KiB"]) == 0


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
        (
            "\n0x0 READ 0 # one\n// none\n0xffffffffffffffff READ 0\n",
            "trc:4:1: address 0xffffffffffffffff must lie within the 8589934592 bytes of",
        ),
        ("# none\n0x0 READ 99999999999999999\n", "trc:2:1: cycle 99999999999999999 must be 0 to 1099511627776\n"),
        (
            "0x0 READ 0\n" * 90_000 + "#\n" * 90_000 + "\t\r\n0X200000000 READ 0 ;\n",
            "trc:180002:1: address 0x200000000 must lie within",
        ),
        ("0x1 READ 9223372036854775807\n", "its cycle must be at most 999999999999999999\n"),
        ("0x1 R\n11111111111111111 w ; far\n", ":2:1: '11111111111111111 w ; far': its address must be at most 0xf"),
        ("0x1 READ 9\n11111111111111111 WRITE 9999999999999999999\n", "trc:2:1: '11111111111111111 WRITE"),
        ("LD 18446744073709551616\n", "its address must be at most 9999999999999999999, or 0xffffffffffffffff\n"),
        ("0x1 R\nLD 18446744073709551616\n", "trc:2:1: 'LD 18446744073709551616' must be `0xADDRESS R|W`\n"),
        ("LD 0x40\n0x80 R\n", ":2:1: '0x80 R' must be `LD|ST ADDRESS`, as line 1 is"),
        ("0x80 R\n0x80 R 7\n", ":2:1: '0x80 R 7' must be `0xADDRESS R|W`, as line 1 is"),
        ("LD 4f\n", "must be `0xADDRESS READ|WRITE cycle` or `0xADDRESS R|W` or `LD|ST ADDRESS`"),
        ("3 20734016\n", "bubbles and addresses of a processor's trace are no requests"),
        ("R 0,0,1,2,3\n", "Ramulator 2's ReadWriteTrace names channel, rank, ..."),
        ("LD 0x40 8\n", "leave the size and the data of Ramulator 2's LoadStoreDataTrace out"),
        ("ST 0x40 2 17 4\n", "leave the size and the data of Ramulator 2's LoadStoreDataTrace out"),
        ("0.0,100.0,101.0,-1.0,\n", "SCALE-Sim's traces have a cycle and many addresses"),
        ("R 0x40\n", "'R 0x40' must be `0xADDRESS READ|WRITE cycle` or `0xADDRESS R|W` or `LD|ST ADDRESS`\n"),
        ("LD 99999999999999999999\n", "must be"),
    ],
)
def test_a_bad_trace_is_refused(content: str, reason: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "bad.trc"
    path.write_text(content)
    assert main(["dram-bench", "--dram", "ddr4_2400", str(path)]) == 2
    assert reason in capsys.readouterr().err


SAME_REQUESTS = {
    "DRAMsim3": "0x100000a0 READ 0\n0x20000080 WRITE 0\n0x40 READ 0\n",
    "DRAMsim3, bare and lower case": "100000a0 read 0\n20000080 write 0\n40 read 0\n",
    "DRAMSim2": "0x100000A0 P_MEM_RD 0\n0x20000080 P_MEM_WR 0\n0x40 P_FETCH 0\n",
    "Ramulator": "0x100000a0 R\n0x20000080 W\n0x40 R\n",
    "Ramulator, bare": "100000A0 r\n20000080 w\n40 r",
    "Ramulator 2": "LD 0x100000a0\nST 0X20000080\nld 0x40\n",
    "Ramulator 2, decimal": "LD 268435616\nST 536871040\nLD 64\n",
    "byte-order mark, CRLF, tabs": "\ufeff0x100000a0\tREAD 0\r\n\r\n0x20000080\tWRITE 0 \r\n 0x40\tREAD 0\r\n",
    "comments": "# a trace\n; of\n// mine\nLD 0x100000a0 # first\n  \nST 0x20000080 // second\nLD 0x40 ; third\n",
}


@pytest.mark.parametrize("suffix", ["trace", "trc.xz", "trc.gz"])
@pytest.mark.parametrize("text", SAME_REQUESTS.values(), ids=SAME_REQUESTS.keys())
def test_every_form_of_a_trace_holds_the_same_requests(text: str, suffix: str, tmp_path: Path) -> None:
    path = tmp_path / f"a.{suffix}"
    packed = {"xz": lzma.compress, "gz": gzip.compress}.get(suffix[-2:], bytes)
    path.write_bytes(packed(text.encode()))
    columns = read_dram_trace(path)
    assert columns.addresses.tolist() == [0x100000A0, 0x20000080, 0x40]
    assert columns.is_write.tolist() == [False, True, False]
    assert columns.cycles.tolist() == [0, 0, 0]
    assert columns.timed == (" 0\n" in text or " 0 \r" in text)


def test_requests_without_cycles_all_wait_from_the_beginning_and_that_is_said(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    timed, bare = tmp_path / "timed.trc", tmp_path / "bare.trace"
    timed.write_text(LINES)
    rows = [line.split() for line in LINES.splitlines()]
    bare.write_text("".join(f"{'ST' if row[1] == 'WRITE' else 'LD'} {row[0]}\n" for row in rows))
    waiting = figures(capsys, "--dram", "ddr4_2400", str(timed), "--ignore-cycles")
    assert main(["dram-bench", "--dram", "ddr4_2400", str(bare), "--format", "json"]) == 0
    out, err = capsys.readouterr()
    assert json.loads(out)["cycles"] == waiting["cycles"]
    assert "bare.trace: has no cycles: all requests wait from cycle 0 on" in err


@pytest.mark.parametrize("form", ["dramsim3", "ramulator"])
def test_what_a_run_writes_is_read_back(form: str, tmp_path: Path) -> None:
    runs = [np.array([0, 1 << 20]), np.array([256, 100]), np.array([False, True]), np.array([3, 90])]
    count = write_dram_trace(tmp_path / "dram.trace", form, *runs, burst_bytes=64)
    columns = read_dram_trace(tmp_path / "dram.trace")
    assert columns.addresses.tolist() == [0, 64, 128, 192, 1 << 20, (1 << 20) + 64]
    assert columns.is_write.tolist() == [False] * 4 + [True] * 2
    assert count == 6
    assert columns.cycles.tolist() == ([3] * 4 + [90] * 2 if form == "dramsim3" else [0] * 6)


def test_requests_whose_cycles_go_back_enter_behind_those_before_them(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    back, level = tmp_path / "back.trc", tmp_path / "level.trc"
    back.write_text("0x0 READ 5000\n0x40000 READ 0\n0x80000 WRITE 10\n")
    level.write_text("0x0 READ 5000\n0x40000 READ 5000\n0x80000 WRITE 5000\n")
    one, other = (figures(capsys, "--dram", "ddr4_2400", str(path)) for path in (back, level))
    others = {"requests", "simulated_bursts_per_s"}
    assert one["cycles"] > 5000
    assert all(one[name] == other[name] for name in one.keys() - others)


def test_other_bad_input_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    broken = tmp_path / "cut.trc.xz"
    broken.write_bytes(lzma.compress(LINES.encode())[:-20])
    unpacked = tmp_path / "plain.trc.gz"
    unpacked.write_text(LINES)
    for arguments, reason in (
        (["--dram", "ddr4_2400", str(unpacked)], "must be a whole .gz file"),
        (["--dram", "ddr4_2400"], "either --pattern or a trace"),
        (["--dram", "ddr4_2401", "--pattern", "tile"], "did you mean 'ddr4_2400'?"),
        (["--dram", "ddr4_2400", str(broken)], "must be a whole .xz file"),
        (["--dram", "ddr4_2400", str(tmp_path)], "is a directory"),
        (["--dram", "ddr4_2400", "--pattern", "tile", "--set", "timing.tRAS=1"], "tRAS: 1 must be >= tRCD"),
    ):
        assert main(["dram-bench", *arguments]) == 2
        assert reason in capsys.readouterr().err


def test_a_binary_file_is_refused_in_one_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "requests.trace"
    path.write_bytes(bytes(range(128, 256)) + b"\n\xff\xfe\n" * 30)
    assert main(["dram-bench", "--dram", "ddr4_2400", str(path)]) == 2
    (told,) = capsys.readouterr().err.splitlines()
    assert told.startswith(f"{path}: must be a text of DRAM requests, one a line: `0xADDRESS READ|WRITE cycle`")


@pytest.mark.parametrize(("pattern", "option"), [("sequential", "--bytes"), ("random", "--span"), ("tile", "--tile")])
def test_a_pattern_beyond_the_dram_is_refused_at_its_option(
    pattern: str, option: str, capsys: pytest.CaptureFixture[str]
) -> None:
    small = ["dram-bench", "--dram", "ddr4_2400", "--set", "organisation.rows=1024", "--pattern", pattern]
    assert main([*small, option, "1GiB"]) == 2
    assert capsys.readouterr().err == (
        f"{option}: 1 GiB must lie within the 134217728 bytes of DDR4-2400, 8 Gb x16, two ranks\n"
    )


def test_a_setting_that_contradicts_the_file_is_named_instead_of_it(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    bench = ["dram-bench", "--dram", "ddr4_2400", "--pattern", "tile", "--set", "timing.CL=20"]
    assert main([*bench, "--set", "organisation.burst_length=64"]) == 2
    assert capsys.readouterr().err.startswith("--set organisation.burst_length timing.tCCD_S: 4 must be >= 32")
    run = ["run", "--workload", "lenet5_mnist", "--dram", "ddr4_2400", "--out", str(tmp_path / "run")]
    for setting, told in (
        ("burst_length=64", "burst_length dram.device.timing.tCCD_S: 4 must be >= 32"),
        ("banks_per_group=1024", "banks_per_group dram.device.controller: 32832 queue entries in all must be <= 32768"),
    ):
        assert main([*run, "--set", f"dram.device.organisation.{setting}", "--set", "lif.units=8"]) == 2
        assert capsys.readouterr().err.startswith(f"--set dram.device.organisation.{told}")


def test_a_device_with_anothers_currents_has_no_energies_unless_they_are_asked_for(
    capsys: pytest.CaptureFixture[str],
) -> None:
    given = ["--dram", "lpddr4_2400", "--pattern", "strided", "--bytes", "64KiB"]
    silent, told = figures(capsys, *given), figures(capsys, *given, "--borrowed-currents")
    assert {silent[key] for key in silent if "pj" in key} == {None}
    assert told["total_pj"] > told["background_pj"] > 0
    assert silent["cycles"] == told["cycles"]
    assert main(["dram-bench", *given]) == 0
    said = capsys.readouterr().out
    assert "unknown: its currents are those of DDR4-2400" in said
    assert "--borrowed-currents" in said


def test_sleep_is_told_where_a_device_may_sleep(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    trace = tmp_path / "rests.trc"
    trace.write_text("".join(f"0x{64 * i:x} READ {5000 * i}\n" for i in range(20)))
    result = figures(
        capsys, "--dram", "lpddr3_1600_x32", str(trace), "--set", "controller.self_refresh_after_cycles=off"
    )
    assert result["active_power_downs"] + result["precharge_power_downs"] >= 19
    assert result["self_refreshes"] == 0
    states = ("active_standby", "precharge_standby", "active_power_down", "precharge_power_down", "self_refresh")
    assert sum(result[f"{state}_pj"] for state in states) == pytest.approx(result["background_pj"])
    assert main(["dram-bench", "--dram", "lpddr3_1600_x32", str(trace)]) == 0
    assert "power-down (after 64)" in capsys.readouterr().out
    assert main(["dram-bench", "--dram", "ddr4_2400", str(trace)]) == 0
    assert "power-down and self-refresh are off" in capsys.readouterr().out
