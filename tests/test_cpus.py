"""How many CPUs there are where an operating system restricts a process to some, and where it cannot."""

from __future__ import annotations

import os

import pytest

from lifsim.cpus import available_cpus


def test_those_that_this_process_may_use(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: {0, 3, 5}, raising=False)
    assert available_cpus() == 3


@pytest.mark.parametrize(("there", "found"), [(6, 6), (None, 1)])
def test_those_of_the_machine_where_none_are_barred(
    monkeypatch: pytest.MonkeyPatch, there: int | None, found: int
) -> None:
    monkeypatch.delattr(os, "sched_getaffinity", raising=False)
    monkeypatch.setattr(os, "cpu_count", lambda: there)
    assert available_cpus() == found
