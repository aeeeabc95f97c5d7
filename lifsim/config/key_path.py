"""Keys of plain data by their path, or by its dotted form in which list entries may be named."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from lifsim.lazy_dataclass import dataclass

KeyPath = tuple[str | int, ...]
"""The keys and list positions that lead to a value; () is the whole."""


@dataclass(frozen=True)
class Problem:
    """A fault whose line is not known yet. loc: the keys that lead to it."""

    loc: KeyPath
    message: str


def paths(data: Any, root: KeyPath = ()) -> Iterator[KeyPath]:
    """`root`, the path of `data`, and the paths of everything in it."""
    yield root
    entries = data.items() if isinstance(data, dict) else enumerate(data) if isinstance(data, list) else ()
    for key, entry in entries:
        yield from paths(entry, (*root, key))


def dotted(path: KeyPath) -> str:
    """``components.2.width_bits`` for ("components", 2, "width_bits")."""
    return ".".join(map(str, path))


def entry_index(entries: list[Any], part: str) -> int | None:
    """Which of the `entries` of a list `part` means: the first of that `name`, else the one at that position."""
    for index, entry in enumerate(entries):
        if _name(entry) == part:
            return index
    is_position = part.isascii() and part.isdigit() and len(part) < 10
    return int(part) if is_position and int(part) < len(entries) else None


def entry_name(container: Any, step: str | int) -> str:
    """The text by which `entry_index` finds the entry at `step`: its name if that is unique, else its position."""
    if isinstance(container, list) and isinstance(step, int) and step < len(container):
        name = _name(container[step])
        if name is not None and "." not in name and entry_index(container, name) == step:
            return name
    return str(step)


def entry_names(entries: list[Any]) -> list[str]:
    """The names of those of the `entries` that have one."""
    return [name for name in map(_name, entries) if name is not None]


def named(data: Any, path: KeyPath) -> KeyPath:
    """`path` in `data` with list entries named, where they have a name, as in ``--set``."""
    parts: list[str | int] = []
    for step in path:
        parts.append(entry_name(data, step))
        data = data[step] if reaches(data, step) else None
    return tuple(parts)


def _name(entry: Any) -> str | None:
    name = entry.get("name") if isinstance(entry, dict) else None
    return name if isinstance(name, str) else None


def reaches(container: Any, step: str | int) -> bool:
    """Whether `container` is a mapping with this key, or a list with an entry at this position."""
    if isinstance(container, Mapping):
        return step in container
    return isinstance(container, list | tuple) and isinstance(step, int) and step < len(container)
