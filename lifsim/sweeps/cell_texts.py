"""Cells of a column as text, each that is there several times made once: writing a number takes as long as all else."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from lifsim.sweeps.columns import Column


def cell_texts(column: Column, text_of: Callable[[Any], str]) -> list[str]:
    """The text of every value, which `text_of` makes."""
    if isinstance(column, list):
        keys, values = list(map(id, column)), column
    else:
        bits = column.view("<i8")  # by which 0.0 and -0.0 differ
        if (bits == bits[:1]).all():
            return [text_of(column[0].item())] * len(column)
        keys, values = bits.tolist(), column.tolist()
    texts = {key: text_of(value) for key, value in dict(zip(keys, values, strict=True)).items()}
    return list(map(texts.__getitem__, keys))
