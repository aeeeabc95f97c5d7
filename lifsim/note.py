"""Notes for the reader of figures: texts, of which the decisive ones have a brief form."""

from __future__ import annotations

from collections.abc import Iterable


class Note(str):
    """A text. brief: less than a line, for an assumption that could change a decision based on the figures; empty for
    others, as for plain text."""

    brief: str

    def __new__(cls, text: str, brief: str = "") -> Note:
        """`text`, with the brief form for the first screen."""
        note = super().__new__(cls, text)
        note.brief = brief
        return note


class ScheduleNote(Note):
    """What the schedule that was chosen pays for what it saves."""


def decisive(notes: Iterable[str]) -> tuple[str, ...]:
    """The brief forms of the decisive notes, each once."""
    return tuple(dict.fromkeys(note.brief for note in notes if isinstance(note, Note) and note.brief))
