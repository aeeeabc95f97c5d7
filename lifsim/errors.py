"""Faults of an input, and the one exception that carries all of them to the user."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager

from lifsim.lazy_dataclass import dataclass

MAX_CHARACTERS = 4000
"""Characters of a fault as it is printed: a hostile file may have shapes of a million axes."""


@dataclass(frozen=True)
class Fault:
    """One thing that is wrong with an input.

    `message` states the rule and the value (``-3 must be > 0``), `path` the key (``buffers.weight.read_pj``), `source`,
    `line` and `column` (both from 1) the place, as far as it is known. `stands`: while the place is unknown, the keys
    at which it may be, the likeliest first.
    """

    message: str
    path: str = ""
    source: str = ""
    line: int | None = None
    column: int | None = None
    stands: tuple[str, ...] = ()

    def __str__(self) -> str:
        """One line that fits a screen, whatever the names and values in it; a longer one is cut in the middle. A key
        that the option names is not repeated."""
        place = self.source
        if self.line is not None:
            place += f":{self.line}:{self.column or 1}"
        option = self.source.lstrip("-").rpartition(" ")[2]
        is_told = self.source.startswith("--") and option.replace("-", "_") == self.path.replace("-", "_")
        head = " ".join(part for part in (place, "" if is_told else self.path) if part)
        text = visible(f"{head}: {self.message}" if head else self.message)
        if len(text) <= MAX_CHARACTERS:
            return text
        return f"{text[: MAX_CHARACTERS // 2]} ... ({len(text)} characters) ... {text[-MAX_CHARACTERS // 2 :]}"


class InputError(Exception):
    """An input that cannot be used; `faults` lists everything that is wrong with it, in reading order, once."""

    def __init__(self, faults: Fault | str | Iterable[Fault]) -> None:
        if isinstance(faults, str):
            faults = Fault(faults)
        self.faults: tuple[Fault, ...] = (faults,) if isinstance(faults, Fault) else tuple(dict.fromkeys(faults))
        super().__init__("\n".join(map(str, self.faults)))

    def __reduce__(self) -> tuple[type[InputError], tuple[tuple[Fault, ...]]]:
        return type(self), (self.faults,)


class ToldError(Exception):
    """A fault in words, which the caller completes with the place; it is not a bug of the code that raises it."""


class Interruption(BaseException):
    """A run is stopped from outside."""


@contextmanager
def collecting(faults: list[Fault]) -> Iterator[None]:
    """Collect the faults of an InputError raised inside and continue after the block, so that one report names them
    all."""
    try:
        yield
    except InputError as error:
        faults.extend(error.faults)


def did_you_mean(name: object, valid: Iterable[str]) -> str:
    """``; did you mean 'x'?`` with the nearest of the `valid` names, or all that begin as `name` does, those of fewest
    parts first; else the list of valid names; '' if there are none."""
    names = list(dict.fromkeys(filter(None, valid)))
    begun = (one for one in names if len(str(name)) > 2 and one.lower().startswith(str(name).lower()))
    longer = sorted(begun, key=lambda one: one.count("."))
    if len(longer) == 1:
        return f"; did you mean '{longer[0]}'?"
    if len(longer) > 1 and str(name) not in names:
        return f"; did you mean one of {', '.join(longer[:12])}{', ...' if len(longer) > 12 else ''}?"
    near = nearest(name, names)
    if near is not None:
        return f"; did you mean '{near}'?"
    return f"; valid: {', '.join(names)}" if 0 < len(names) <= 40 else ""


def nearest(name: object, valid: Iterable[str]) -> str | None:
    """The one of the `valid` names that `name` misspells, abbreviates or spells out."""
    import difflib

    names = {candidate.lower(): candidate for candidate in reversed(list(valid))}
    wanted = str(name).lower()[:80]
    close = difflib.get_close_matches(wanted, names, n=1, cutoff=0.6)
    short = [candidate for candidate in names if _abbreviates(candidate, wanted) or _abbreviates(wanted, candidate)]
    return names[close[0]] if close else names[short[0]] if len(short) == 1 else None


def _abbreviates(short: str, name: str) -> bool:
    """Whether `short` begins and ends as `name` does and has letters of it between, in their order: c1 of conv 1."""
    if len(short) < 2 or (short[0], short[-1]) != (name[:1], name[-1:]):
        return False
    rest = iter(name)
    return all(letter in rest for letter in short)


def shown(value: object) -> str:
    """`value` as a message shows it: short, text in quotes, a container by its kind, true and null as YAML has them."""
    if isinstance(value, Mapping):
        return "a mapping"
    if isinstance(value, (list, tuple)):
        return "a list" if value else "an empty list"
    if value is None:
        return "null"
    if isinstance(value, bool):
        return str(value).lower()
    text = repr(value) if isinstance(value, str) else str(value)
    return text if len(text) <= 80 else f"{text[:60]}... ({len(text)} characters)"


def visible(text: str) -> str:
    """`text` in one line, its control characters, newlines and marks of direction as escapes: \\x1b, \\u202e."""
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode("ascii") for c in text)
