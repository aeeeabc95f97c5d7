"""Does the compiled reader of DRAM traces read what the patterns, line by line, read, and refuse what they refuse?"""

from __future__ import annotations

import gzip
import lzma
import subprocess
import sys
import tracemalloc
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from lifsim.config.dram import load_dram
from lifsim.errors import Fault, InputError
from lifsim.hardware.dram.requests import Requests, sequential
from lifsim.hardware.dram.simulate import simulate
from lifsim.interchange import dram_trace_text
from lifsim.interchange.dram_trace import READ_LINES, REQUEST_BYTES, TraceColumns, read_dram_trace
from tests.oracles import dram_trace as oracle

BLANKS = st.sampled_from([" ", "\t", "  ", " \t ", "\r", "\f", "\v", "\u00a0"])
NO_BLANKS = st.sampled_from(["", "", "", " ", "\t"])
HEX = st.one_of(
    st.integers(0, 2**64 - 1).map("0x{:x}".format),
    st.integers(0, 2**40).map("0X{:X}".format),
    st.integers(0, 2**33).map("{:x}".format),
    st.sampled_from(["0x", "x", "0", "00000000000000ff", "0x00000000000000000", "0x10000000000000000", "-1", "0xg"]),
)
OPERATION = st.one_of(
    st.sampled_from(oracle.READS + oracle.WRITES),
    st.sampled_from(oracle.READS + oracle.WRITES).map(str.lower),
    st.sampled_from(["REA", "READS", "R_", "0xR", "\x7fR", "\0R", "P_LOCK_RDS", "RR", "Rd", "@", "P-FETCH"]),
)
NUMBER = st.one_of(
    st.integers(0, 10**18 - 1).map(str),
    st.sampled_from(["9" * 18, "9" * 19, "9" * 20, "0" * 18, "1" * 19, "0x10", "1.5", "1e3", "٣"]),
)
COMMENT = st.sampled_from(["", "", "", "# x", ";", "//", "/", "/ /", "#\u2028", "// é", "/x/", "///", "#\0", "#" * 80])
LINE = st.one_of(
    st.tuples(NO_BLANKS, HEX, BLANKS, OPERATION, BLANKS, NUMBER, NO_BLANKS, COMMENT),
    st.tuples(NO_BLANKS, HEX, BLANKS, OPERATION, NO_BLANKS, COMMENT),
    st.tuples(NO_BLANKS, st.sampled_from(["LD", "ST", "ld", "St", "0xLD", "R"]), BLANKS, HEX | NUMBER, COMMENT),
    st.tuples(NO_BLANKS, HEX, NO_BLANKS, OPERATION, NO_BLANKS, NUMBER, NO_BLANKS, NUMBER, COMMENT),
    st.tuples(NO_BLANKS, COMMENT),
    st.tuples(st.sampled_from(["3 20734016", "R 0,0,1", "LD 0x40 8", "0.0,100.0,-1.0,", "0x0 R 1 2 3 4", "\ufeff0 R"])),
    st.tuples(st.text(max_size=12)),
).map("".join)
END = st.sampled_from(["\n", "\n", "\n", "\r\n", "\n\n", ""])
TEXT = st.lists(st.tuples(LINE, END), max_size=30).map(lambda lines: "".join(map("".join, lines)).encode())


def found(path: Path) -> oracle.Read:
    """What the reader says, as the oracle says it."""
    try:
        columns = read_dram_trace(path)
    except InputError as error:
        empty = Fault("must have at least one request", source=str(path))
        faults = [(fault.line or 0, fault.message) for fault in error.faults if fault.source == str(path)]
        return oracle.Read() if error.faults == (empty,) else oracle.Read(faults=faults)
    rows = zip(columns.addresses.tolist(), columns.is_write.tolist(), columns.cycles.tolist(), strict=True)
    return oracle.Read(requests=list(rows), timed=columns.timed)


def expected(content: bytes) -> oracle.Read:
    """What the oracle says, of the requests of a faulty file nothing."""
    read = oracle.read(content)
    return oracle.Read(faults=read.faults) if read.faults else read


ANY_TEXT = settings(suppress_health_check=[HealthCheck.function_scoped_fixture])


