"""A pytest plugin: property tests end with the first example that fails, which nobody wants to see smaller.

Loaded by `pytest -p tests.mutation.examples`. To shrink an example takes far longer than to find it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import Phase, is_hypothesis_test, settings

SETTINGS = "_hypothesis_internal_use_settings"
"""Where hypothesis keeps the settings of a test."""


def property_tests(items: list[pytest.Item]) -> dict[str, Callable[..., Any]]:
    """By name."""
    tests = {item.nodeid: getattr(item, "function", None) for item in items}
    return {name: test for name, test in tests.items() if test is not None and is_hypothesis_test(test)}


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The same examples every time, none kept."""
    for test in set(property_tests(items).values()):
        phases = (Phase.explicit, Phase.generate)
        quick = settings(
            getattr(test, SETTINGS), phases=phases, derandomize=True, database=None, report_multiple_bugs=False
        )
        setattr(test, SETTINGS, quick)
