"""The keys that a kind of file may have, dotted, as ``--set`` takes them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, get_args


def leaf_keys(model: Any, prefix: str = "") -> Iterator[str]:
    """Dotted keys of a schema, as far as it is made of schemas: ``array.dataflow``."""
    for name, field in model.model_fields.items():
        inner = [one for one in (field.annotation, *get_args(field.annotation)) if hasattr(one, "model_fields")]
        if len(inner) == 1:
            yield from leaf_keys(inner[0], f"{prefix}{name}.")
        elif not inner:
            yield f"{prefix}{name}"


def full_keys(models: Any, last: str) -> list[str]:
    """The dotted keys of these schemas that end in `last`."""
    return [key for model in models for key in leaf_keys(model) if key.rpartition(".")[2] == last]
