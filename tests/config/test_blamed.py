"""Is a fault at a line of a file blamed on the settings without which it would not be there, and on no others?"""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from lifsim.config.blamed import blamed
from lifsim.errors import Fault

IN_FILE = Fault("must fit", path="c", source="file.yaml", line=3, column=1)
AT_OPTION = Fault("must be > 0", path="a", source="--set a")


@pytest.mark.parametrize(
    ("causes", "source"), [({"a=0"}, "--set a"), ({"a=0", "b=1"}, "--set a, b"), (set(), "file.yaml")]
)
def test_settings_that_bring_a_fault_about_take_its_place(causes: set[str], source: str) -> None:
    def faults_under(settings: Sequence[str]) -> list[Fault]:
        return [IN_FILE] if causes <= set(settings) else []

    (fault,) = blamed([IN_FILE], ["a=0", "b=1"], faults_under)
    assert (fault.source, fault.path, fault.line) == (source, "c", None if causes else 3)


def test_a_fault_at_an_option_stays_there_and_nothing_is_read_again() -> None:
    assert list(blamed([AT_OPTION], ["a=0", "b=1"], pytest.fail)) == [AT_OPTION]
    assert list(blamed([IN_FILE, AT_OPTION], ["a=0"], lambda _: []))[1] == AT_OPTION


def test_a_fault_at_an_option_is_not_blamed_on_another() -> None:
    found = blamed([IN_FILE, AT_OPTION], ["a=0", "b=1"], lambda _: [])
    assert [fault.source for fault in found] == ["--set a, b", "--set a"]