@ANY_TEXT
@given(content=TEXT, chunk=st.sampled_from([1, 2, 7, 64, 1 << 20]))
@example(content=b"\xef\xbb\xbf0 R", chunk=2)
@example(content=b"\n" * 30 + b"0x1 R # " + b"x" * 992 + b"\n0x2 R\nR\n", chunk=64)
@example(content=b"nothing\n0x1 R # " + b"x" * 993 + b"\nR\n", chunk=64)
@example(content=b"0 R\n" * 5 + b"\t" * 1001, chunk=64)
@example(content=b"0 R\n" * 5 + b"\t" * 1000, chunk=64)
def test_it_reads_and_refuses_as_the_patterns_do(
    content: bytes, chunk: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(dram_trace_text, "CHUNK", chunk)
    path = tmp_path / "a.trace"
    path.write_bytes(content)
    assert found(path) == expected(content)


GOOD = {
    "DRAMsim3": "0x{0:x} READ {1}\n0x{1:X} WRITE {0}\n",
    "Ramulator": "  0x{0:x} R // {1}\r\n{1:X}\tw\n",
    "Ramulator 2": "LD {0}\n\nst 0x{1:x}\n",
}


@ANY_TEXT
@given(data=st.data(), form=st.sampled_from(sorted(GOOD)))
def test_it_reads_and_refuses_a_damaged_trace_as_the_patterns_do(
    data: st.DataObject, form: str, tmp_path: Path
) -> None:
    numbers = data.draw(st.lists(st.tuples(st.integers(0, 2**34), st.integers(0, 10**12)), min_size=1, max_size=40))
    content = bytearray("".join(GOOD[form].format(*pair) for pair in numbers).encode())
    for _ in range(data.draw(st.integers(0, 3))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    path = tmp_path / "a.trace"
    path.write_bytes(content)
    assert found(path) == expected(bytes(content))


@pytest.mark.parametrize("byte", range(256))
def test_every_byte_at_every_place_is_what_the_patterns_say(byte: int, tmp_path: Path) -> None:
    path, line = tmp_path / "a.trace", b"0x4f READ 17"
    for place in range(len(line) + 1):
        for taken in (0, 1):
            content = b"0x1 W 1\n" + line[:place] + bytes([byte]) + line[place + taken :]
            path.write_bytes(content)
            assert found(path) == expected(content)


@pytest.mark.parametrize("pack", [bytes, gzip.compress, lzma.compress])
def test_a_trace_of_many_blocks_holds_all_its_requests(pack: object, tmp_path: Path) -> None:
    content = "".join(f"0x{64 * i:x} {'READ' if i % 3 else 'WRITE'} {i * i}\n" for i in range(100_000)).encode()
    path = tmp_path / {bytes: "a.trace", gzip.compress: "a.trc.gz", lzma.compress: "a.trc.xz"}[pack]
    path.write_bytes(pack(content))
    columns = read_dram_trace(path)
    assert isinstance(columns, TraceColumns)
    assert columns.addresses.tolist() == [64 * i for i in range(100_000)]
    assert columns.is_write.tolist() == [i % 3 == 0 for i in range(100_000)]
    assert columns.cycles.tolist() == [i * i for i in range(100_000)]


def test_what_does_not_fit_into_memory_is_refused_while_it_is_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, line, count = tmp_path / "a.trc.gz", b"0x40 READ 5\n", 1 << 20
    path.write_bytes(gzip.compress(line * count))
    monkeypatch.setattr("lifsim.room.memory_bytes", lambda: REQUEST_BYTES * count // 2)
    read: list[int] = []
    with pytest.raises(InputError) as refused:
        read_dram_trace(path, lambda _, done, __: read.append(done))
    assert str(refused.value).startswith(f"{path}: the first ")
    assert str(refused.value).endswith("of this machine: split the trace into several files")
    assert len(line) * count // 2 <= read[-1] < 0.7 * len(line) * count
    monkeypatch.setattr("lifsim.room.memory_bytes", lambda: REQUEST_BYTES * count)
    assert read_dram_trace(path).cycles.size == count


@pytest.mark.slow
def test_a_simulated_request_takes_no_more_memory_than_is_asked_for(tmp_path: Path) -> None:
    path, spec, count = tmp_path / "a.trace", load_dram("ddr4_2400"), 500_000
    path.write_bytes(b"0x40 READ 5\n" * count)
    simulate(spec, sequential(1))  # compiles
    tracemalloc.start()
    try:
        columns = read_dram_trace(path)
        ones = np.broadcast_to(np.int64(1), columns.cycles.shape)
        simulate(spec, Requests(columns.addresses, ones, columns.is_write, columns.cycles))
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert 0.8 * REQUEST_BYTES < peak / count <= REQUEST_BYTES


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="the peak of a process alone is Linux's to tell")
def test_a_line_without_end_is_refused_in_little_memory(tmp_path: Path) -> None:
    path = tmp_path / "endless.trace"
    with path.open("wb") as file:
        file.write(b"0x40 READ 1\n0x80")
        file.truncate(1 << 30)
    READ_LINES.load()  # whoever compiles takes more
    code = """
import sys
from pathlib import Path
from lifsim.interchange.dram_trace import read_dram_trace
from lifsim.errors import InputError
try:
    read_dram_trace(Path(sys.argv[1]))
except InputError as error:
    print(error, Path("/proc/self/status").read_text().split("VmHWM:")[1].split()[0])
"""
    ran = subprocess.run([sys.executable, "-c", code, str(path)], capture_output=True, text=True, check=True)
    message, _, peak_kib = ran.stdout.rpartition(" ")
    assert message == f"{path}:2:1: must have lines of at most 1000 bytes"
    assert int(peak_kib) < 300 << 10
