"""Damage of files: what a bad disk, a broken transfer or a careless hand may leave, the same for the same seed."""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Iterator
from typing import Any

NASTY: tuple[Any, ...] = (
    None, True, -1, 0, 1.5, -0.5, 10**40, 1e308, float("nan"), float("inf"), -float("inf"), "", "x", "\x00", "\ud800",
    "[red]", "=1+1", "../../x", [], [[]], {}, {"a": 1}, [1, 2, 3],
)  # fmt: skip
"""Values in the place of others."""


def dice(seed: int) -> random.Random:
    """What decides on the damage."""
    return random.Random(seed)  # noqa: S311


def damaged_bytes(data: bytes, rng: random.Random) -> bytes:
    """`data` cut short, with flipped bits, or with a part that is gone, doubled or of other bytes."""
    if not data:
        return rng.randbytes(10)
    first = rng.randrange(len(data))
    last = min(len(data), first + rng.choice((1, 1, 4, 100, 5000)))
    match rng.randrange(6):
        case 0:
            return data[:first]
        case 1 | 2:
            changed = bytearray(data)
            for _ in range(rng.choice((1, 1, 3, 30))):
                changed[rng.randrange(len(data))] ^= 1 << rng.randrange(8)
            return bytes(changed)
        case 3:
            return data[:first] + data[last:]
        case 4:
            return data[:last] + data[first:]
        case _:
            return data[:first] + rng.randbytes(last - first) + data[last:]


def damaged_tree(tree: Any, rng: random.Random) -> Any:
    """A copy of plain data in which one to three values are nasty ones, gone, or stand under another key."""
    changed = json.loads(json.dumps(tree))
    for left in reversed(range(rng.choice((1, 1, 1, 2, 3)))):
        container, key = rng.choice(list(_places(changed)))
        match rng.randrange(8):
            case 0 if isinstance(container, dict):
                del container[key]
            case 1 if isinstance(container, dict):
                container[f"{key}x"] = container.pop(key)
            case 2 if not left:
                container[key] = _deep(rng.choice((50, 500, 5000)))
            case 3 if isinstance(container[key], int | float):
                container[key] += rng.choice((1, -1, 10**6))
            case _:
                container[key] = rng.choice(NASTY)
    return changed


def as_json(tree: Any, rng: random.Random) -> bytes:
    """JSON text of `tree`, at times damaged once more as bytes."""
    try:
        data = json.dumps(tree, indent=1).encode()
    except RecursionError:
        data = b"[" * 100_000
    return damaged_bytes(data, rng) if rng.random() < 0.2 else data


def _places(tree: Any) -> Iterator[tuple[Any, Any]]:
    entries: Callable[[], Any] = tree.items if isinstance(tree, dict) else lambda: enumerate(tree)
    for key, value in entries():
        yield tree, key
        if isinstance(value, dict | list):
            yield from _places(value)


def _deep(levels: int) -> list[Any]:
    deep: list[Any] = []
    for _ in range(levels):
        deep = [deep]
    return deep
