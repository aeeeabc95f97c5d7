"""Do 500 damaged inputs lead to an exit code of 0, or of 2 with words, and to nothing else?"""

from __future__ import annotations

import json
import os
import random
import re
import subprocess
import sys
import warnings
from pathlib import Path

import pytest

from tests.fuzz.judge import WriteWatch, judge
from tests.fuzz.samples import NETWORK, ROOT, TOPOLOGY, kinds
from tests.fuzz.texts import mutate_text
from tests.fuzz.trees import mutate_cells, mutate_json, mutate_yaml

INPUTS = 500


@pytest.mark.slow
def test_damaged_inputs_are_refused_with_words_or_understood(tmp_path: Path) -> None:
    """In a process of its own, since what is limited and watched there cannot be set free again."""
    command = [sys.executable, "-m", "tests.fuzz", "--inputs", str(INPUTS), "--out", str(tmp_path)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    accepted, refused, findings = map(int, re.findall(r"\d+", done.stdout.splitlines()[-1]))
    assert (accepted + refused, findings) == (INPUTS, 0)
    assert min(accepted, refused) > INPUTS // 20


@pytest.fixture
def watch(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> WriteWatch:
    monkeypatch.chdir(tmp_path)
    return WriteWatch((str(tmp_path),), [])


def _faults(code: str, monkeypatch: pytest.MonkeyPatch, watch: WriteWatch, *arguments: str) -> list[str]:
    """What is found where the command line does `code`."""
    names = {"os": os, "sys": sys, "Path": Path, "json": json, "warnings": warnings, "watch": watch}
    monkeypatch.setattr("tests.fuzz.judge.main", lambda _: exec(code, names) or names.get("status", 0))  # noqa: S102
    return list(judge(arguments or ("run",), watch).faults)


@pytest.mark.parametrize(
    ("code", "fault"),
    [
        ("status = 1", "exits with 1"),
        ("status = 2", "exits with 2 and says nothing"),
        ("print('x: internal error', file=sys.stderr)", "traceback: "),
        ("print('\\x1b[2J', file=sys.stderr)", "an escape sequence"),
        ("raise KeyError('x')", "escaped: KeyError"),
        ("while True: pass", "hangs: "),
        ("warnings.warn('overflow', RuntimeWarning)", "warning: RuntimeWarning: overflow"),
        ("watch('open', ('/elsewhere/x', 'w', os.O_WRONLY))", "writes outside its folder: /elsewhere/x"),
        ("watch('os.rename', ('x', '/elsewhere/x', -1, -1))", "writes outside its folder: /elsewhere/x"),
        ("Path('.x.tmp').write_text('')", "leaves .x.tmp"),
        ("Path('x').write_text(''); print('no', file=sys.stderr); status = 2", "is refused, yet leaves x"),
        ("print('energy nan pJ')", "prints 'nan'"),
        ("Path('f.csv').write_text('lif_pj\\n-3\\n')", "f.csv: lif_pj is -3"),
        ("Path('f.csv').write_text('cycles.total\\nnan\\n')", "f.csv: cycles.total is nan"),
    ],
)
def test_what_must_not_be_is_found(code: str, fault: str, monkeypatch: pytest.MonkeyPatch, watch: WriteWatch) -> None:
    monkeypatch.setattr("tests.fuzz.judge.CPU_SECONDS", 0.2)
    found = _faults(code, monkeypatch, watch)
    assert any(each.startswith(fault) for each in found), found


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ('{"cycles": {"total": -1}}', "stdout: .cycles.total is -1"),
        ('{"rows": [{"dram_bytes.total": -1}]}', "stdout: .rows.0.dram_bytes.total is -1"),
        ('{"energy_pj": NaN}', "stdout: .energy_pj is nan"),
        ('{"x": -Infinity}', "stdout: .x is nan"),
        ("{", "stdout is no JSON"),
    ],
)
def test_nonsense_in_json_is_found(text: str, fault: str, monkeypatch: pytest.MonkeyPatch, watch: WriteWatch) -> None:
    (found,) = _faults(f"print({text!r})", monkeypatch, watch, "run", "--format", "json")
    assert found.startswith(fault)


def test_what_may_be_is_no_finding(monkeypatch: pytest.MonkeyPatch, watch: WriteWatch) -> None:
    assert _faults("print('no', file=sys.stderr); status = 2", monkeypatch, watch) == []
    good = '{"inputs": {"u_reset": -0.25}, "change": -3, "cycles": {"total": 0}}'
    assert _faults(f"print({good!r})", monkeypatch, watch, "run", "--format", "json") == []
    assert _faults("Path('out').mkdir(); Path('out/x.csv').write_text('cycles\\n1\\n')", monkeypatch, watch) == []


def test_the_same_seed_damages_in_the_same_way() -> None:
    for mutate, text in (
        (mutate_yaml, NETWORK),
        (mutate_cells, TOPOLOGY),
        (mutate_text, NETWORK),
        (mutate_json, '{"a": [1, 2]}'),
    ):
        twice = [[mutate(text, random.Random(seed)) for seed in range(40)] for _ in range(2)]  # noqa: S311
        assert twice[0] == twice[1]
        assert len(set(twice[0])) > 15


def test_every_kind_names_files_with_their_form_and_commands() -> None:
    forms = {"yaml", "json", "cells", "text", "npz", "store", "bytes"}
    assert {form for kind in kinds() for form in kind.files.values()} == forms
    assert all(kind.files and kind.commands for kind in kinds())
