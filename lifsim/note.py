"""What a reader of figures must know: texts, of which the decisive ones have a brief form."""

from __future__ import annotations

from collections.abc import Iterable


class Note(str):
    """A text. brief: of an assumption that could change what is decided by the figures, in less than a line; empty of
    others, as of a plain text."""

    brief: str

    def __new__(cls, text: str, brief: str = "") -> Note:
        """`text`, with the line that a first screen keeps of it."""
        note = super().__new__(cls, text)
        note.brief = brief
        return note


def decisive(notes: Iterable[str]) -> tuple[str, ...]:
    """The brief forms of those that have one, each once."""
    return tuple(dict.fromkeys(note.brief for note in notes if isinstance(note, Note) and note.brief))
