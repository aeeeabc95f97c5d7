"""`.ini` files as DRAMsim3 reads them: sections of `key = value`, case ignored, comments after `;`.

A reader is asked for keys one by one. It records which were asked for, which were missing and what is wrong with
them, so that all faults, and all keys that nobody asked for, can be reported together at the end.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from lifsim.config.document import Mark
from lifsim.errors import Fault, InputError, shown
from lifsim.interchange.text import read_text

_SECTION = re.compile(r"\[([^\]]*)\]")
_WHOLE = re.compile(r"[0-9]{1,12}")
_REAL = re.compile(r"(?:[0-9]{1,12}(?:\.[0-9]{0,12})?|\.[0-9]{1,12})(?:[eE][-+]?[0-9]{1,2})?")
_TRUE, _FALSE = ("true", "yes", "on", "1"), ("false", "no", "off", "0")


class Entry(NamedTuple):
    """A key as spelt in the file, its value and its line."""

    key: str
    text: str
    line: int


class IniReader:
    """The keys of a file. Raises InputError if the file cannot be read or has lines that are neither sections nor
    keys."""

    def __init__(self, path: Path) -> None:
        self.source = str(path)
        self.sections: dict[str, dict[str, Entry]] = {}
        self.faults: list[Fault] = []
        self.missing: list[str] = []
        self._asked: set[tuple[str, str]] = set()
        self._parse(read_text(path))
        if self.faults:
            raise InputError(self.faults)

    def _parse(self, text: str) -> None:
        keys: dict[str, Entry] | None = None
        for number, line in enumerate(text.splitlines(), start=1):
            said = line.partition(";")[0].strip()
            if not said or said.startswith("#"):
                continue
            section, (key, equals, value) = _SECTION.fullmatch(said), said.partition("=")
            if section:
                keys = self.sections.setdefault(section[1].strip().lower(), {})
            elif keys is None or not equals or not key.strip():
                rule = "must be `key = value` below a [section]"
                self.faults.append(Fault(f"{shown(said)} {rule}", source=self.source, line=number))
            elif key.strip().lower() in keys:
                rule = f"must be given once, is given in line {keys[key.strip().lower()].line} already"
                self.faults.append(Fault(rule, key.strip(), self.source, number))
            else:
                keys[key.strip().lower()] = Entry(key.strip(), value.partition("//")[0].strip(), number)

    def entry(self, section: str, *keys: str) -> Entry | None:
        """The first of `keys` that the section has. All of them count as asked for."""
        found = None
        for key in keys:
            self._asked.add((section, key.lower()))
            found = found or self.sections.get(section, {}).get(key.lower())
        return found

    def whole(self, section: str, *keys: str, default: int) -> int:
        """A whole number >= 0; `default` if none of `keys` is present."""
        entry = self.entry(section, *keys)
        if entry is not None and _WHOLE.fullmatch(entry.text):
            return int(entry.text)
        return int(self._instead(section, keys[0], entry, default, "a whole number"))

    def real(self, section: str, *keys: str, default: float) -> float:
        """A number >= 0; `default` if none of `keys` is present."""
        entry = self.entry(section, *keys)
        if entry is not None and _REAL.fullmatch(entry.text):
            return float(entry.text)
        return self._instead(section, keys[0], entry, default, "a number")

    def flag(self, section: str, key: str, *, default: bool) -> bool:
        """A flag; `default` if the key is missing."""
        entry = self.entry(section, key)
        if entry is None:
            return default
        if entry.text.lower() not in (*_TRUE, *_FALSE):
            self.faults.append(self.note(section, entry, f"{shown(entry.text)} must be true or false"))
        return entry.text.lower() in _TRUE

    def word(self, section: str, key: str, default: str) -> str:
        """Text; `default` if the key is missing."""
        entry = self.entry(section, key)
        if entry is None:
            self.missing.append(f"{key} = {default}")
        return default if entry is None else entry.text

    def note(self, section: str, entry: Entry, message: str) -> Fault:
        """A note or a fault at a key of the file."""
        return Fault(message, f"{section}.{entry.key}", self.source, entry.line)

    def mark(self, section: str, *keys: str) -> Mark:
        """The place of the first of `keys` that the section has; the file if it has none."""
        entry = self.entry(section, *keys)
        return Mark(self.source) if entry is None else Mark(self.source, entry.line, 1)

    def unasked(self) -> Iterator[tuple[str, Entry]]:
        """(section, entry) of each key that nobody asked for."""
        for section, keys in self.sections.items():
            yield from ((section, entry) for key, entry in keys.items() if (section, key) not in self._asked)

    def _instead(self, section: str, key: str, entry: Entry | None, default: float, kind: str) -> float:
        if entry is None:
            self.missing.append(f"{key} = {default:g}")
        else:
            self.faults.append(self.note(section, entry, f"{shown(entry.text)} must be {kind}"))
        return default
