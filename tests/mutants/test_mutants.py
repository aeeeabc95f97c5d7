"""Can every fault still be planted, and is one that is planted seen?"""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest

from tests.mutants.fault import Fault
from tests.mutants.faults import FAULTS
from tests.mutants.trial import ROOT, Verdict, verdict_of

SMALL = ("tests/hardware/test_sram.py", "-k", "by_hand")


def sram_fault() -> Fault:
    return replace(next(fault for fault in FAULTS if fault.name == "SRAM below 1 KiB: as at 1 KiB"), tests=SMALL)


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.name)
def test_its_text_stands_in_its_file_once_and_its_tests_are_there(fault: Fault) -> None:
    assert fault.found(ROOT) == 1
    assert fault.old != fault.new
    assert all((ROOT / test).is_file() for test in fault.tests if test.endswith(".py"))


def test_faults_have_names_of_their_own() -> None:
    assert max(Counter(fault.name for fault in FAULTS).values()) == 1


@pytest.mark.slow
def test_a_planted_fault_is_killed_and_the_working_tree_is_not_touched() -> None:
    fault = sram_fault()
    before = (ROOT / fault.file).read_bytes()
    assert verdict_of(fault) == Verdict.KILLED
    assert (ROOT / fault.file).read_bytes() == before


@pytest.mark.slow
def test_a_change_that_changes_nothing_survives() -> None:
    fault = sram_fault()
    assert verdict_of(replace(fault, new=f"0.0 + {fault.old}")) == Verdict.SURVIVED


def test_what_cannot_be_planted_or_run_is_told_from_what_is_killed(tmp_path: Path) -> None:
    fault = sram_fault()
    assert verdict_of(replace(fault, old="no such text")) == Verdict.GONE
    assert verdict_of(replace(fault, tests=("tests/absent.py",))) == Verdict.BROKEN
    (tmp_path / "twice.py").write_text("1 + 1\n")
    with pytest.raises(ValueError, match="exactly once"):
        Fault("twice", "twice.py", "1", "2", ()).plant(tmp_path)
