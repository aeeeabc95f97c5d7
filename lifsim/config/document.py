"""YAML text as plain data with the line of each key. Untrusted: no tags, bounded size and depth."""

from __future__ import annotations

import copy
import re
from collections.abc import Iterable, Iterator
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from typing import Any

import yaml

from lifsim.config.file_kind import binary_kind, in_words, tree_kind
from lifsim.config.key_path import KeyPath, dotted, entry_index, named, paths, reaches
from lifsim.config.text_file import read_text
from lifsim.config.yaml_nodes import MAX_DEPTH, MAX_NODES, PLAIN, TAG, root_of
from lifsim.errors import Fault, InputError, shown
from lifsim.lazy_dataclass import dataclass

MAX_BYTES = 1 << 20
MAX_INTEGER_BITS = 1024  # more than any key needs, and as much as a float holds; Python reads more than it prints

_IMPORTS = {
    ".ini": "`lifsim import dramsim3 {} --out device.yaml` makes a device of one of DRAMsim3's",
    ".csv": "`lifsim import scalesim {} --out network.yaml` makes a workload of one of SCALE-Sim's",
    ".cfg": "`lifsim import scalesim TOPOLOGY.csv --config {} --out network.yaml` makes an architecture of SCALE-Sim's",
}
"""The way out for files of other tools."""


@dataclass(frozen=True)
class Mark:
    """The place of a key: `source` is a file or a ``--set`` option; line and column from 1, None for an option."""

    source: str
    line: int | None = None
    column: int | None = None

    def fault(self, path: KeyPath, message: str) -> Fault:
        """A fault of the key `path` at this place."""
        return Fault(message, dotted(path), self.source, self.line, self.column)


@dataclass(frozen=True)
class Document:
    """The content of a file. data: dict, list and scalars; marks: of each key (of its name) and each list entry, () is
    the whole; faults: those of the text that did not stop its reading, such as a duplicate key."""

    source: str
    data: Any
    marks: dict[KeyPath, Mark]
    faults: tuple[Fault, ...] = ()

    def mark(self, path: KeyPath) -> Mark:
        """The place of `path`, or of the nearest mapping or list around it."""
        while path not in self.marks:
            path = path[:-1]
        return self.marks[path]

    def fault(self, path: KeyPath, message: str) -> Fault:
        """A fault of the key at `path`; entries of a list are named as in ``--set``."""
        return self.mark(path).fault(named(self.data, path), message)

    def untold(self, faults: Iterable[Fault]) -> list[Fault]:
        """`faults` without those of keys in which the text itself is faulty: they would be mere consequences."""
        told = {(fault.path, fault.line, fault.column) for fault in self.faults}
        return [fault for fault in faults if (fault.path, fault.line, fault.column) not in told]

    def placed(self, fault: Fault) -> Fault:
        """`fault`, which has only a dotted path, with the place of that path."""
        mark = self.mark(self._found(fault.path))
        return replace(fault, source=mark.source, line=mark.line, column=mark.column)

    def has(self, key: str) -> bool:
        """Whether the document has the dotted `key`."""
        return len(self._found(key)) == len(key.split("."))

    def _found(self, key: str) -> KeyPath:
        """The dotted `key` as a path, as far as it exists."""
        path: KeyPath = ()
        value = self.data
        for part in key.split("."):
            index = entry_index(value, part) if isinstance(value, list) else None
            step = part if index is None else index
            if not reaches(value, step):
                break
            path, value = (*path, step), value[step]
        return path

    @cached_property
    def as_part(self) -> Document:
        """The whole document as part of another, with a mark of its own at each key: its data must not be changed."""
        return self.part(())

    def part(self, path: KeyPath) -> Document:
        """The data at `path` as a document of its own."""
        data = self.data
        for key in path:
            data = data[key]
        marks = {inner: self.mark((*path, *inner)) for inner in paths(data)}
        return Document(self.source, copy.deepcopy(data), marks)


def read_document(path: Path) -> Document:
    """The YAML file at `path`. Raises InputError if it cannot be read or is not YAML."""
    text = read_text(path, "YAML file", MAX_BYTES)
    way_out = _IMPORTS.get(path.suffix.lower())
    try:
        document = parse_document(text, str(path))
    except InputError as error:
        if way_out is None and (kind := binary_kind(path)):
            raise InputError([replace(one, message=one.message + in_words(kind)) for one in error.faults]) from None
        if way_out is None:
            raise
        document = Document(str(path), None, {(): Mark(str(path))})
    if way_out is not None and not isinstance(document.data, dict):
        raise InputError(
            Fault(f"must be a YAML file of LIFSim's; {way_out.format(shown(str(path)))}", source=str(path))
        )
    return document


def kind_at(path: Path) -> str:
    """The kind of the file or folder at `path` (`lifsim.config.file_kind`); '' if that is unclear."""
    if kind := binary_kind(path):
        return kind
    try:
        return tree_kind(read_document(path).data)
    except InputError:
        return ""


