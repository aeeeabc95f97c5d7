"""A pytest plugin: which test runs which line, how long each takes, which of them pass; written as one JSON file.

Loaded by `coverage run -m pytest -p tests.mutation.contexts`. Machine code is out of coverage's sight: a test that
calls a compiled kernel counts for every file that the kernel is compiled from, as its line `COMPILED`. Property tests
try a few examples, for all run much the same lines, and their time is that of all their examples.
"""

from __future__ import annotations

import functools
import importlib
import json
import os
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from coverage import Coverage
from hypothesis import settings

from tests.mutation.examples import SETTINGS, property_tests
from tests.mutation.selection import COMPILED
from tests.mutation.targets import KERNEL

OUT = "LIFSIM_MUTATION_MAP"
"""The environment variable that names the file."""
EXAMPLES = 5


class Contexts:
    """The plugin."""

    def __init__(self, coverage: Coverage, out: Path) -> None:
        self._coverage, self._out, self._root = coverage, out, Path.cwd()
        self._running = ""
        self._seconds: dict[str, float] = defaultdict(float)
        self._times: dict[str, float] = {}
        self._failed: set[str] = set()
        self._compiled: dict[str, set[str]] = defaultdict(set)
        self._watch_kernels()

    def _watch_kernels(self) -> None:
        module = importlib.import_module(KERNEL[0])
        kernel = getattr(module, KERNEL[1])
        call, folder = kernel.__call__, Path(str(module.__file__)).parents[1]

        @functools.wraps(call)
        def watched(it: Any, *arguments: Any) -> Any:
            for pattern in it.sources:
                for path in folder.glob(pattern):
                    self._compiled[path.relative_to(self._root).as_posix()].add(self._running)
            return call(it, *arguments)

        kernel.__call__ = watched

    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        tests = property_tests(items)
        given = {test: getattr(test, SETTINGS) for test in tests.values()}
        for test, all_examples in given.items():
            fewer = min(EXAMPLES, all_examples.max_examples)
            setattr(test, SETTINGS, settings(all_examples, max_examples=fewer, derandomize=True, database=None))
        self._times = {name: max(1.0, given[test].max_examples / EXAMPLES) for name, test in tests.items()}

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_protocol(self, item: pytest.Item) -> Iterator[None]:
        self._running = item.nodeid
        self._coverage.switch_context(item.nodeid)
        return (yield)

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        self._seconds[report.nodeid] += report.duration * self._times.get(report.nodeid, 1.0)
        if not report.passed:
            self._failed.add(report.nodeid)

    def pytest_sessionfinish(self) -> None:
        """Of the tests that passed, what ran which line."""
        self._coverage.stop()
        data = self._coverage.get_data()
        passed = [test for test in self._seconds if test not in self._failed]
        number = {test: index for index, test in enumerate(passed)}
        lines: dict[str, dict[int, list[int]]] = {}
        for measured in sorted(data.measured_files()):
            path = Path(measured).relative_to(self._root).as_posix()
            ran = {
                line: sorted(number[t] for t in by if t in number)
                for line, by in data.contexts_by_lineno(measured).items()
            }
            lines[path] = {line: by for line, by in sorted(ran.items()) if by}
        for path, by in self._compiled.items():
            lines.setdefault(path, {})[COMPILED] = sorted(number[test] for test in by if test in number)
        tests = [[test, round(self._seconds[test], 3)] for test in passed]
        self._out.write_text(json.dumps({"tests": tests, "lines": lines}))


def pytest_configure(config: pytest.Config) -> None:
    """Take part where coverage runs."""
    coverage = Coverage.current()
    if coverage is not None and OUT in os.environ:
        config.pluginmanager.register(Contexts(coverage, Path(os.environ[OUT])))
