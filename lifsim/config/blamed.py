"""Whose fault it is: the file's, or that of a setting which contradicts another of its keys."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace

from lifsim.errors import Fault


def blamed(
    faults: Iterable[Fault], settings: Sequence[str], faults_under: Callable[[Sequence[str]], Iterable[Fault]]
) -> Iterator[Fault]:
    """`faults`, those at a line of a file with the ``--set`` options in its stead that bring them about: the ones
    without which the key has no fault.

    settings: ``key=value`` each, as they were given; faults_under: the faults of the same file under others. It is
    called only if a fault names a line.
    """
    others: list[tuple[str, set[str]]] | None = None
    for fault in faults:
        if fault.line is not None and others is None:
            others = [
                (setting.partition("=")[0].strip(), {left.path for left in faults_under(rest)})
                for setting, rest in _each_left_out(settings)
            ]
        keys = [key for key, left in others or () if fault.path not in left]
        at_fault = fault.line is not None and keys
        yield replace(fault, source=f"--set {', '.join(keys)}", line=None, column=None) if at_fault else fault


def _each_left_out(settings: Sequence[str]) -> Iterator[tuple[str, list[str]]]:
    for index, setting in enumerate(settings):
        yield setting, [*settings[:index], *settings[index + 1 :]]