def parse_document(text: str, source: str) -> Document:
    """YAML `text` that came from `source`. Raises InputError if it is not YAML, or holds nothing."""
    try:
        root = root_of(text)
    except yaml.MarkedYAMLError as error:
        raise InputError(_syntax_fault(error, source)) from None
    except yaml.reader.ReaderError as error:
        line, column = text.count("\n", 0, error.position) + 1, error.position - text.rfind("\n", 0, error.position)
        message = f"must be YAML text, has character {_codepoint(error.character)}"
        raise InputError(Fault(message, source=source, line=line, column=column)) from None
    if root is None:
        raise InputError(Fault("must not be empty", source=source))
    builder = _Builder(source)
    data = builder.build(root, ())
    faults = tuple(mark.fault(named(data, path), message) for mark, path, message in builder.faults)
    return Document(source, data, builder.marks, faults)


_QUOTED = re.compile(r"'([^']*)'")


def _harmless(quoted: re.Match[str]) -> str:
    """A parser message without text of the file, which may be no YAML and confidential: it may quote only punctuation
    and kinds of tokens."""
    return quoted[0] if len(quoted[1]) <= 2 or quoted[1].startswith("<") else "a text"


def _syntax_fault(error: yaml.MarkedYAMLError, source: str) -> Fault:
    mark = error.problem_mark or error.context_mark
    reason = _QUOTED.sub(_harmless, " ".join(part for part in (error.context, error.problem) if part))
    line, column = (mark.line + 1, mark.column + 1) if mark else (None, None)
    return Fault(f"must be valid YAML: {reason}", source=source, line=line, column=column)


def _codepoint(character: object) -> str:
    return f"U+{character:04X}" if isinstance(character, int) else shown(character)


class _Builder:
    """Turns nodes into data, and notes the mark of every key and all faults."""

    def __init__(self, source: str) -> None:
        self.source = source
        self.marks: dict[KeyPath, Mark] = {}
        self.faults: list[tuple[Mark, KeyPath, str]] = []
        self._around: list[yaml.Node] = []

    def build(self, node: yaml.Node, path: KeyPath, key: yaml.Node | None = None) -> Any:
        """The data of `node` at `path` (behind `key` in a mapping). An alias is built each time it is used, so that the
        limit on values applies to its expansion."""
        self.marks[path] = self._mark(key or node)
        if len(self.marks) > MAX_NODES or len(path) > MAX_DEPTH:
            raise InputError(self.marks[path].fault((), "must not expand to so many values by its aliases"))
        if any(one is node for one in self._around):
            message = "must not be a part of itself: an alias stands within what it stands for"
            raise InputError(self.marks[path].fault(path, message))
        self._around.append(node)
        found = self._built(node, path)
        self._around.pop()
        return found

    def _built(self, node: yaml.Node, path: KeyPath) -> Any:
        if isinstance(node, yaml.MappingNode) and node.tag == TAG + "map":
            return {name: self.build(item, (*path, name), at) for name, at, item in self._entries(node, path)}
        if isinstance(node, yaml.SequenceNode) and node.tag == TAG + "seq":
            return [self.build(item, (*path, index)) for index, item in enumerate(node.value)]
        return self._scalar(node, path)

    def _entries(self, node: yaml.MappingNode, path: KeyPath) -> Iterator[tuple[str, yaml.Node, yaml.Node]]:
        first: dict[str, yaml.Node] = {}
        for key, item in node.value:
            if not isinstance(key, yaml.ScalarNode):
                self.faults.append((self._mark(key), path, "has a key that is no text; every key must be a name"))
            elif key.value in first:
                line = first[key.value].start_mark.line + 1
                message = f"must be given once, is given in line {line} already"
                self.faults.append((self._mark(key), (*path, key.value), message))
            else:
                first[key.value] = key
                yield key.value, key, item

    def _scalar(self, node: yaml.Node, path: KeyPath) -> Any:
        kind = node.tag.removeprefix(TAG)
        if isinstance(node, yaml.ScalarNode) and kind == "str":
            return node.value
        if isinstance(node, yaml.ScalarNode) and kind in PLAIN and PLAIN[kind].fullmatch(node.value):
            try:
                return _number_or_word(kind, node.value)
            except ValueError:
                self.faults.append((self.marks[path], path, f"{shown(node.value)} must have fewer digits"))
                return None
        self.faults.append((self.marks[path], path, f"must have no tag, has {shown(node.tag)}"))
        return None

    def _mark(self, node: yaml.Node) -> Mark:
        return Mark(self.source, node.start_mark.line + 1, node.start_mark.column + 1)


def _integer(digits: str) -> int:
    value = int(digits, 16) if digits.startswith("0x") else int(digits)
    if value.bit_length() > MAX_INTEGER_BITS:
        raise ValueError("too large")
    return value


def _number_or_word(kind: str, text: str) -> int | float | bool | None:
    digits = text.replace("_", "").lower()
    if kind == "int":
        return _integer(digits)
    if kind == "float":
        return float(digits.replace(".inf", "inf").replace(".nan", "nan"))
    return digits == "true" if kind == "bool" else None
