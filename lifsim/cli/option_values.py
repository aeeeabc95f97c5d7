"""Values of options as they are typed: numbers, several with commas between them, names that stand for settings."""

from __future__ import annotations

from contextlib import suppress

import click


def number(_context: click.Context, _parameter: click.Parameter, text: str | None) -> int | float | str | None:
    """As `as_number`."""
    return as_number(text)


def as_number(text: str | None) -> int | float | str | None:
    """What is no number is left to the schema, which refuses it together with all other faults."""
    for kind in (int, float):
        with suppress(ValueError, TypeError):
            return kind(text)  # type: ignore[arg-type]  # None is no number
    return text


def none_if_empty(
    _context: click.Context, _parameter: click.Parameter, texts: tuple[str, ...]
) -> tuple[str, ...] | None:
    """One option may name several values, separated by commas; so may several options."""
    return tuple(part.strip() for text in texts for part in text.split(",")) or None


def optimizer_setting(name: str | None) -> tuple[str, ...]:
    """--optimizer as a setting of the architecture; none if it is not given."""
    return () if name is None else (f"optimizer.name={name}",)
